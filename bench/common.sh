# What the parts of the benchmark share; to be sourced.
# shellcheck shell=bash disable=SC2034

rounds=${ROUNDS:-5}
single_rounds=${ROUNDS_SINGLE:-$rounds}
single_seconds=${SECONDS_SINGLE:-10}
clients=${CLIENTS:-8}

own_scratch=
if [ -z "${SCRATCH:-}" ]; then
	SCRATCH=$(mktemp -d)
	own_scratch=$SCRATCH
	chmod 755 "$SCRATCH"
fi
# The server reads and writes the files: a client in between would be measured too.
dir=$SCRATCH/bench
mkdir -p "$dir"
chmod 777 "$dir"

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

drop_all()
{
	local schemas
	schemas=$(sql -At -c "SELECT string_agg(nspname, ', ') FROM pg_namespace WHERE nspname ~ '^bench(_|$)'")
	[ -z "$schemas" ] || sql -c 'SET client_min_messages = error' -c "DROP SCHEMA $schemas CASCADE"
}
finish()
{
	local status=$?
	trap - EXIT
	drop_all || true
	[ -z "$own_scratch" ] || rm -rf "$own_scratch"
	exit "$status"
}
trap finish EXIT

# Milliseconds that statements took, as the client sees it; from standard input.
timed()
{
	{ echo '\timing on'; cat; } | sql 2> /dev/null | awk '/^Time: / { ms += $2 } END { printf "%.1f\n", ms }'
}

# Transactions a second of one pgbench script.
transactions()
{
	local output
	output=$(PGOPTIONS='-c synchronous_commit=off' pgbench -n -M prepared -c "$clients" -j 2 -T "$2" -f "$1" 2>&1) ||
		{ printf '%s\n' "$output" >&2; return 1; }
	printf '%s\n' "$output" | awk '/^tps = / { printf "%.0f\n", $3 }'
}

# Each round's own ratio, the median of them, and the least and the most.
ratio()
{
	local text=$1 goal=$2 expression=$3 file=$4
	awk "{ print $expression }" "$file" | sort -n | awk -v text="$text" -v goal="$goal" '
		# Deciding that takes no time that can be told from storing is 999.
		function show(number, width) { return number > 99 ? sprintf("%*s", width, ">99") : sprintf("%*.2f", width, number) }
		{ value[NR] = $1 }
		END {
			median = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
			printf "%-72s %s  (%s..%s)  %s\n", text, show(median, 6), show(value[1], 0), show(value[NR], 0), goal
		}'
}
