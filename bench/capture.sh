#!/usr/bin/env bash
# Leads that come in, by COPY and one by one; see README.md here and run.sh.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

leads=${LEADS:-200000}

# ---- Preparation ----------------------------------------------------------------
echo "Preparing $leads leads ..."
drop_all
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS lead_mgmt' -c 'CREATE SCHEMA bench'
sql -f rules.sql
sql -v leads="$leads" -f input.sql
columns=$(sql -At -c "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'bench.input'::regclass AND attnum > 0")
sql -c "COPY bench.input TO '$dir/input'"

for schema in bench_extension bench_finished bench_plpgsql bench_fuzzy; do
	sql > /dev/null <<-END
		SELECT lead_mgmt.create_workspace('$schema');
		UPDATE $schema.match_rule SET action = CASE WHEN key = 'fuzzy' THEN 'off' ELSE 'flag' END;
		DELETE FROM $schema.score_rule;
		INSERT INTO $schema.score_rule (model_id, dimension, name, points, condition)
		SELECT m.id, r.dimension, 'rule ' || r.id, r.points, replace(r.condition, 'NEW.', '')
		FROM bench.rule r CROSS JOIN $schema.score_model m ORDER BY r.id;
		INSERT INTO $schema.rep (name) SELECT 'rep ' || i FROM generate_series(1, 20) i;
	END
done
sql -c "UPDATE bench_fuzzy.match_rule SET action = 'flag' WHERE key = 'fuzzy'"
sql -c 'ALTER TABLE bench_finished.lead DISABLE TRIGGER USER'
sql -c 'ALTER TABLE bench_plpgsql.lead DISABLE TRIGGER USER'
sql -f plpgsql.sql
sql -c 'CREATE SCHEMA bench_bare' -c 'CREATE TABLE bench_bare.lead AS SELECT * FROM bench_extension.lead WITH NO DATA'

ledgers='status_change assignment duplicate_link lead_event score_state'

# ---- One COPY of each kind --------------------------------------------------------
declare -A script
for kind in extension plpgsql bare fuzzy; do
	script[$kind]="COPY bench_$kind.lead ($columns) FROM '$dir/input';"
done
script[finished]='BEGIN;'
for table in lead $ledgers; do
	script[finished]+=" COPY bench_finished.$table FROM '$dir/$table';"
done
script[finished]+=' COMMIT;'

# Milliseconds that the statements took, as the client sees it.
copy()
{
	local tables="bench_$1.lead"
	[ "$1" = bare ] || tables+=", bench_$1.duplicate_link"
	sql -c "SET client_min_messages = error" -c "TRUNCATE $tables CASCADE" -c CHECKPOINT
	timed <<< "${script[$1]}"
}

# What the extension makes of the leads is what the finished rows are.
copy extension > /dev/null
for table in lead $ledgers; do
	sql -c "COPY (SELECT * FROM bench_extension.$table ORDER BY 1) TO '$dir/$table'"
done

