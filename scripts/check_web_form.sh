#!/usr/bin/env bash
# Test examples/web-form in a real browser, on the server that scripts/server.sh
# has started.
#
# Needs Node.js 18 or later with npm, and Chromium (CHROMIUM names another one).
# Ends with 77 and a line that says why where they are not there, or the npm
# packages cannot be had.
set -uo pipefail
cd "$(dirname "$0")/../examples/web-form" || exit

skip() { printf '%s\n' "$*"; exit 77; }

if [ -z "${CHROMIUM:-}" ]; then
	CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
		skip 'Chromium is not installed'
fi
command -v "$CHROMIUM" >/dev/null || skip "there is no $CHROMIUM"
export CHROMIUM
for program in node npm; do
	command -v "$program" >/dev/null || skip "$program is not installed"
done
version=$(node --version)
version=${version#v}
[ "${version%%.*}" -ge 18 ] || skip "Node.js is of version $version, and 18 is needed"

if ! npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=1 > "$SCRATCH/npm.log" 2>&1; then
	# A lock file that does not fit is a mistake of ours.
	! grep -qE 'EUSAGE|EINTEGRITY' "$SCRATCH/npm.log" || { cat "$SCRATCH/npm.log"; exit 1; }
	skip "npm cannot get its packages: $(grep -m 1 -E '(error|ERR!) ' "$SCRATCH/npm.log")"
fi

database=web_form
createdb -T template0 -E UTF8 "$database" || exit
PGDATABASE=$database node --test --test-reporter=tap test/web_form.test.js
status=$?
dropdb --force "$database"
exit "$status"
