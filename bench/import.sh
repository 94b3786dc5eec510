#!/usr/bin/env bash
# Measures an import step by step, beside plain statements; see README.md here.
#
#   IMPORTED_ROWS   rows of the file   200000
#   IMPORT_KNOWN    one row in so many is of a person of an earlier row   20
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=bench/common.sh
. ./common.sh

rows=${IMPORTED_ROWS:-200000}
known=${IMPORT_KNOWN:-20}
columns='contact_name, email, phone, company, job_title, company_size, annual_revenue, city, country, source, birthday, tags'

drop_all
sql -c 'SET client_min_messages = error' -c 'CREATE EXTENSION IF NOT EXISTS lead_mgmt' \
	-c "SELECT lead_mgmt.create_workspace('bench')" > /dev/null
sql <<-END
	UPDATE bench.match_rule SET action = 'off' WHERE key = 'fuzzy';
	INSERT INTO bench.rep (name) SELECT 'Rep ' || i FROM generate_series(1, 20) i;
	COPY (
	  SELECT 'Person ' || p, 'person' || p || '@example.com', '+1212' || 2000000 + p, 'Company ' || p % 20000,
	    (ARRAY['VP Marketing', 'Manager', 'Student', 'CEO'])[1 + p % 4], (ARRAY['51-200', '10k', '1,200', '80'])[1 + p % 4],
	    (ARRAY['\$1M-\$5M', '2500000', '1.5 Mio.', '1,200,000'])[1 + p % 4], 'Springfield', 'US', (ARRAY['website', 'Referral'])[1 + p % 2],
	    '1980-03-17', 'a; b'
	  FROM generate_series(1, $rows) i, LATERAL (SELECT CASE WHEN i % $known = 0 THEN i - 1 ELSE i END AS p) x
	) TO '$dir/import.csv' (FORMAT csv);
END

printf '\n== Import of %s rows, one in %s of an earlier person\n' "$rows" "$known"

# rate TEXT: of the statement on standard input
rate()
{
	local ms
	ms=$(timed)
	awk -v text="$1" -v ms="$ms" -v rows="$rows" 'BEGIN { printf "%-60s %9.1f s  %9.0f rows/s\n", text, ms / 1000, rows / ms * 1000 }'
	last=$ms
}

sql -c CHECKPOINT
rate 'COPY into lead_import (with all problems)' <<< "COPY bench.lead_import ($columns) FROM '$dir/import.csv' (FORMAT csv)"
load=$last
rate 'count of good rows in import_review' <<< 'SELECT count(*) FROM bench.import_review WHERE batch_id = 1 AND good'
rate 'all problems of all rows in import_review' <<< 'SELECT sum(cardinality(problems)) FROM bench.import_review WHERE batch_id = 1'
sql -c CHECKPOINT
rate 'CALL import_confirm' <<< "CALL lead_mgmt.import_confirm('bench', 1)"
confirm=$last
people=$(sql -At -c 'SELECT count(*) FROM bench.lead')
sql <<-END
	CREATE TABLE bench.file AS SELECT ${columns} FROM bench.lead;
	COPY bench.file TO '$dir/leads.csv' (FORMAT csv);
	SET client_min_messages = error;
	TRUNCATE bench.lead CASCADE;
	CHECKPOINT;
END
rate "COPY of the same $people people into lead" <<< "COPY bench.lead ($columns) FROM '$dir/leads.csv' (FORMAT csv)"
awk -v copy="$last" -v load="$load" -v confirm="$confirm" 'BEGIN {
	printf "%-60s %6.2f\n", "COPY into lead against load and confirm", copy / (load + confirm)
	printf "%-60s %6.2f\n", "COPY into lead against confirm alone", copy / confirm }'
