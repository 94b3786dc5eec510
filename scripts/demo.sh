#!/usr/bin/env bash
# Run examples/demo.sql in the database that PGHOST, PGDATABASE, ... name.
#
#   scripts/demo.sh           show it
#   scripts/demo.sh --shell   run it without a word, then open psql on its data
set -euo pipefail
cd "$(dirname "$0")/.."

export PGCLIENTENCODING=UTF8
demo=(psql -X -q -v ON_ERROR_STOP=1 -P pager=off)

if [ "${1:-}" != --shell ]; then
	# Refusals are part of what it shows: in their place, also in a file.
	exec "${demo[@]}" < examples/demo.sql 2>&1
fi

echo 'Loading the data of the demo ...'
if ! log=$("${demo[@]}" < examples/demo.sql 2>&1); then
	printf '%s\n' "$log" >&2
	exit 1
fi

if [ -t 0 ]; then
	cat <<-'END'

		The workspace is in schema crm, which is in your search_path.  Try:
		  \d                           all there is
		  SELECT * FROM conversion_funnel;
		  SELECT * FROM lead ORDER BY score DESC LIMIT 1 \gx
		\q ends psql and removes the server with everything in it.

	END
fi
PGOPTIONS='-c search_path=crm,public' exec psql
