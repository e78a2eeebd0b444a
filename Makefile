# wqw: a bare `make` in a fresh clone makes configure, runs it, and builds everything into bin/.
#
#   make                          build                 make check          all tests; TESTS='...' some
#   make install  [DESTDIR= PREFIX=]                    make check-asan     all tests under ASan and UBSan
#   make uninstall [DESTDIR= PREFIX=]                   make lint           warnings as errors, static analysis
#   make demo                     see it work           make dist           a tarball of HEAD
#   make bench                    measure, see tests/bench/README; bench-quick: in a minute
#   make clean                    what was built        make distclean      what was configured, too
#
# V=1 shows whole commands. A source in src/ with a hyphen or a dot in its stem is a program; all others are modules in
# one archive, from which each program takes what it uses. New files need no edit here.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

# Goals that need no configure.
ifneq ($(filter-out clean distclean dist,$(or $(MAKECMDGOALS),all)),)
include src/config.mk
endif

# O holds objects, B programs; `make check-asan` and `make lint` build beside the normal build with others.
O = obj
B = bin
Q = $(if $(V),,@)
LONG_CHECKS = $(filter check check-asan lint,$(MAKECMDGOALS))

STEMS := $(patsubst src/%.c,%,$(sort $(wildcard src/*.c)))
MAINS := $(foreach s,$(STEMS),$(if $(findstring -,$s)$(findstring .,$s),$s))
MODULES := $(filter-out $(MAINS),$(STEMS))
COMMANDS := $(filter-out $(MAINS),$(patsubst bin/%,%,$(wildcard bin/*)))

LIBWQW = $(O)/libwqw.a
PROGRAMS = $(MAINS:%=$(B)/%)
OBJECTS = $(STEMS:%=$(O)/%.o)

# _FORTIFY_SOURCE without optimisation is a warning and nothing else.
OPTIMISED = $(filter-out -O0,$(filter -O%,$(CFLAGS)))
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Isrc \
	$(WARN) $(if $(OPTIMISED),$(FORTIFY)) $(HARDEN) $(CPPFLAGS) $(CFLAGS)
COMPILE = $(CC) $(ALL_CFLAGS) -MMD -MP -MF $(@:.o=.d)
LINK = $(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS)

all: $(PROGRAMS) $(if $(filter-out bin,$(B)),$(COMMANDS:%=$(B)/%))

$(O) $(O)/tests $(B):
	$(Q)mkdir -p $@

$(OBJECTS): $(O)/%.o: src/%.c src/config.mk Makefile | $(O)
	@$(if $(V),,echo '  CC $@')
	$(Q)$(COMPILE) -c -o $@ $<

# What the assembler reads in no .d file has.
$(O)/page_asset.o: src/page.css src/page.js src/page.svg

# What a source has in it as a file.
$(O)/web_openapi.o: src/web_openapi.json

$(LIBWQW): $(MODULES:%=$(O)/%.o)
	@$(if $(V),,echo '  AR $@')
	$(Q)rm -f $@ && $(AR) rc $@ $^

$(PROGRAMS): $(B)/%: $(O)/%.o $(LIBWQW) | $(B)
	@$(if $(V),,echo '  LD $@')
	$(Q)$(LINK) -o $@ $< $(LIBWQW) $(LIBS)

# libmicrohttpd costs a millisecond at each start, so only the program that lives on pays it.
$(B)/wqw-httpd: LIBS += $(LIB_MICROHTTPD)
$(B)/wqw-submit: LIBS += $(LIB_MAGIC)
ifneq ($(STATIC),)
$(B)/wqw.cgi: HARDEN_LD := $(filter-out -pie,$(HARDEN_LD)) $(STATIC)
endif

# Beside the programs of another build, its tests find the shell commands too.
ifneq ($(B),bin)
$(COMMANDS:%=$(B)/%): $(B)/%: bin/% | $(B)
	$(Q)cp -p $< $@
endif

-include $(wildcard $(O)/*.d $(O)/tests/*.d)

# --- configure

configure: configure.ac
	@command -v autoconf >/dev/null || { echo 'make: autoconf is missing; ./bootstrap installs it' >&2; exit 1; }
	autoconf
	@rm -rf autom4te.cache

# The tests bring what they need, on a machine with nothing but make too.
src/config.mk: configure src/config.mk.in src/config.h.in
ifneq ($(LONG_CHECKS),)
	./bootstrap --tests
endif
	if test -f config.status; then ./config.status --recheck && ./config.status; else ./configure; fi
	@touch $@

src/config.h:
	./config.status $@

# --- tests: check_*.c are libcheck programs, preload_*.c shared objects for LD_PRELOAD, other .c helper programs

TEST_STEMS := $(patsubst tests/%.c,%,$(sort $(wildcard tests/*.c)))
CHECKS := $(filter check_%,$(TEST_STEMS))
PRELOADS := $(filter preload_%,$(TEST_STEMS))
HELPERS := $(filter-out $(CHECKS) $(PRELOADS),$(TEST_STEMS))
TEST_OBJECTS = $(addprefix $(O)/tests/,$(addsuffix .o,$(CHECKS) $(HELPERS)))
# Without libcheck its programs count as skipped.
CHECK_PROGRAMS = $(if $(LIB_CHECK),$(CHECKS:%=$(O)/tests/%))
TEST_PROGRAMS = $(CHECK_PROGRAMS) $(HELPERS:%=$(O)/tests/%) $(PRELOADS:%=$(O)/tests/%.so)
TESTS = $(CHECK_PROGRAMS) $(sort $(wildcard tests/*.t))

$(TEST_OBJECTS): WARN := $(filter-out -Wconversion -Wcast-qual,$(WARN))
$(TEST_OBJECTS): $(O)/tests/%.o: tests/%.c src/config.mk Makefile | $(O)/tests
	@$(if $(V),,echo '  CC $@')
	$(Q)$(COMPILE) -Itests -c -o $@ $<

$(CHECKS:%=$(O)/tests/%) $(HELPERS:%=$(O)/tests/%): %: %.o $(LIBWQW)
	@$(if $(V),,echo '  LD $@')
	$(Q)$(LINK) -o $@ $< $(LIBWQW) $(if $(findstring /check_,$@),$(LIB_CHECK)) $(LIBS) $(LIB_MAGIC) $(LIB_MICROHTTPD)

$(PRELOADS:%=$(O)/tests/%.so): $(O)/tests/%.so: tests/%.c src/config.mk Makefile | $(O)/tests
	@$(if $(V),,echo '  LD $@')
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(CPPFLAGS) -O2 -g -fPIC -shared -o $@ $< -ldl

check: needs
	$(Q)$(MAKE) --no-print-directory run-tests

run-tests: all $(TEST_PROGRAMS)
	@WQW_BIN='$(abspath $(B))' WQW_TESTBIN='$(abspath $(O)/tests)' WQW_ASAN='$(ASAN)' \
		tests/run $(if $(LIB_CHECK),,$(CHECKS:%=--missing %)) $(TESTS)

check-asan: needs
	$(Q)$(MAKE) --no-print-directory O=obj-asan B=obj-asan/bin ASAN=1 FORTIFY= STATIC= HARDEN=-fPIE HARDEN_LD=-pie \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -include tests/asan.h' \
		run-tests

needs:
	@./bootstrap --quiet --tests

# --- benchmarks: plain programs beside wqw, and what drives both

# rabbit.c needs a library that only its peer does, and is built where that is asked for.
BENCHES := $(patsubst tests/bench/%.c,$(O)/bench/%,$(sort $(filter-out %/rabbit.c,$(wildcard tests/bench/*.c))))

$(O)/bench:
	$(Q)mkdir -p $@

$(BENCHES): $(O)/bench/%: tests/bench/%.c Makefile | $(O)/bench
	@$(if $(V),,echo '  LD $@')
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra -O2 $(if $(filter %/empty %/stamp,$@),-static) -o $@ $<

bench bench-quick: all $(BENCHES)
	@tests/bench/run $(if $(findstring quick,$@),--quick) $(FIGURES)

# --- lint

SCRIPTS = $(shell awk 'FNR == 1 && /^\#!.*[\/ ](da|ba|k)?sh( |$$)/ { print FILENAME } { nextfile }' \
	bootstrap .ci/run $(COMMANDS:%=bin/%) tests/run tests/lint-* $(wildcard tests/*.t tests/*.sh tests/bench/*) \
	$$(test ! -d share || find share -type f))
PAGES = $(wildcard man/*.[1-8])

lint: needs
	$(Q)$(MAKE) --no-print-directory --keep-going --output-sync lint-gcc lint-clang lint-cppcheck \
		lint-tidy lint-shell lint-man lint-layers lint-wait
	@echo 'lint: clean'

# Objects only, in a directory of their own; the flags of the configured compiler need not be known to the other.
LINT_FLAGS = --no-print-directory HARDEN= FORTIFY=
lint-gcc lint-clang: lint-%: needs-%
	$(Q)$(MAKE) $(LINT_FLAGS) O=obj/lint-$* CC=$* CFLAGS='-O2 -Werror' objects

objects: $(OBJECTS) $(if $(LIB_CHECK),$(TEST_OBJECTS))

# clang-tidy looks for leaks too and understands what is handed over.
lint-cppcheck: needs-cppcheck
	@mkdir -p obj/cppcheck
	cppcheck -q -j 2 --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=memleak --cppcheck-build-dir=obj/cppcheck -D_GNU_SOURCE -Isrc src

# One file at a time: the analyser confuses va_lists of one file with those of the next.
lint-tidy: needs-clang-tidy
	printf '%s\n' $(STEMS:%=src/%.c) | xargs -P 2 -I % sh -c 'out=$$(clang-tidy --quiet % -- \
		-std=c11 -D_GNU_SOURCE -Isrc 2>&1) || { echo "$$out"; exit 1; }'

lint-shell: needs-shellcheck
	shellcheck -x -P SCRIPTDIR:tests -e SC2015,SC2016 $(SCRIPTS) tests/lib.sh

lint-man: needs-mandoc
	$(if $(PAGES),mandoc -Tlint -W warning $(PAGES))

lint-layers:
	tests/lint-layers

# A test waits for what it waits for, not for a time that is thought to be enough.
lint-wait:
	grep -d skip -nE '\b(sleep|usleep|nanosleep) +[0-9.(]' $(wildcard tests/*); test $$? -eq 1

needs-%:
	@command -v $* >/dev/null || { echo 'lint: $* is missing; ./bootstrap --tests installs it' >&2; exit 1; }

# --- install

# wqw.cgi is run by a web server, not by people, and a directory of its own can be a ScriptAlias as a whole.
CGIDIR = $(libexecdir)/wqw
DATADIR = $(datadir)/wqw
INSTALL = install -m 755
# Texts name files under /usr/local; the installed copies name where things are.
TEXT = install_text() { LC_ALL=C sed 's|/usr/local|$(PREFIX)|g' "$$1" >"$$2" && chmod "$$3" "$$2"; }
SHARED = $(shell test ! -d share || find share -type f)
DOCS = $(wildcard README spool-layout.md)
BIN = $(filter-out wqw.cgi,$(MAINS)) $(COMMANDS)
CGI = $(filter wqw.cgi,$(MAINS))

install: all
	install -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(CGIDIR)' '$(DESTDIR)$(DATADIR)' '$(DESTDIR)$(docdir)'
	$(if $(BIN),$(INSTALL) $(BIN:%=$(B)/%) '$(DESTDIR)$(bindir)')
	$(if $(CGI),$(INSTALL) $(CGI:%=$(B)/%) '$(DESTDIR)$(CGIDIR)')
	@$(TEXT); set -e; for f in $(PAGES); do d='$(DESTDIR)$(mandir)'/man$${f##*.}; install -d "$$d"; \
		install_text $$f "$$d/$${f##*/}" 644; done
	@$(TEXT); set -e; for f in $(SHARED); do d='$(DESTDIR)$(DATADIR)'/$${f#share/}; install -d "$${d%/*}"; \
		if test -x $$f; then install_text $$f "$$d" 755; else install_text $$f "$$d" 644; fi; done
	@$(TEXT); set -e; for f in $(DOCS); do install_text $$f '$(DESTDIR)$(docdir)'/$$f 644; done

uninstall:
	rm -f $(BIN:%='$(DESTDIR)$(bindir)/%') $(CGI:%='$(DESTDIR)$(CGIDIR)/%') \
		$(foreach f,$(PAGES),'$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $f))/$(notdir $f)') \
		$(SHARED:share/%='$(DESTDIR)$(DATADIR)/%') $(DOCS:%='$(DESTDIR)$(docdir)/%')
	@for d in '$(DESTDIR)$(DATADIR)' '$(DESTDIR)$(CGIDIR)' '$(DESTDIR)$(docdir)'; do \
		test ! -d "$$d" || find "$$d" -depth -type d -exec rmdir {} + 2>/dev/null || :; done

# --- the rest

demo: all
	@PATH='$(CURDIR)/bin':"$$PATH" sh share/examples/demo.sh

dist:
	@v=$$(sed -n 's/^AC_INIT(\[wqw\], \[\(.*\)\])$$/\1/p' configure.ac) && \
		git archive --format=tar.gz --prefix="wqw-$$v/" -o "wqw-$$v.tar.gz" HEAD && echo "wqw-$$v.tar.gz"

clean:
	rm -rf obj obj-asan $(MAINS:%=bin/%)

distclean: clean
	rm -rf autom4te.cache configure configure~ config.log config.status src/config.mk src/config.h wqw-*.tar.gz \
		tests/node/node_modules

.PHONY: all check check-asan run-tests bench bench-quick needs lint lint-gcc lint-clang lint-cppcheck lint-tidy lint-shell lint-man \
	lint-layers lint-wait objects install uninstall demo dist clean distclean
