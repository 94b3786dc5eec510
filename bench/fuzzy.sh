#!/usr/bin/env bash
# How well the rule fuzzy finds people who are there twice, beside pg_trgm; see
# README.md here and run.sh.
#
# The labelled files (febrl1.csv, febrl3.csv, fake_1000.csv) are in the folder
# that LEAD_MGMT_DATA names; without it only the people that are made up here
# are measured.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

people=${FUZZY_PEOPLE:-20000}
data=${LEAD_MGMT_DATA:-}

export PGOPTIONS='-c client_min_messages=warning'
drop_all
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS lead_mgmt' -c 'CREATE SCHEMA bench' \
	-c 'CREATE EXTENSION IF NOT EXISTS pg_trgm'
sql -f fuzzy.sql

heading() { printf '%-44s %9s %9s %9s %11s %9s\n' "$1" precision recall F1 'threshold' seconds; }
line() { printf '  %-42s %9s %9s %9s %11s %9s\n' "$@"; }
seconds() { awk '{ printf "%.2f", $1 / 1000 }'; }
verdict() { sql -At -F ' ' -c "SELECT precision_, recall, f1 FROM bench.verdict('$1', $2)"; }

# CALL find_duplicates with the rule fuzzy alone, in a workspace of these people.
measure_fuzzy()
{
	local time
	sql > /dev/null <<'END'
SET client_min_messages = error;
DROP SCHEMA IF EXISTS bench_fuzzy CASCADE;
SELECT lead_mgmt.create_workspace('bench_fuzzy');
UPDATE bench_fuzzy.match_rule SET action = 'off';
INSERT INTO bench_fuzzy.lead (id, contact_name, email, phone, company, street, city, region, postal_code, country, birthday)
SELECT id, contact_name, email, phone, company, street, city, region, postal_code, country, birthday FROM bench.person;
UPDATE bench_fuzzy.match_rule SET action = 'flag' WHERE key = 'fuzzy';
ANALYZE bench_fuzzy.lead;
END
	time=$(timed <<< "CALL lead_mgmt.find_duplicates('bench_fuzzy');" | seconds)
	sql <<'END'
DROP TABLE IF EXISTS bench.found;
CREATE TABLE bench.found AS
SELECT least(lead_id, other_id) AS a, greatest(lead_id, other_id) AS b, similarity FROM bench_fuzzy.duplicate;
CALL bench.close_groups();
END
	# shellcheck disable=SC2046
	line 'fuzzy: pairs as listed' $(verdict bench.found 0) default "$time"
	# shellcheck disable=SC2046
	line 'fuzzy: pairs of the groups they make' $(verdict bench.grouped 0) default ''
}

# All text in one column, joined with itself through an index; of all thresholds the one that the labels like best.
measure_trgm()
{
	local time best
	sql <<'END'
DROP TABLE IF EXISTS bench.text;
CREATE TABLE bench.text AS
SELECT id, lower(concat_ws(' ', contact_name, CASE WHEN email NOT LIKE '%@example.com' THEN email END, company, street, city, region,
  postal_code, birthday::text)) AS text FROM bench.person;
CREATE INDEX ON bench.text USING gin (text gin_trgm_ops);
ANALYZE bench.text;
END
	time=$(timed <<'END' | seconds
SET pg_trgm.similarity_threshold = 0.4;
DROP TABLE IF EXISTS bench.trgm;
CREATE TABLE bench.trgm AS
SELECT a.id AS a, b.id AS b, similarity(a.text, b.text) AS similarity FROM bench.text a JOIN bench.text b ON a.text % b.text AND a.id < b.id;
END
	)
	best=$(for least in 0.40 0.45 0.50 0.55 0.60 0.65 0.70 0.75 0.80; do
		echo "$(verdict bench.trgm "$least") $least"
	done | sort -k 3 -n | tail -n 1)
	# shellcheck disable=SC2086
	line 'pg_trgm, all text, best by the labels' $best "$time"
}

measure()
{
	heading "$1"
	measure_fuzzy
	[ "${2:-}" = quick ] || measure_trgm
}

load()
{
	local header
	header=$(head -n 1 "$data/$2" | tr -d ' \r')
	sql -c 'SET client_min_messages = warning' -c "DROP TABLE IF EXISTS bench.$1" \
		-c "CREATE TABLE bench.$1 (${header//,/ text, } text)" \
		-c "\\copy bench.$1 FROM '$data/$2' WITH (FORMAT csv, HEADER)"
}

if [ -n "$data" ] && [ -r "$data/febrl3.csv" ]; then
	for file in febrl1 febrl3; do
		load febrl $file.csv
		sql -c "CALL bench.febrl('number')"
		measure "$file.csv, soc_sec_id as phone"
		sql -c "CALL bench.febrl('email')"
		measure "$file.csv, an e-mail address for each record" quick
		sql -c "CALL bench.febrl('phone')"
		measure "$file.csv, a phone number for each record" quick
	done
	load fake fake_1000.csv
	sql -c 'ALTER TABLE bench.fake ALTER unique_id TYPE bigint USING unique_id::bigint' -c 'CALL bench.fake()'
	measure fake_1000.csv
else
	echo 'LEAD_MGMT_DATA names no folder with febrl1.csv, febrl3.csv and fake_1000.csv: the labelled files are skipped.'
fi
sql -c "CALL bench.companies($people)"
measure "$people people in companies, a tenth twice" quick
