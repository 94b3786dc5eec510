#!/bin/sh
# Turn SQL scripts into a C header, so that the module carries them.
#
#   scripts/embed_sql.sh DIRECTORY 'PART...' 'SCRIPT...'
#
# Parts become rows of workspace_scripts, in the order given; each script
# becomes a constant <script>_sql.  Comment lines stay behind.
set -eu

directory=$1
parts=$2
scripts=$3

# One string literal a line, which the compiler joins.
literals()
{
	sed -e '/^--/d' \
		-e 's/[\\"]/\\&/g' -e 's/??/?\\?/g' \
		-e 's/^/	"/' -e 's/$/\\n"/' "$directory/$1.sql"
}

cat <<'END'
/* Made from sql/workspace by scripts/embed_sql.sh: edit the scripts instead. */
#ifndef LEAD_MGMT_WORKSPACE_SQL_H
#define LEAD_MGMT_WORKSPACE_SQL_H

typedef struct WorkspaceScript
{
	const char *name;
	const char *sql;
} WorkspaceScript;

static const WorkspaceScript workspace_scripts[] = {
END

for part in $parts; do
	printf '{"%s",\n' "$part"
	literals "$part"
	printf '},\n'
done
printf '};\n'

# Every column of every table again, for tables that lack some.  An identity is
# left out: without its id a table cannot be helped.
printf '\nstatic const char columns_sql[] =\n'
for part in $parts; do
	awk '/^CREATE TABLE IF NOT EXISTS / { table = $6; next }
		/^\)/ { table = "" }
		table != "" && !/^  CONSTRAINT / && !/ AS IDENTITY/ {
			sub(/^ +/, ""); sub(/,$/, "")
			print "ALTER TABLE IF EXISTS " table " ADD COLUMN IF NOT EXISTS " $0 ";"
		}' "$directory/$part.sql" | sed -e 's/[\\"]/\\&/g' -e 's/^/	"/' -e 's/$/\\n"/'
done
printf '\t"";\n'

# The columns that lead is made with, and what views of it add.
lead_columns()
{
	awk '/^CREATE TABLE IF NOT EXISTS @workspace@.lead \(/ { inside = 1; next } /^\)/ { inside = 0 }
		inside && !/^  CONSTRAINT / { printf "%s,", $1 }' "$directory/lead.sql"
}
printf '\nstatic const char lead_column_names[] =\n\t"{%sgrade_until}";\n' "$(lead_columns)"
printf '\nstatic const char export_column_names[] =\n\t"{%s' "$(lead_columns)"
sed -n 's/^COMMENT ON COLUMN @workspace@\.lead_export\.\([a-z_]*\) .*/\1/p' "$directory/export.sql" | paste -s -d , - |
	sed 's/$/}";/'

for script in $scripts; do
	printf '\nstatic const char %s_sql[] =\n' "$script"
	literals "$script"
	printf '\t"";\n'
done

printf '\n#endif\n'
