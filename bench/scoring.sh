#!/usr/bin/env bash
# Engagements, rescore and the hottest leads; see README.md here and run.sh.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

engagements=${ENGAGEMENTS:-1000000}
engaged=${ENGAGED_LEADS:-100000}
rescored=${RESCORED_LEADS:-1000000}

# ---- Engagements: preparation -----------------------------------------------------
echo "Preparing $engagements engagements of $engaged leads ..."
drop_all
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS lead_mgmt' -c 'CREATE SCHEMA bench'
sql -v leads="$engaged" -f input.sql
columns=$(sql -At -c "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'bench.input'::regclass AND attnum > 0")
sql > /dev/null <<END
SELECT lead_mgmt.create_workspace('bench_scoring');
UPDATE bench_scoring.match_rule SET action = 'off';
INSERT INTO bench_scoring.rep (name) SELECT 'rep ' || i FROM generate_series(1, 20) i;
INSERT INTO bench_scoring.lead ($columns) SELECT * FROM bench.input;
COPY bench_scoring.lead TO '$dir/lead';
CREATE TABLE bench.engagement AS
SELECT 1 + i * 7919 % $engaged AS lead_id,
  (ARRAY['email_open', 'email_open', 'email_open', 'visit', 'visit', 'email_click', 'pricing_page', 'download', 'form', 'webinar'])[1 + i * 31 % 97 % 10] AS kind,
  now() - i * 104729 % 90 * interval '1 day' - i % 86400 * interval '1 second' AS at,
  'https://www.example.com/page/' || i % 500 AS url,
  CASE WHEN i % 10 = 0 THEN md5(i::text)::uuid END AS submission_id
FROM generate_series(1, $engagements::bigint) i;
COPY bench.engagement TO '$dir/engagement';
END

triggers() { for table in $2; do sql -c "ALTER TABLE bench_scoring.$table $1 TRIGGER USER"; done; }

# Leads as they were before anybody engaged.
reset_engagements()
{
	triggers DISABLE 'lead engagement'
	sql -c 'SET client_min_messages = error' -c 'TRUNCATE bench_scoring.lead CASCADE' \
		-c "COPY bench_scoring.lead FROM '$dir/lead'" -c 'ANALYZE bench_scoring.lead' -c CHECKPOINT
}
copy_engagements="COPY bench_scoring.engagement (lead_id, kind, at, url, submission_id) FROM '$dir/engagement';"

# ---- COPY of engagements ----------------------------------------------------------
copy_extension()
{
	reset_engagements
	triggers ENABLE 'lead engagement'
	timed <<< "$copy_engagements"
}
copy_disabled()
{
	reset_engagements
	timed <<< "$copy_engagements"
}
copy_extension > /dev/null
sql -At <<'END'
SELECT 'Same sums as plain SQL over the engagements: ' || CASE WHEN count(*) = 0 THEN 'yes' ELSE 'NO: ' || count(*) || ' leads differ' END
FROM bench_scoring.lead l
LEFT JOIN (
  SELECT p.lead_id, sum(least(greatest(p.points, -p.max_points), p.max_points)) AS points
  FROM (
    SELECT e.lead_id, r.id, r.max_points, sum(r.points * CASE WHEN r.half_life IS NULL THEN 1
      ELSE 2 ^ (-extract(epoch FROM g.scored_at - e.at) / extract(epoch FROM r.half_life)) END) AS points
    FROM bench_scoring.engagement e
    JOIN bench_scoring.lead g ON g.id = e.lead_id
    JOIN bench_scoring.score_rule r ON r.condition = format('kind = %L', e.kind)
    GROUP BY e.lead_id, r.id, r.max_points
  ) p GROUP BY p.lead_id
) s ON s.lead_id = l.id
WHERE abs(l.behavioral_score - least(greatest(coalesce(s.points, 0), 0), 40)) > 1e-9;
END
: > "$dir/copies"
echo
printf '%-12s %12s %12s\n' 'COPY' 'triggers off' extension
for ((round = 1; round <= rounds; round++)); do
	if ((round % 2)); then
		disabled=$(copy_disabled)
		extension=$(copy_extension)
	else
		extension=$(copy_extension)
		disabled=$(copy_disabled)
	fi
	echo "$disabled $extension" >> "$dir/copies"
	printf '%-12s %10.2f s %10.2f s\n' "$round" "$(awk "BEGIN { print $disabled / 1000 }")" "$(awk "BEGIN { print $extension / 1000 }")"
done

