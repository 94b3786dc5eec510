#!/usr/bin/env bash
# CALL lead_mgmt.find_duplicates over a large base with misspelt copies of one
# person in twenty: time, memory of the session, recall and precision.
#   FIND_LEADS=100000 bench/find_duplicates.sh
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

leads=${FIND_LEADS:-1000000}
memory=${FIND_MEMORY:-64MB}

echo "find_duplicates: preparing $leads leads, one in twenty a misspelt copy ..."
drop_all
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS lead_mgmt' -c 'CREATE SCHEMA bench'
sql -v leads="$leads" -f people.sql
# All rules are off while the leads come in: there is nothing to find yet.
sql > /dev/null <<-END
	SELECT lead_mgmt.create_workspace('bench_find');
	DELETE FROM bench_find.score_rule;
	UPDATE bench_find.match_rule SET action = 'off';
	INSERT INTO bench_find.lead (contact_name, email, phone, company, city, postal_code, attributes)
	SELECT concat_ws(' ', first_name, last_name), email, phone, company, city, postal_code,
	  jsonb_build_object('person', person, 'copy', copy)
	FROM bench.person WHERE email IS NOT NULL OR phone IS NOT NULL ORDER BY random();
	UPDATE bench_find.match_rule SET action = 'flag';
	VACUUM ANALYZE;
END
sql -c CHECKPOINT

# The session's own memory, at its highest: what shared buffers it has touched
# is not counted.
peak()
{
	local pid=$1 most=0 now
	while [ -r "/proc/$pid/status" ]; do
		now=$(awk '/^RssAnon:/ { print $2 }' "/proc/$pid/status" 2> /dev/null || true)
		[ "${now:-0}" -le "$most" ] || most=$now
		echo "$most" > "$dir/peak"
		sleep 0.5
	done
}

find_once()
{
	local started=$EPOCHREALTIME watcher
	: > "$dir/pid"
	sql -At -v memory="$memory" > "$dir/find" 2>&1 <<-'END' &
		SET maintenance_work_mem = :'memory';
		SELECT 'pid ' || pg_backend_pid();
		CALL lead_mgmt.find_duplicates('bench_find');
	END
	local session=$!
	until grep -q '^pid ' "$dir/find" 2> /dev/null; do sleep 0.1; done
	peak "$(awk '/^pid / { print $2 }' "$dir/find")" &
	watcher=$!
	wait "$session"
	wait "$watcher" || true
	awk -v a="$started" -v b="$EPOCHREALTIME" -v kb="$(cat "$dir/peak")" -v what="$1" -v leads="$leads" \
		'BEGIN { printf "%-28s %8.1f s %10.0f leads a second %8.0f MB of its own\n", what, b - a, leads / (b - a), kb / 1024 }'
	tail -n 1 "$dir/find"
}

find_once 'the whole base'
find_once 'again, nothing to be found'

sql -P footer=off <<-'END'
	WITH truth AS (
	  SELECT min(id) AS a, max(id) AS b FROM bench_find.lead
	  GROUP BY attributes ->> 'person' HAVING count(*) = 2
	), pair AS MATERIALIZED (
	  SELECT d.lead_id, d.other_id, 'fuzzy' = ANY (d.rules) AS fuzzy,
	    EXISTS (SELECT FROM truth t WHERE t.a = d.other_id AND t.b = d.lead_id) AS "right"
	  FROM bench_find.duplicate d
	)
	SELECT (SELECT count(*) FROM truth) AS planted, count(*) FILTER (WHERE "right") AS found, count(*) AS pairs,
	  round(count(*) FILTER (WHERE "right")::numeric / (SELECT count(*) FROM truth), 4) AS recall,
	  round(avg("right"::int), 4) AS precision,
	  count(*) FILTER (WHERE fuzzy) AS pairs_of_fuzzy, round(avg("right"::int) FILTER (WHERE fuzzy), 4) AS precision_of_fuzzy
	FROM pair;
END
