# lead_mgmt: build, install, test, show.  `make help` lists the targets.
#
# A PGXS makefile like any other, and targets that need no PostgreSQL of yours:
# demo, check, check-web-form, bench and shell install what is missing
# (scripts/prepare.sh) and use a server that exists only for that time
# (scripts/server.sh).

PG_CONFIG ?= pg_config
export PG_CONFIG

# ---- Targets with a server of their own --------------------------------------
# They do not read PGXS: it may not be there yet, and has a "check" of its own
# that only says that there is none.
OWN_TARGETS = demo check check-web-form bench shell help

ifneq ($(filter $(OWN_TARGETS), $(MAKECMDGOALS)),)

.PHONY: $(OWN_TARGETS)

demo:
	@scripts/prepare.sh demo
	@scripts/server.sh -- scripts/demo.sh

check:
	@scripts/prepare.sh check
	@scripts/server.sh --copy -- scripts/check.sh

check-web-form:
	@scripts/prepare.sh check-web-form
	@scripts/server.sh --copy -- scripts/check_web_form.sh || { [ $$? = 77 ] && echo 'Skipped.'; }

bench:
	@scripts/prepare.sh bench
	@scripts/server.sh --profile bench -- bench/run.sh

shell:
	@scripts/prepare.sh shell
	@scripts/server.sh --interactive -- scripts/demo.sh --shell

help:
	@echo 'Targets that need nothing but make (what lacks is installed first):'
	@echo '  demo          load 2,000 leads into a throw-away server and show what comes of it'
	@echo '  check         run all tests on a throw-away server'
	@echo '  check-web-form test examples/web-form in a browser, where Node.js and Chromium are installed'
	@echo '  shell         psql on a throw-away server with the data of the demo'
	@echo '  bench         measure speed on a throw-away server'
	@echo 'Targets for your own PostgreSQL (the one whose pg_config is found first):'
	@echo '  all           build (the default)'
	@echo '  install       install into that PostgreSQL'
	@echo '  installcheck  run the SQL and isolation tests on the running server that PGHOST, PGPORT, ... name'
	@echo '  uninstall     remove what install put there'
	@echo '  clean         remove everything that was built'
	@echo 'Variables:'
	@echo '  PG_CONFIG=... another PostgreSQL      CC=clang  another compiler'
	@echo '  WERROR=1      warnings are errors     REGRESS="a b"  only these tests of test/sql'
	@echo '  LIBPHONENUMBER=no  without national phone numbers    CXX=clang++  another C++ compiler'

# Other goals beside these: one make each, with PGXS.
OTHER_GOALS = $(filter-out $(OWN_TARGETS), $(MAKECMDGOALS))
ifneq ($(OTHER_GOALS),)
.PHONY: $(OTHER_GOALS)
$(OTHER_GOALS):
	@$(MAKE) --no-print-directory $@
endif

else # ---- Targets of PGXS -------------------------------------------------------

EXTENSION  = lead_mgmt
MODULE_big = lead_mgmt

# The control file is the one place that names the version.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" lead_mgmt.control)

# Parts of the install script, in the order in which they run.
EXTENSION_PARTS = header function workspace
EXTENSION_SQL   = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built      = $(EXTENSION_SQL)

# Scripts that the module carries: the parts of a workspace in the order in
# which they run, and those that are run by name.
WORKSPACE_PARTS   = setting rep lead engagement scoring score_view job status assignment duplicate duplicate_view merge \
	web_form import score_model_view export report trigger
WORKSPACE_SCRIPTS = lifecycle catalogue preset_standard preset_points preset_empty repair
WORKSPACE_HEADER  = src/workspace_sql.h

