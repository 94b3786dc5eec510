#!/usr/bin/env bash
# Measures what deciding costs beside storing; see README.md here.
#
# Needs a server with lead_mgmt installed that may be filled and emptied, and
# a superuser (PGHOST, PGPORT, PGUSER, PGDATABASE); "make bench" makes one.
#
<<<<<<< HEAD
#   BENCH    parts to run                             capture scoring import
=======
#   BENCH    parts to run, also find_duplicates       capture scoring
>>>>>>> a5ce3b7 (Guide to similar leads, review and notice; a notice goes by the role and not by a login that many share)
#   ROUNDS   rounds of every measurement              5
#   SECONDS_SINGLE, CLIENTS, ROUNDS_SINGLE            single inserts: 10, 8, 5
#   LEADS    leads a COPY (capture.sh)                200000
#   ENGAGEMENTS, ENGAGED_LEADS, RESCORED_LEADS        1000000, 100000, 1000000 (scoring.sh)
<<<<<<< HEAD
#   IMPORTED_ROWS                                     200000 (import.sh)
=======
#   FIND_LEADS, FIND_MEMORY                           1000000, 64MB (find_duplicates.sh)
>>>>>>> a5ce3b7 (Guide to similar leads, review and notice; a notice goes by the role and not by a login that many share)
set -euo pipefail
cd "$(dirname "$0")"

for part in ${BENCH:-capture scoring import}; do
	"./$part.sh"
done