# ---- Single engagements -----------------------------------------------------------
variables='\set l random(1, '$engaged')
\set k random(1, 5)
'
insert="INSERT INTO bench_scoring.engagement (lead_id, kind, url) VALUES (:l, (ARRAY['email_open', 'visit', 'email_click', 'pricing_page', 'download'])[:k], 'https://www.example.com/pricing')"
printf '%s%s;\n' "$variables" "$insert" > "$dir/single.insert"
# The rows that come of it, complete, in one statement: the fewest trips there can be.
cat > "$dir/single.finished" <<END
${variables}WITH e AS (
  $insert
), l AS (
  UPDATE bench_scoring.lead SET behavioral_score = behavioral_score + 0.000000000001, score = score, grade = grade,
    scored_at = now(), last_engaged_at = now(), updated_at = now(), updated_by = 'postgres' WHERE id = :l
)
UPDATE bench_scoring.score_state SET times = times, level = level, last_at = last_at, ready_until = ready_until WHERE lead_id = :l;
END
copy_extension > /dev/null
sql -c 'VACUUM ANALYZE' -c CHECKPOINT
single()
{
	case $1 in
		extension) triggers ENABLE 'lead engagement'; transactions "$dir/single.insert" "$2" ;;
		disabled) triggers DISABLE 'lead engagement'; transactions "$dir/single.insert" "$2" ;;
		finished) triggers DISABLE 'lead engagement'; transactions "$dir/single.finished" "$2" ;;
	esac
}
for kind in disabled finished extension; do
	single "$kind" 2 > /dev/null
done
: > "$dir/singles"
echo
printf '%-12s %12s %12s %12s   inserts a second, %s clients, synchronous_commit off\n' 'INSERT' 'triggers off' finished extension "$clients"
for ((round = 1; round <= single_rounds; round++)); do
	order='disabled finished extension'
	((round % 2)) || order='extension finished disabled'
	declare -A took=()
	for kind in $order; do
		took[$kind]=$(single "$kind" "$single_seconds")
	done
	echo "${took[disabled]} ${took[finished]} ${took[extension]}" >> "$dir/singles"
	printf '%-12s %12d %12d %12d\n' "$round" "${took[disabled]}" "${took[finished]}" "${took[extension]}"
done
sql -c 'SET client_min_messages = error' -c 'DROP SCHEMA bench_scoring CASCADE'

# ---- Rescore ----------------------------------------------------------------------
echo
echo "Preparing $rescored leads twice ..."
sql -c 'DROP TABLE bench.input, bench.engagement'
sql -f rules.sql
sql -v leads="$rescored" -f input.sql
for schema in bench_extension bench_written; do
	sql > /dev/null <<-END
		SELECT lead_mgmt.create_workspace('$schema');
		UPDATE $schema.match_rule SET action = 'off';
		DELETE FROM $schema.score_rule WHERE applies_to = 'lead';
		INSERT INTO $schema.score_rule (model_id, dimension, name, points, condition)
		SELECT m.id, r.dimension, 'rule ' || r.id, r.points, replace(r.condition, 'NEW.', '')
		FROM bench.rule r CROSS JOIN $schema.score_model m ORDER BY r.id;
		INSERT INTO $schema.lead ($columns) SELECT * FROM bench.input;
	END
done
sql -c 'ALTER TABLE bench_written.lead DISABLE TRIGGER USER' -c 'DROP TABLE bench.input' -c 'VACUUM ANALYZE' -c CHECKPOINT

