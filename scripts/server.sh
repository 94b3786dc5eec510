#!/usr/bin/env bash
# Run a command with a PostgreSQL server that exists only for that time.
#
#   scripts/server.sh [--profile test|bench] [--copy] [--interactive] -- COMMAND [ARGUMENT...]
#
#   --profile bench  a server that is durable and has memory; test, the
#                    default, is fast and forgets everything when power fails
#   --copy           run the command in a copy of the project, as the
#                    unprivileged user that the server runs as
#   --interactive    leave the terminal, and Ctrl-C, to the command
#
# The extension is built in the project and installed into a copy of the
# PostgreSQL that PG_CONFIG names: a server finds its files relative to its own
# program, so the copy uses them and the system's are not touched.  Everything
# is in one temporary folder, which is removed at the end, however it ends.
#
# The command finds in its environment: PGHOST, PGPORT, PGUSER, PGDATABASE;
# PATH and PG_CONFIG of the copy; SCRATCH, a folder to write to; SERVER_LOG;
# PROJECT, the folder of the project itself.
# shellcheck disable=SC2317  # traps and exported functions look unreachable
set -euo pipefail
umask 022

profile='test'
copy=
interactive=
while [ $# -gt 0 ]; do
	case $1 in
		--profile) profile=$2; shift ;;
		--copy) copy=yes ;;
		--interactive) interactive=yes ;;
		--) shift; break ;;
		*) echo "server.sh: unknown option $1" >&2; exit 2 ;;
	esac
	shift
done
[ $# -gt 0 ] || { echo "server.sh: no command" >&2; exit 2; }

project=$(cd "$(dirname "$0")/.." && pwd)
cd "$project"
pg_config=${PG_CONFIG:-pg_config}
make=${MAKE:-make}

fail() { printf '%s\n' "$*" >&2; exit 1; }

# ---- Who the server runs as: it refuses root --------------------------------
server_user=
if [ "$(id -u)" = 0 ]; then
	for server_user in postgres nobody ''; do
		[ -z "$server_user" ] || ! id "$server_user" >/dev/null 2>&1 || break
	done
	[ -n "$server_user" ] || fail "PostgreSQL does not run as root, and there is no user postgres or nobody."
fi

# Become that user for good: for use in a subshell or before exec.
as_server()
{
	if [ -z "$server_user" ]; then
		exec "$@"
	elif command -v setpriv >/dev/null; then
		exec setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --clear-groups -- "$@"
	else
		exec runuser -u "$server_user" -- "$@"
	fi
}

# ---- The temporary folder -----------------------------------------------------
folder=
command_id=

# Wait for a command in the background, so that signals are not kept waiting.
await()
{
	local status=0
	wait "$command_id" || status=$?
	# A signal that is not for us ends wait, not the command.
	while kill -0 "$command_id" 2>/dev/null; do
		status=0
		wait "$command_id" || status=$?
	done
	command_id=
	return "$status"
}

finish()
{
	local status=$? data
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "$command_id" ]; then
		# The whole group, where the command leads one.
		kill -TERM -- "-$command_id" 2>/dev/null || kill -TERM "$command_id" 2>/dev/null || true
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			kill -0 "$command_id" 2>/dev/null || break
			sleep 0.2
		done
		kill -KILL -- "-$command_id" 2>/dev/null || true
	fi
	if [ -n "$folder" ]; then
		# Ours, and whatever servers the tests have left behind.
		find "$folder" -name postmaster.pid 2>/dev/null | while read -r data; do
			(cd / && as_server "$folder$bindir/pg_ctl" -D "${data%/*}" -m immediate -w stop) >/dev/null 2>&1 || true
		done
		rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
	fi
	exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 129' HUP
if [ -n "$interactive" ]; then
	trap : INT
else
	trap 'exit 130' INT
fi

bindir=$("$pg_config" --bindir)

# A place whose programs may be run, that the server's user can reach, and
# whose name is short and plain enough for a socket.
for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
	folder=$(mktemp -d "$base/lead_mgmt.XXXXXX" 2>/dev/null) || { folder=; continue; }
	chmod 755 "$folder"
	printf '#!/bin/sh\n' > "$folder/try"
	chmod 755 "$folder/try"
	if [ ${#folder} -le 60 ] && [[ $folder != *[!A-Za-z0-9_./-]* ]] && (cd / && as_server "$folder/try") 2>/dev/null; then
		rm -f "$folder/try"
		break
	fi
	rm -rf "$folder"
	folder=
done
[ -n "$folder" ] || fail "There is no usable temporary folder; set TMPDIR to one that may hold programs."

# ---- The copy of PostgreSQL ---------------------------------------------------
# Programs are copied, for a link would lead them back; the rest are links.
programs='clusterdb createdb createuser dropdb dropuser initdb pg_amcheck pg_basebackup pg_checksums
	pg_config pg_controldata pg_ctl pg_dump pg_dumpall pg_isready pg_receivewal pg_recvlogical pg_resetwal
	pg_restore pg_rewind pg_upgrade pg_verifybackup pg_waldump pgbench postgres psql reindexdb vacuumdb'

link_entries()
{
	local entry
	mkdir -p "$folder$1"
	for entry in "$1"/*; do
		# A lead_mgmt that is installed already must not be what is tested.
		case ${entry##*/} in
			lead_mgmt*) ;;
			*) [ -e "$folder$1/${entry##*/}" ] || ln -s "$entry" "$folder$1/" ;;
		esac
	done
}

pkglibdir=$("$pg_config" --pkglibdir)
sharedir=$("$pg_config" --sharedir)
mkdir -p "$folder$bindir"
for program in $programs; do
	[ ! -x "$bindir/$program" ] || cp "$bindir/$program" "$folder$bindir/"
