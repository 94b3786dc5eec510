#!/bin/sh
# Print docs/reference.md, made from the comments in the catalog, on the
# database that PGHOST, PGDATABASE, ... name.  Nothing stays behind in it.
#
#   scripts/reference.sh > docs/reference.md
set -eu
cd "$(dirname "$0")/.."
export PGTZ=UTC PGCLIENTENCODING=UTF8 LC_ALL=C
unset PGOPTIONS
exec psql -X -q -f docs/reference.sql