# The same rules as CASE expressions, in the one UPDATE that somebody would write.
written_update()
{
	sql -At <<-'END'
		SELECT 'UPDATE bench_written.lead l SET demographic_score = s.demographic, behavioral_score = s.behavioral, firmographic_score = s.firmographic, score = s.score, grade = s.grade, scored_at = now() '
		  || 'FROM (SELECT d.*, CASE WHEN d.score >= 70 THEN ''hot'' WHEN d.score >= 31 THEN ''warm'' ELSE ''cold'' END AS grade FROM ('
		  || 'SELECT c.*, round(least(greatest(c.demographic + c.behavioral + c.firmographic, 0), 100))::int AS score FROM ('
		  || 'SELECT id AS lead_id, ' || string_agg(dimension, ', ') || ' FROM bench_written.lead) c) d) s '
		  || 'WHERE l.id = s.lead_id AND (l.score, l.grade, l.demographic_score, l.behavioral_score, l.firmographic_score) '
		  || 'IS DISTINCT FROM (s.score, s.grade, s.demographic, s.behavioral, s.firmographic);'
		FROM (
		  SELECT format('least(greatest(%s, 0), %s)::numeric AS %s',
		    string_agg(format('CASE WHEN %s THEN %s ELSE 0 END', r.condition, r.points::int), ' + ' ORDER BY r.id), max(d.highest), r.dimension) AS dimension
		  FROM bench_written.score_rule r JOIN bench_written.score_dimension d ON d.name = r.dimension
		  WHERE r.applies_to = 'lead' GROUP BY r.dimension
		) e;
	END
}
# One rule in thirty gets another point, which makes a tenth of the leads change.
change_rules()
{
	for schema in bench_extension bench_written; do
		sql -c "UPDATE $schema.score_rule SET points = points + $1 WHERE condition LIKE 'source = %Cold Call%'"
	done
}
differ="SELECT count(*) FROM bench_extension.lead a JOIN bench_written.lead b USING (id) WHERE (a.score, a.grade, a.demographic_score) IS DISTINCT FROM (b.score, b.grade, b.demographic_score)"
: > "$dir/rescores"
printf '%-12s %12s %12s %12s\n' 'rescore' 'one UPDATE' extension 'leads changed'
for ((round = 0; round <= rounds; round++)); do
	change_rules $((round % 2 ? 1 : -1))
	update=$(written_update)
	sql -c CHECKPOINT
	if ((round % 2)); then
		written=$(timed <<< "$update")
		sql -c CHECKPOINT
		extension=$(timed <<< "CALL lead_mgmt.rescore('bench_extension');")
	else
		extension=$(timed <<< "CALL lead_mgmt.rescore('bench_extension');")
		sql -c CHECKPOINT
		written=$(timed <<< "$update")
	fi
	[ "$(sql -At -c "$differ")" = 0 ] || echo 'NO: the two do not agree'
	((round)) || { sql -c 'VACUUM bench_extension.lead, bench_written.lead'; continue; }	# a warm-up
	echo "$written $extension" >> "$dir/rescores"
	printf '%-12s %10.2f s %10.2f s %12s\n' "$round" "$(awk "BEGIN { print $written / 1000 }")" "$(awk "BEGIN { print $extension / 1000 }")" \
		"$(sql -At -c 'SELECT changed FROM bench_extension.job ORDER BY id DESC LIMIT 1')"
	sql -c 'VACUUM bench_extension.lead, bench_written.lead'
done

# ---- The hottest leads ------------------------------------------------------------
echo
# Who is ready by his profile alone would be so for ever: here nobody is.
sql > /dev/null 2>&1 <<'END'
UPDATE bench_extension.setting SET sales_ready_score = 85;
CALL lead_mgmt.rescore('bench_extension');
VACUUM ANALYZE bench_extension.lead, bench_extension.score_state;
END
echo "The 50 hottest of $rescored leads as of now, milliseconds (median of 9):"
for part in 1 2 4 8; do
	sql > /dev/null <<-END
		INSERT INTO bench_extension.engagement (lead_id, kind, at)
		SELECT l.id, k.kind, now() - l.id % 5 * interval '1 day'
		FROM bench_extension.lead l CROSS JOIN (VALUES ('demo_request'), ('pricing_page')) AS k (kind)
		WHERE l.id % 640 >= $((part == 1 ? 0 : part / 2)) AND l.id % 640 < $part;
		VACUUM ANALYZE bench_extension.score_state;
	END
	for ((i = 0; i < 9; i++)); do
		timed <<< 'SELECT id, score, grade FROM bench_extension.hot_lead LIMIT 50;'
	done | sort -n | awk -v hot="$(sql -At -c 'SELECT count(*) FROM bench_extension.hot_lead')" \
		'{ value[NR] = $1 } END { printf "  %8d leads ready for sales: %8.1f\n", hot, value[int((NR + 1) / 2)] }'
done
echo 'Target: 50 ms.  The time grows with the leads that are ready now, not with all leads.'

# ---- Ratios -----------------------------------------------------------------------
echo
printf '%-72s %6s\n' 'Ratios (higher is better)' median
ratio "COPY of $engagements engagements against the same with triggers off" 'goal 0.5' '$1 / $2' "$dir/copies"
ratio 'single engagements against the finished rows (engagement, lead, sums)' '' '$3 / $2' "$dir/singles"
ratio 'single engagements against the same with triggers off' 'goal 0.65' '$3 / $1' "$dir/singles"
ratio "rescore of $rescored leads against one hand-written UPDATE" 'goal 0.9' '$1 / $2' "$dir/rescores"