done
[ -x "$folder$bindir/postgres" ] || fail "There is no server in $bindir."
for directory in "$pkglibdir/bitcode" "$pkglibdir" "$sharedir/extension" "$sharedir"; do
	[ ! -d "$directory" ] || link_entries "$directory"
done

# ---- The extension ------------------------------------------------------------
# Variables given to make go on to the makes below, its job server does not.
MAKEFLAGS=$(printf '%s' "${MAKEFLAGS:-}" | sed -e 's/ *--jobserver-[^ ]*//g' -e 's/ *-j[0-9]*//g')
export MAKEFLAGS

build()
{
	# One build at a time in one folder.
	exec 9< Makefile
	flock 9 2>/dev/null || true
	"$make" --no-print-directory -j "$(nproc 2>/dev/null || echo 2)" PG_CONFIG="$pg_config" all &&
		"$make" --no-print-directory PG_CONFIG="$pg_config" DESTDIR="$folder" install
}
if [ ! -f lead_mgmt.so ]; then
	echo "Building lead_mgmt for $("$pg_config" --version) ..."
fi
export -f build
export make pg_config folder
setsid bash -c build > "$folder/build.log" 2>&1 &
command_id=$!
if ! await; then
	cat "$folder/build.log" >&2
	fail "lead_mgmt could not be built."
fi
grep -A 4 'warning:' "$folder/build.log" >&2 || true

# ---- The server ---------------------------------------------------------------
export SCRATCH=$folder/scratch SERVER_LOG=$folder/scratch/server.log PROJECT=$project
data=$folder/scratch/data
mkdir -p "$SCRATCH/socket" "$SCRATCH/tmp" "$SCRATCH/home"
chmod 700 "$SCRATCH"				# the socket lets everybody in who reaches it

locale=C
if locale -a 2>/dev/null | grep -qi '^C\.utf-\?8$'; then
	locale=C.UTF-8
fi
initdb_options=(-D "$data" -U postgres -A trust -E UTF8 --locale="$locale")

settings()
{
	cat <<-END
		listen_addresses = ''
		unix_socket_directories = '$SCRATCH/socket'
		max_connections = 100
		log_line_prefix = '%m [%p] %q%a '
		timezone = 'UTC'
	END
	case $profile in
		test)
			cat <<-END
				fsync = off
				full_page_writes = off
				shared_buffers = 128MB
				max_wal_size = 2GB
			END
			;;
		bench)
			# Durable as in real use.  Checkpoints and vacuum come when the
			# benchmark asks for them: they would hit one run and not the next.
			local memory=8388608
			[ ! -r /proc/meminfo ] || memory=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
			cat <<-END
				shared_buffers = $((memory / 4 < 2097152 ? memory / 4 : 2097152))kB
				work_mem = 64MB
				maintenance_work_mem = 512MB
				max_wal_size = 32GB
				checkpoint_timeout = 1d
				autovacuum = off
			END
			;;
		*) fail "There is no profile $profile." ;;
	esac
}
[ "$profile" = bench ] || initdb_options+=(--no-sync)

settings > "$SCRATCH/settings"
if [ -n "$copy" ]; then
	mkdir "$SCRATCH/project"
	tar -cf - --exclude=./.git --exclude=./build --exclude=./results --exclude=./output_iso \
		--exclude=./tmp_check --exclude=./log --exclude=./regression.diffs --exclude='*.o' . | tar -xf - -C "$SCRATCH/project"
fi
[ -z "$server_user" ] || chown -R "$server_user:$(id -g "$server_user")" "$SCRATCH"

export PATH=$folder$bindir:$PATH PG_CONFIG=$folder$bindir/pg_config
export PGHOST=$SCRATCH/socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
unset PGDATA PGSERVICE PGOPTIONS PGPASSWORD PGSSLMODE PGHOSTADDR PGAPPNAME PGCLIENTENCODING PGTZ PGDATESTYLE

(cd "$SCRATCH" && as_server initdb "${initdb_options[@]}") > "$folder/initdb.log" 2>&1 ||
	{ cat "$folder/initdb.log" >&2; fail "initdb failed."; }
cat "$SCRATCH/settings" >> "$data/postgresql.conf"
(cd "$SCRATCH" && as_server pg_ctl -D "$data" -l "$SERVER_LOG" -w -t 60 start) > "$folder/start.log" 2>&1 ||
	{ cat "$folder/start.log" >&2; tail -n 20 "$SERVER_LOG" >&2; fail "The server did not start."; }
PGDATABASE=lead_mgmt
createdb -T template0 "$PGDATABASE"

# ---- The command --------------------------------------------------------------
run()
{
	if [ -n "$copy" ]; then
		cd "$SCRATCH/project"
		export HOME=$SCRATCH/home TMPDIR=$SCRATCH/tmp
		as_server "$@"
	fi
	exec "$@"
}

status=0
if [ -n "$interactive" ]; then
	run "$@" <&0 &
	command_id=$!
else
	# A group of its own, so that all of it can be ended.
	export -f run as_server
	export copy server_user
	setsid bash -c 'run "$@"' run "$@" &
	command_id=$!
fi
await || status=$?

# What the tests found, for who has to compare it.
if [ -n "$copy" ] && [ "$status" != 0 ]; then
	for result in results output_iso regression.diffs log; do
		[ ! -e "$SCRATCH/project/$result" ] || cp -r "$SCRATCH/project/$result" "$project/" 2>/dev/null || true
	done
fi
exit "$status"
