#!/usr/bin/env bash
# Measures what deciding costs beside storing; see README.md here.
#
# Needs a server with lead_mgmt installed that may be filled and emptied, and
# a superuser (PGHOST, PGPORT, PGUSER, PGDATABASE); "make bench" makes one.
#
#   BENCH    parts to run, also find_duplicates       capture scoring import fuzzy
#   ROUNDS   rounds of every measurement              5
#   SECONDS_SINGLE, CLIENTS, ROUNDS_SINGLE            single inserts: 10, 8, 5
#   LEADS    leads a COPY (capture.sh)                200000
#   LEAD_MGMT_DATA   folder of labelled files (fuzzy.sh)
#   FUZZY_PEOPLE     people made up                       20000 (fuzzy.sh)
#   ENGAGEMENTS, ENGAGED_LEADS, RESCORED_LEADS        1000000, 100000, 1000000 (scoring.sh)
#   IMPORTED_ROWS                                     200000 (import.sh)
#   FIND_LEADS, FIND_MEMORY                           1000000, 64MB (find_duplicates.sh)
set -euo pipefail
cd "$(dirname "$0")"

for part in ${BENCH:-capture scoring import fuzzy}; do
	"./$part.sh"
done
