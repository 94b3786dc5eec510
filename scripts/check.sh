#!/usr/bin/env bash
# Run all tests on the server that scripts/server.sh has started, in a copy of
# the project, and say truthfully how many passed.  One file is one test.
#
# The files are run by the rules of `make installcheck`, so that both agree.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

passed=0
failed=0
skipped=0
failures=()
log=$SCRATCH/test.log
quiet_make=("${MAKE:-make}" -s --no-print-directory PG_CONFIG=pg_config)

# result NAME STATUS [NOTE]
result()
{
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
		printf 'ok      %s%s\n' "$1" "${3:+  ($3)}"
	else
		failed=$((failed + 1))
		failures+=("$1")
		printf 'FAILED  %s%s\n' "$1" "${3:+  ($3)}"
	fi
}

skip()
{
	skipped=$((skipped + 1))
	printf 'skipped %s  (%s)\n' "$1" "$2"
}

heading() { printf '\n== %s\n' "$1"; }

# How many tests a TAP harness has counted.
tap_count() { sed -n 's/^Files=[0-9]*, Tests=\([0-9]*\),.*/\1 tests/p' "$log"; }

# Suites of pg_regress and its isolation tester report themselves, in words up
# to PostgreSQL 15 and in TAP from 16 on.
pg_regress_suite()
{
	local kind=$1 diffs=$2 status=0 before=$failed reported=$((passed + failed)) line
	shift 2
	"${quiet_make[@]}" installcheck "$@" > "$log" 2>&1 || status=$?
	while read -r line; do
		if [[ $line =~ ^test\ ([^ ]+)\ +\.\.\.\ ([A-Za-z]+) ]]; then
			[ "${BASH_REMATCH[2]}" = ok ]
			result "$kind ${BASH_REMATCH[1]}" $?
		elif [[ $line =~ ^(not\ )?ok\ [0-9]+\ +[-+]\ ([^ ]+) ]]; then
			[ -z "${BASH_REMATCH[1]}" ]
			result "$kind ${BASH_REMATCH[2]}" $?
		fi
	done < "$log"
	# It stops, and says no more, where an expected file is missing.
	if [ "$status" != 0 ] && ! grep -qE 'tests? failed|^# [0-9]+ of [0-9]+ tests failed' "$log"; then
		result "$kind" 1 "stopped after $((passed + failed - reported)) tests, the rest was not run"
	fi
	[ "$failed" != "$before" ] || return 0
	# A test without an expected file makes no difference, only a complaint.
	if [ -s "$diffs" ]; then cat "$diffs"; else cat "$log"; fi
}

files() { find "$1" -maxdepth 1 -name "$2" 2>/dev/null | sort; }

heading "Project"
version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" lead_mgmt.control)
grep -q "^  \"version\": \"$version\"" META.json
result "META.json is of version $version" $?
LC_ALL=C awk -f examples/make_leads.awk | cmp - examples/leads.csv
result "examples/leads.csv is what make_leads.awk makes" $?
LC_ALL=C awk -f examples/make_engagements.awk examples/leads.csv | cmp - examples/engagements.csv
result "examples/engagements.csv is what make_engagements.awk makes" $?

if [ -n "$(files test/sql '*.sql')" ]; then
	heading "SQL"
	pg_regress_suite sql regression.diffs ISOLATION= TAP_TESTS=
fi

if [ -n "$(files test/specs '*.spec')" ]; then
	heading "Two sessions at once"
	pg_regress_suite isolation output_iso/regression.diffs REGRESS= TAP_TESTS=
fi

if [ -n "$(files test/pgtap '*.sql')" ]; then
	heading "pgTAP"
	if [ "$(psql -XAtc "SELECT count(*) FROM pg_available_extensions WHERE name = 'pgtap'")" = 0 ]; then
		for file in $(files test/pgtap '*.sql'); do
			skip "pgtap $(basename "$file" .sql)" "the extension pgtap is not installed"
		done
	else
		for file in $(files test/pgtap '*.sql'); do
			name=$(basename "$file" .sql)
			# Each file has a database of its own, with pgtap in it.
			{
				createdb -T template0 "pgtap_$name" &&
					psql -Xqd "pgtap_$name" -c 'CREATE EXTENSION pgtap' &&
					PGDATABASE=pgtap_$name PGOPTIONS='-c client_min_messages=warning' \
						prove --failures --comments --exec 'psql -XAtq -v ON_ERROR_STOP=1 -P pager=off -f' "$file"
			} > "$log" 2>&1
			status=$?
			result "pgtap $name" "$status" "$(tap_count)"
			[ "$status" = 0 ] || cat "$log"
		done
	fi
fi

if [ -n "$(files test/t '*.pl')" ]; then
	heading "Servers stopped, crashed and restored"
	if perl -MIPC::Run -e 1 2>/dev/null; then
		for file in ${PROVE_TESTS:-$(files test/t '*.pl')}; do
			name=$(basename "$file" .pl)
			"${quiet_make[@]}" installcheck REGRESS= ISOLATION= PROVE_TESTS="$file" > "$log" 2>&1
			status=$?
			# Without TAP support in PGXS the rule says so and succeeds.
			if grep -q 'TAP tests not enabled' "$log"; then
				skip "tap $name" "this PostgreSQL was built without TAP tests"
				continue
			fi
			result "tap $name" "$status" "$(tap_count)"
			if [ "$status" != 0 ]; then
				cat "$log"
				# The next one begins by removing these; they end up in log/ of the project.
				mkdir -p log && cp tmp_check/log/* log/
				tail -n 60 "log/regress_log_$name"
			fi
		done
	else
		for file in $(files test/t '*.pl'); do
			skip "tap $(basename "$file" .pl)" "the Perl module IPC::Run is not installed"
		done
	fi
fi

heading "The demo"
createdb -T template0 demo
PGDATABASE=demo scripts/demo.sh > "$log" 2>&1
status=$?
result "make demo" "$status"
[ "$status" = 0 ] || tail -n 40 "$log"

heading "The web form in a browser"
scripts/check_web_form.sh > "$log" 2>&1
status=$?
if [ "$status" = 77 ]; then
	skip "examples/web-form" "$(tail -n 1 "$log")"
else
	result "examples/web-form" "$status" "$(sed -n 's/^# pass \([0-9]*\)$/\1 tests/p' "$log")"
	[ "$status" = 0 ] || cat "$log"
fi

heading "The examples of the documentation"
for file in $(grep -l '^```sql run' README.md docs/*.md 2>/dev/null); do
	scripts/doc_examples.sh "$file" > "$log" 2>&1
	status=$?
	result "examples of $file" "$status"
	[ "$status" = 0 ] || cat "$log"
done

heading "The server"
! grep -E 'PANIC|TRAP|was terminated by signal|server process .* exited with exit code' "$SERVER_LOG"
result "the server never crashed" $?

printf '\n'
if [ "$failed" != 0 ]; then
	printf 'Failed:\n'
	printf '  %s\n' "${failures[@]}"
fi
[ "$skipped" = 0 ] || printf '%s skipped\n' "$skipped"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
