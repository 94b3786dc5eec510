#!/bin/sh
# Run the examples of the documentation and compare them with what is printed
# there.
#
#   scripts/doc_examples.sh FILE...            show differences; fails if any
#   scripts/doc_examples.sh --write FILE...    put what really came out into them
#
# In a document, a block that begins with ```sql run is run, and a block
# ```output right behind it must be what psql answers.  Without one the
# answer must have no error or warning in it.  What stands between the lines
# <!-- sql run and --> is run too, but readers do not see it.  Each document
# is one session of psql in a fresh database, on the server that PGHOST,
# PGPORT, ... name, as a superuser.
#
# What differs from run to run is not compared: times with a fraction of a
# second, dates or days before them included, and widths of columns.
set -eu

write=
if [ "${1:-}" = --write ]; then
	write=yes
	shift
fi
[ $# -gt 0 ] || { echo 'doc_examples.sh: which document?' >&2; exit 2; }

# Whatever the user's environment says, the documents are of these settings.
export PGTZ=UTC PGCLIENTENCODING=UTF8 PGDATESTYLE=ISO LC_ALL=C PSQL_PAGER=cat
unset PGOPTIONS

scratch=$(mktemp -d "${TMPDIR:-/tmp}/doc_examples.XXXXXX")
database=
finish()
{
	[ -z "$database" ] || dropdb --if-exists "$database" 2>/dev/null || true
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mark='== block'

# The session: every example, each behind a line that tells where its answer begins.
session()
{
	awk -v mark="$mark" '
		!inside && (/^```sql run$/ || /^<!-- sql run$/) {
			inside = 1; printf "\\echo %s %d\n", "'"'"'" mark "'"'"'", ++n; next }
		inside && (/^```$/ || /^-->$/) { inside = 0; next }
		inside { print }
	' "$1"
}

# The answers as the document has them: "<number of the block>:<line>".
expected()
{
	awk '
		!inside && (/^```sql run$/ || /^<!-- sql run$/) { inside = 1; n++; shown = 0; next }
		inside && (/^```$/ || /^-->$/) { inside = 0; fresh = 1; next }
		inside { next }
		fresh && /^```output$/ { output = 1; next }
		output && /^```$/ { output = 0; next }
		output { print n ":" $0; next }
		/[^ ]/ { fresh = 0 }
	' "$1"
}

# The blocks that have an answer.
answered()
{
	awk '
		!inside && (/^```sql run$/ || /^<!-- sql run$/) { inside = 1; n++; next }
		inside && (/^```$/ || /^-->$/) { inside = 0; fresh = 1; next }
		inside { next }
		fresh && /^```output$/ { print n; fresh = 0; next }
		/[^ ]/ { fresh = 0 }
	' "$1"
}

# The answers that came, in the same form; blank lines at either end left out.
actual()
{
	awk -v mark="$mark" '
		index($0, mark " ") == 1 { n = substr($0, length(mark) + 2) + 0; blank = 0; begun = 0; next }
		/^[ \t]*$/ { if (begun) blank++; next }
		{ begun = 1; for (; blank > 0; blank--) print n ":"; sub(/[ \t]+$/, ""); print n ":" $0 }
	' "$1"
}

# What may differ.
mask()
{
	sed -E \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]+\+00/<time>/g' \
		-e 's/(-?[0-9]+ (years?|mons?|days?) )*-?[0-9]{2,}:[0-9]{2}:[0-9]{2}\.[0-9]+/<time>/g' \
		-e 's/  +/ /g' -e 's/--+/-/g' -e 's/ +$//'
}

# The document with the answers that came.  An answer that differs in nothing
# but what may differ stays as it is.
rewrite()
{
	awk -v actual="$2" -v same="$3" '
		BEGIN {
			while ((getline line < actual) > 0) {
				n = line + 0; sub(/^[0-9]+:/, "", line); text[n] = text[n] line "\n" }
			while ((getline n < same) > 0) keep[n + 0] = 1
			n = 0
		}
		!inside && (/^```sql run$/ || /^<!-- sql run$/) { inside = 1; n++; print; next }
		inside && (/^```$/ || /^-->$/) { inside = 0; fresh = 1; print; next }
		inside { print; next }
		fresh && /^```output$/ {
			fresh = 0; print
			if (!(n in keep)) { printf "%s", text[n]; output = 1 }
			next }
		output && /^```$/ { output = 0; print; next }
		output { next }
		/[^ ]/ { fresh = 0 }
		{ print }
	' "$1"
}

# Lines of one block, without its number.
lines_of() { sed -n "s/^$1://p" "$2"; }

status=0
for document; do
	name=$(basename "$document" .md)
	database=doc_$(printf '%s' "$name" | tr 'A-Z' 'a-z' | tr -cd 'a-z0-9_')
	dropdb --if-exists "$database" 2>/dev/null
	createdb -T template0 -E UTF8 --locale=C "$database"

	session "$document" > "$scratch/session"
	psql -X -d "$database" -v SHOW_CONTEXT=never -P pager=off \
		< "$scratch/session" > "$scratch/out" 2>&1
	actual "$scratch/out" > "$scratch/actual"
	expected "$document" > "$scratch/expected"
	answered "$document" > "$scratch/answered"
	: > "$scratch/same"

	blocks=$(grep -c '^\\echo .*== block' "$scratch/session") || true
	differ=0
	block=0
	while [ "$block" -lt "$blocks" ]; do
		block=$((block + 1))
		lines_of "$block" "$scratch/actual" | mask > "$scratch/a"
		if grep -qx "$block" "$scratch/answered"; then
			lines_of "$block" "$scratch/expected" | mask > "$scratch/e"
			if cmp -s "$scratch/e" "$scratch/a"; then
				echo "$block" >> "$scratch/same"
			elif [ -z "$write" ]; then
				differ=$((differ + 1))
				echo "$document: example $block answers otherwise:" >&2
				diff "$scratch/e" "$scratch/a" >&2 || true
			fi
		elif grep -E '^(ERROR|WARNING|FATAL|invalid command|\\.*: )' "$scratch/a" >&2; then
			differ=$((differ + 1))
			echo "$document: example $block fails" >&2
		fi
	done
	# A session that ends before its end would leave examples untried.
	if ! grep -qx "$mark $blocks" "$scratch/out" && [ "$blocks" -gt 0 ]; then
		differ=$((differ + 1))
		echo "$document: the session ended early" >&2
	fi

	if [ -n "$write" ]; then
		rewrite "$document" "$scratch/actual" "$scratch/same" > "$scratch/new"
		cat "$scratch/new" > "$document"
	fi
	echo "$document: $blocks examples, $differ differ"
	[ "$differ" = 0 ] || status=1
	dropdb --if-exists "$database" 2>/dev/null || true
	database=
done
exit "$status"