# Who compares speed must first compare answers.
copy plpgsql > /dev/null
sql -At <<-END
	SELECT 'Same answers from PL/pgSQL: ' || CASE WHEN bool_and(same) THEN 'yes' ELSE 'NO: ' || string_agg(what, ', ') FILTER (WHERE NOT same) END
	FROM (
	  SELECT 'scores', NOT EXISTS (
	    SELECT notes, score, grade, demographic_score, behavioral_score, firmographic_score, status FROM bench_extension.lead
	    EXCEPT SELECT notes, score, grade, demographic_score, behavioral_score, firmographic_score, status FROM bench_plpgsql.lead)
	  UNION ALL
	  SELECT 'owners', NOT EXISTS (
	    SELECT count(*) FROM bench_plpgsql.lead GROUP BY owner_id HAVING abs(count(*) - $leads / 20.0) > 1)
	  UNION ALL
	  SELECT 'status changes', (SELECT count(*) FROM bench_extension.status_change) = (SELECT count(*) FROM bench_plpgsql.status_change)
	  UNION ALL
	  SELECT 'assignments', (SELECT count(*) FROM bench_extension.assignment) = (SELECT count(*) FROM bench_plpgsql.assignment)
	  UNION ALL
	  SELECT 'leads ready for sales', (SELECT count(*) FROM bench_extension.lead_event) = (SELECT count(*) FROM bench_plpgsql.lead_event)
	    AND (SELECT count(*) FROM bench_extension.score_state) = (SELECT count(*) FROM bench_plpgsql.score_state)
	  UNION ALL
	  SELECT 'duplicates', (SELECT count(*) FROM bench_extension.duplicate) = (SELECT count(*) FROM bench_plpgsql.duplicate)
	) c (what, same);
	SELECT 'Duplicates: ' || (SELECT count(*) FROM bench_extension.duplicate) || ' pairs; links that tell of them: '
	  || (SELECT count(*) FROM bench_extension.duplicate_link) || ' from the extension, '
	  || (SELECT count(*) FROM bench_plpgsql.duplicate_link) || ' from PL/pgSQL';
END
copy finished > /dev/null
copy bare > /dev/null

# ---- The rounds -------------------------------------------------------------------
: > "$dir/copies"
echo
printf '%-7s %12s %12s %12s %12s %12s\n' 'COPY' finished extension PL/pgSQL bare 'with fuzzy'
for ((round = 1; round <= rounds; round++)); do
	# Finished rows first, being the ceiling; every other round backwards, so
	# that what drifts with time falls on all alike.
	order='finished extension plpgsql bare fuzzy'
	((round % 2)) || order='fuzzy bare plpgsql extension finished'
	declare -A took=()
	for kind in $order; do
		took[$kind]=$(copy "$kind")
	done
	echo "${took[finished]} ${took[extension]} ${took[plpgsql]} ${took[bare]} ${took[fuzzy]}" >> "$dir/copies"
	tail -n 1 "$dir/copies" | awk -v round="$round" '{ printf "%-7s %10.2f s %10.2f s %10.2f s %10.2f s %10.2f s\n", round, $1 / 1000, $2 / 1000, $3 / 1000, $4 / 1000, $5 / 1000 }'
done

# ---- Single inserts ---------------------------------------------------------------
# Into tables that hold the finished leads already, the same for all.
for kind in extension plpgsql finished; do
	sql -c "SET client_min_messages = error" -c "TRUNCATE bench_$kind.lead, bench_$kind.duplicate_link CASCADE"
	sql -c "ALTER TABLE bench_$kind.lead DISABLE TRIGGER USER"
	for table in lead $ledgers; do
		sql -c "COPY bench_$kind.$table FROM '$dir/$table'"
		[ "$table" = score_state ] ||
			sql -c "SELECT setval(pg_get_serial_sequence('bench_$kind.$table', 'id'), 2 * max(id) + 1) FROM bench_$kind.$table" > /dev/null
	done
done
sql -c 'ALTER TABLE bench_extension.lead ENABLE TRIGGER USER'
for trigger in begin_statement decide record; do
	sql -c "ALTER TABLE bench_plpgsql.lead ENABLE TRIGGER $trigger"
done
sql -c 'VACUUM ANALYZE' -c CHECKPOINT

# One insert in twenty is of a person who is there; the others are new.
variables='\set i random(1, 1000000000000)
\set d random(1, 20)
\set o random(1, '$leads')
'
given_names='contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, city, region, country, source, campaign, notes, budget_confirmed, attributes'
given_values="'Hugo Baker' || :i::bigint, CASE WHEN :d = 1 THEN 'person.' || :o || '@example.org' ELSE 'person.' || :i || '@example.net' END, '+1 9' || :i, 'Baker & Sons ' || :i || ' Inc.', 'Marketing Manager', 'Software', 80, 5000000, 'Boston', 'MA', 'US', 'Website', 'spring', 'Asked for a call back and for the price list', true, '{\"growth_rate\": 0.2}'"
for kind in extension plpgsql; do
	printf '%sINSERT INTO bench_%s.lead (%s) VALUES (%s);\n' "$variables" "$kind" "$given_names" "$given_values" > "$dir/single.$kind"