# A file that no list names would be left out without a word.
UNLISTED = $(filter-out $(EXTENSION_PARTS:%=sql/extension/%.sql) \
	$(WORKSPACE_PARTS:%=sql/workspace/%.sql) $(WORKSPACE_SCRIPTS:%=sql/workspace/%.sql), \
	$(wildcard sql/extension/*.sql sql/workspace/*.sql))
ifneq ($(strip $(UNLISTED)),)
$(error The Makefile does not say where $(strip $(UNLISTED)) belongs)
endif

# A second module, in C++, that a session loads when it first meets a national
# phone number.  Without libphonenumber all the rest is built all the same.
HASH := \#
LIBPHONENUMBER ?= $(shell printf '%s\n' '$(HASH)if !__has_include(<phonenumbers/phonenumberutil.h>)' \
	'$(HASH)error' '$(HASH)endif' | $(CXX) $(CPPFLAGS) -E -x c++ - >/dev/null 2>&1 && echo yes || echo no)
PHONE_OBJS = src/phone_module.o src/phone_number.o
PHONE_MODULE = lead_mgmt_phone$(DLSUFFIX)

OBJS = $(filter-out $(PHONE_OBJS), $(patsubst %.c, %.o, $(sort $(wildcard src/*.c))))

# -isystem makes the compiler ignore the -I of the same directory that PGXS
# gives, so that -Wextra is about this code and not about the server's macros.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) \
	-DLEAD_MGMT_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra $(if $(filter-out 0, $(WERROR)), -Werror) $(CLANG_CFLAGS)
# PGXS hands flags of the compiler that built the server to any other; and clang
# complains of parameters that come from the server's macros.
CLANG_CFLAGS = $(if $(findstring clang, $(notdir $(CC))), -Wno-unused-parameter \
	-Wno-unknown-warning-option -Wno-ignored-optimization-argument)

# Bitcode would let the server's JIT inline our functions.  Ours are triggers:
# nothing to gain, and it takes the very clang that the server was built with.
# `make with_llvm=yes` builds it all the same.
ifneq ($(origin with_llvm), command line)
override with_llvm = no
endif

# pg_regress wants sql/, specs/ and expected/ side by side: links put them so.
REGRESS_PREP   = build/regress
REGRESS        = $(patsubst test/sql/%.sql, %, $(sort $(wildcard test/sql/*.sql)))
ISOLATION      = $(patsubst test/specs/%.spec, %, $(sort $(wildcard test/specs/*.spec)))
REGRESS_OPTS   = --inputdir=build/regress
ISOLATION_OPTS = --inputdir=build/regress
# Tests that make servers of their own are for "make check": initdb refuses root,
# who often is who installs.
PROVE_TESTS   ?=
TAP_TESTS     := $(if $(PROVE_TESTS),1)

EXTRA_CLEAN = $(PHONE_OBJS) lead_mgmt_phone.so $(WORKSPACE_HEADER) $(wildcard sql/$(EXTENSION)--*.sql) build \
	results output_iso tmp_check tmp_check_iso log regression.diffs regression.out

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifneq ($(and $(PGXS), $(wildcard $(PGXS))),)

include $(PGXS)

CXX_WARNINGS = -Wall -Wextra $(if $(filter-out 0, $(WERROR)), -Werror) \
	$(if $(findstring clang, $(notdir $(CXX))), -Wno-unknown-warning-option -Wno-ignored-optimization-argument)

ifeq ($(LIBPHONENUMBER),yes)
all: $(PHONE_MODULE)
install: install-phone
else
all: no-phone
endif
uninstall: uninstall-phone

.PHONY: no-phone install-phone uninstall-phone
no-phone:
	@echo 'lead_mgmt is built without libphonenumber: national phone numbers will not be compared.'

# The server's own rule for shared libraries, with the C++ compiler.
$(PHONE_MODULE): COMPILER = $(CXX) $(CXXFLAGS)
$(PHONE_MODULE): $(PHONE_OBJS)
	$(LINK.shared) -o $@ $(PHONE_OBJS) $(LDFLAGS) $(LDFLAGS_SL) -lphonenumber

install-phone: $(PHONE_MODULE) installdirs
	$(INSTALL_SHLIB) $(PHONE_MODULE) '$(DESTDIR)$(pkglibdir)/$(PHONE_MODULE)'

uninstall-phone:
	rm -f '$(DESTDIR)$(pkglibdir)/$(PHONE_MODULE)'

ifneq ($(filter 9.% 10 11 12 13 14, $(MAJORVERSION)),)
$(error lead_mgmt needs PostgreSQL 15 or later; $(PG_CONFIG) is of $(VERSION))
endif

$(EXTENSION_SQL): $(EXTENSION_PARTS:%=sql/extension/%.sql) lead_mgmt.control Makefile
	@rm -f sql/$(EXTENSION)--*.sql
	cat $(filter %.sql, $^) > $@.new && mv $@.new $@

$(WORKSPACE_HEADER): scripts/embed_sql.sh Makefile \
		$(WORKSPACE_PARTS:%=sql/workspace/%.sql) $(WORKSPACE_SCRIPTS:%=sql/workspace/%.sql)
	scripts/embed_sql.sh sql/workspace '$(WORKSPACE_PARTS)' '$(WORKSPACE_SCRIPTS)' > $@.new && mv $@.new $@

# Which headers an object depends on is known once it has been compiled.
# Flags and the version come from the other two files.
src/%.o: src/%.c lead_mgmt.control Makefile | $(WORKSPACE_HEADER) build
	$(COMPILE.c) -MMD -MP -MF build/$*.d -o $@ $<

# Nothing of the server is in it, so none of its flags but those of the compiler;
# headers of the library are the system's, and not warned of.
src/phone_number.o: src/phone_number.cc Makefile | build
	$(CXX) $(CXXFLAGS) $(CFLAGS_SL) $(CXX_WARNINGS) -MMD -MP -MF build/phone_number.d -c -o $@ $<

-include $(patsubst src/%.o, build/%.d, $(OBJS) $(PHONE_OBJS))

build:
	@mkdir -p $@

build/regress: | build
	@mkdir -p $@
	@ln -sfn ../../test/sql $@/sql
	@ln -sfn ../../test/specs $@/specs
	@ln -sfn ../../expected $@/expected

else # There is no PGXS: say what lacks.

.PHONY: all install uninstall installcheck clean
all install uninstall installcheck:
	@scripts/prepare.sh --tell build
clean:
	rm -rf $(EXTRA_CLEAN) $(OBJS) lead_mgmt.so

endif
endif
