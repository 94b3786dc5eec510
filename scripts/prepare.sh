#!/bin/sh
# Install what a target of the Makefile needs and this machine lacks.
#
#   scripts/prepare.sh demo|shell|bench|check|check-web-form|build
#   scripts/prepare.sh --tell ...      say what lacks, install nothing
#
# Quiet when nothing lacks.  Never asks; never leaves a PostgreSQL server
# running that was not there before.
# shellcheck disable=SC2317  # the trap looks unreachable
set -eu

LEAST_MAJOR=15
APT_OPTIONS='-q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold'

tell_only=
if [ "${1:-}" = --tell ]; then
	tell_only=yes
	shift
fi
target=${1:?which target?}

# A PG_CONFIG of one's own means a PostgreSQL that packages cannot complete.
pg_config=${PG_CONFIG:-pg_config}
compiler=${CC:-gcc}
cxx_compiler=${CXX:-g++}

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

may_install() { have apt-get && { [ "$(id -u)" = 0 ] || have sudo; }; }

# Something of the PostgreSQL that pg_config speaks of.
pg() { have "$pg_config" && "$pg_config" "$1" 2>/dev/null; }

have_pgxs() { file=$(pg --pgxs) && [ -f "$file" ]; }
have_compiler() { have "$compiler" && echo '#include <stdlib.h>' | "$compiler" -fsyntax-only -xc - 2>/dev/null; }
have_cxx_compiler() { have "$cxx_compiler" && echo '#include <string>' | "$cxx_compiler" -fsyntax-only -xc++ - 2>/dev/null; }
have_libphonenumber() { echo '#include <phonenumbers/phonenumberutil.h>' | "$cxx_compiler" -fsyntax-only -xc++ - 2>/dev/null; }
have_server() { dir=$(pg --bindir) && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && [ -x "$dir/psql" ]; }
have_pgtap() { dir=$(pg --sharedir) && [ -f "$dir/extension/pgtap.control" ]; }
have_perl() { perl -MTest::More -MIPC::Run -e 1 >/dev/null 2>&1 && have prove; }
# Server headers include those of ICU, which no server package asks for.
have_icu() { dir=$(pg --includedir-server) &&
	echo '#include "postgres.h"
#include "utils/pg_locale.h"' | "$compiler" -I"$dir" -fsyntax-only -xc - 2>/dev/null; }

# Major version to install packages of: what is there decides, else what the
# system offers.
major()
{
	if version=$(pg --version); then
		version=${version#PostgreSQL }
		echo "${version%%[!0-9]*}"
		return
	fi
	for dir in /usr/lib/postgresql/*/bin; do
		[ -x "$dir/postgres" ] && basename "${dir%/bin}"
	done | sort -n | tail -n 1 | grep . && return
	apt-cache depends postgresql 2>/dev/null |
		sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1 | grep . && return
	echo "$LEAST_MAJOR"
}

# What lacks: fills packages (Debian's names) and reasons.
packages=
reasons=
lack()
{
	packages="$packages $1"
	reasons="$reasons  $1: $2
"
}

look()
{
	packages=
	reasons=
	n=$(major)

	have_compiler || lack "gcc libc6-dev" "to compile the extension"
	if ! have_pgxs; then
		lack "postgresql-server-dev-$n" "headers and build rules (PGXS) of the PostgreSQL server"
	elif have_compiler && ! have_icu; then
		lack libicu-dev "headers that the server's own headers include"
	fi
	[ "$target" = build ] && return
	# The extension is built without it, too; it then compares no national numbers.
	if [ "${LIBPHONENUMBER:-yes}" != no ] && may_install; then
		have_cxx_compiler || lack g++ "to compile the module for national phone numbers"
		if ! have_cxx_compiler || ! have_libphonenumber; then
			lack libphonenumber-dev "the numbering plans of all countries"
		fi
	fi
	have_server || lack "postgresql-$n" "the server that runs in a temporary folder"
	[ "$target" = check ] || return 0
	have_perl || lack "perl libipc-run-perl" "to run the tests that stop, crash and restore servers"
	# One of somebody's own making goes without: those tests are skipped then.
	[ "$pg_config" != pg_config ] || have_pgtap ||
		lack "postgresql-$n-pgtap" "to run the tests written with pgTAP"
}

need_major()
{
	if [ "$(major)" -lt "$LEAST_MAJOR" ]; then
		fail "lead_mgmt needs PostgreSQL $LEAST_MAJOR or later, and this system has $(major).
Install a newer one (the PostgreSQL project has packages for most systems), or name its pg_config:
  make $target PG_CONFIG=/path/to/bin/pg_config"
	fi
}

# What tests alone need, and the extension is whole without.
only_optional_lacks()
{
	rest=$packages
	for package in g++ libphonenumber-dev "postgresql-$n-pgtap"; do
		rest=$(printf '%s' "$rest" | sed "s/ $package//")
	done
	[ -z "$rest" ]
}

skip_optional()
{
	say "Not installed:$packages.  The make goes on without; what needs it is left out, and says so."
	exit 0
}

look
[ -n "$packages" ] || exit 0

if only_optional_lacks && [ -z "$tell_only" ]; then
	may_install || skip_optional
fi

if [ -n "$tell_only" ] || ! have apt-get; then
	say "This lacks here:"
	say "$reasons"
	if have apt-get; then
		fail "Install it with
  apt-get install$packages
(make demo, check, shell and bench do that themselves)."
	fi
	fail "There is no apt-get here to install it with.  On Debian the packages have the names above;
elsewhere: a C compiler with its headers, PostgreSQL $LEAST_MAJOR or later with its server headers (PGXS),
and for \"make check\" Perl with prove and IPC::Run.  Another PostgreSQL than the first in PATH:
  make $target PG_CONFIG=/path/to/bin/pg_config"
fi

# A PostgreSQL from elsewhere cannot be completed by packages.
if [ "$pg_config" != pg_config ]; then
	have "$pg_config" || fail "There is no program $pg_config (PG_CONFIG)."
	case $packages in
		*postgresql-*) fail "The PostgreSQL of $pg_config is not complete; this lacks:
$reasons" ;;
	esac
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	have sudo || fail "This lacks here:
$reasons
Installing it takes root.  As root:
  apt-get install$packages"
	sudo=sudo
fi

# Installing a server would create and start a cluster on port 5432, which
# nobody asked for: not while this runs.
cluster_directory=/etc/postgresql-common/createcluster.d
cluster_file=$cluster_directory/lead_mgmt-none.conf
forbid_cluster()
{
	$sudo mkdir -p "$cluster_directory"
	echo 'create_main_cluster = false' | $sudo tee "$cluster_file" >/dev/null
	trap 'allow_cluster' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}
allow_cluster()
{
	$sudo rm -f "$cluster_file"
	$sudo rmdir "$cluster_directory" 2>/dev/null || true
}

say "make $target: this lacks here and will be installed with apt-get${sudo:+ (through sudo)}:"
# Package lists may be missing, as in containers; which major version the
# system has is known from them.
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get $APT_OPTIONS -qq update ||
	say "The package lists could not be updated; trying with those that are here."
need_major
look
say "$reasons"
forbid_cluster

# Twice at most: some needs show only when others are met.
for attempt in first second; do
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get $APT_OPTIONS --no-install-recommends install $packages ||
		{
			only_optional_lacks && skip_optional
			fail "apt-get could not install:$packages"
		}
	look
	[ -n "$packages" ] || exit 0
	[ "$attempt" = second ] || { say "This lacks too:"; say "$reasons"; }
done

fail "After the installation this still lacks:
$reasons"