done
# Lead and ledgers complete, in one statement: the fewest trips there can be.
cat > "$dir/single.finished" <<END
${variables}WITH l AS (
  INSERT INTO bench_finished.lead ($given_names,
    status, status_since, owner_id, demographic_score, behavioral_score, firmographic_score, score_adjustment, score, grade,
    scored_at, response_due_at, email_key, phone_key, name_key, created_at, created_by, updated_at, updated_by)
  VALUES ($given_values,
    'new', now(), 1 + :i::bigint % 20, 32, 10, 16, 0, 58, 'warm',
    now(), now() + '5 minutes', CASE WHEN :d = 1 THEN 'person.' || :o || '@example.org' ELSE 'person.' || :i || '@example.net' END,
    '+19' || :i, 'baker sons ' || :i || '/hugo baker' || :i, now(), 'postgres', now(), 'postgres')
  RETURNING id, owner_id
), s AS (
  INSERT INTO bench_finished.status_change (lead_id, to_status, at, actor, login)
  SELECT id, 'new', now(), 'postgres', 'postgres' FROM l
), d AS (
  INSERT INTO bench_finished.duplicate_link (lead_id, other_id, rule, key, similarity)
  SELECT id, :o, 'email', 'email', 1 FROM l WHERE :d = 1
)
INSERT INTO bench_finished.assignment (lead_id, rep_id, rule_id, method, reason, actor, login)
SELECT id, owner_id, 1, 'round_robin', 'Every active rep', 'postgres', 'postgres' FROM l;
END

single() { transactions "$dir/single.$1" "$2"; }
for kind in finished extension plpgsql; do
	single "$kind" 2 > /dev/null
done
: > "$dir/singles"
echo
printf '%-7s %12s %12s %12s   inserts a second, %s clients, synchronous_commit off\n' 'INSERT' finished extension PL/pgSQL "$clients"
for ((round = 1; round <= single_rounds; round++)); do
	order='finished extension plpgsql'
	((round % 2)) || order='plpgsql extension finished'
	declare -A took=()
	for kind in $order; do
		took[$kind]=$(single "$kind" "$single_seconds")
	done
	echo "${took[finished]} ${took[extension]} ${took[plpgsql]}" >> "$dir/singles"
	tail -n 1 "$dir/singles" | awk -v round="$round" '{ printf "%-7s %12d %12d %12d\n", round, $1, $2, $3 }'
done

# ---- Ratios -----------------------------------------------------------------------
echo
printf '%-72s %6s\n' 'Ratios (higher is better)' median
ratio 'COPY against the finished rows' 'goal 0.75, then 0.85' '$1 / $2' "$dir/copies"
ratio 'deciding alone (beyond the finished rows) against PL/pgSQL triggers' 'goal 2.5, then 5' \
	'($2 > $1 ? ($3 - $1) / ($2 - $1) : 999)' "$dir/copies"
ratio 'single inserts against the finished rows' 'goal 0.7' '$2 / $1' "$dir/singles"
ratio 'COPY against the bare table: no keys, ledgers, indexes or triggers' 'not promised' '$4 / $2' "$dir/copies"
ratio 'COPY with the fuzzy rule on too, against the finished rows' 'not promised' '$1 / $5' "$dir/copies"
ratio 'for comparison: COPY with PL/pgSQL triggers against the finished rows' '' '$1 / $3' "$dir/copies"
ratio 'for comparison: single inserts with PL/pgSQL triggers against the same' '' '$3 / $1' "$dir/singles"
