# SPDX-License-Identifier: Apache-2.0
# Tests, checks and the packages that they need. tests/README.md says how to add one.

Q ?= @
JOBS ?= 2
TEST_LIMIT ?= 3600
TEST_GOALS := test check unit
RUN_TESTS = tests/scripts/run-tests $(B)/tests/results $(JOBS) $(TEST_LIMIT)

# ---- Debian packages ---------------------------------------------------------------------------------
# An included file, so that make brings it up to date before anything else and, when packages were
# installed, starts again with them.

DEPS_GROUPS := $(if $(filter-out help clean fmt lint deps,$(or $(MAKECMDGOALS),all)),build) \
               $(if $(filter run gdb test hv-test guest-test e2e bench bench-plots ports-test,$(MAKECMDGOALS)),run) \
               $(if $(filter test check unit e2e deps ports-test,$(MAKECMDGOALS)),test) \
               $(if $(filter bench bench-plots,$(MAKECMDGOALS)),bench) \
               $(if $(filter lint check fmt,$(MAKECMDGOALS)),lint) \
               $(if $(filter deps,$(MAKECMDGOALS)),build run bench)
ifneq ($(strip $(DEPS_GROUPS)),)
$(B)/deps.mk: FORCE
	@mkdir -p $(@D)
	@[ -f $@ ] || touch $@
	@sh tests/scripts/deps.sh $@ $(DEPS_GROUPS)
include $(B)/deps.mk
endif

.PHONY: deps
deps:
	@echo "all packages that run, test and bench need are installed"

# ---- unit tests ------------------------------------------------------------------------------------

UNIT_CC ?= $(CC)
UNIT_CFLAGS = -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all \
              -fno-omit-frame-pointer -Iinclude -Ihv/include
UNIT_PROGRAMS :=
UNIT_LIST :=

ifneq ($(filter $(TEST_GOALS),$(MAKECMDGOALS)),)
UNIT_SRC := $(sort $(shell find tests/unit -name 'test_*.c'))
$(B)/tests/unit.mk: FORCE
	@mkdir -p $(@D)
	@awk -f tests/scripts/unit-rules.awk $(UNIT_SRC) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
include $(B)/tests/unit.mk
endif

# ---- tests of hv: tiny images that boot in place of dom0 ---------------------------------------------

HVT_B := $(B)/tests/hv
HVT_SRC := $(sort $(wildcard tests/hv/test_*.c))
HVT_LIB := tests/hv/lib/start.S tests/hv/lib/hvtest.c
HVT_CFLAGS := -std=gnu11 -ffreestanding -O2 -g -mno-red-zone -fno-omit-frame-pointer -fno-pie -fno-stack-protector \
              -fcf-protection=none -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
              $(WARN) -Iinclude -Itests/hv/lib
HVT_PROGRAMS := $(HVT_SRC:tests/%.c=$(B)/tests/%.elf)
# Lazily, so that only a test run pays for it. A test runs once for each number of its `cpus:` line.
HV_LIST = $(shell awk -v build=$(B) -f tests/scripts/hv-list.awk $(HVT_SRC))

$(HVT_B)/image.ld: tests/hv/lib/image.ld include/mayfly/layout.h
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -Iinclude $< -o $@

$(HVT_B)/%.elf: tests/hv/%.c $(HVT_LIB) tests/hv/lib/hvtest.h $(HVT_B)/image.ld $(wildcard include/mayfly/*)
	$(Q)$(CC) $(HVT_CFLAGS) $(if $(shell grep '^// fpu: yes' $<),,-mgeneral-regs-only) \
		-static -nostdlib -no-pie -fno-omit-frame-pointer -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,-T,$(HVT_B)/image.ld $< $(HVT_LIB) -o $@

# ---- guest tests -----------------------------------------------------------------------------------

GT_B := $(B)/tests/guest
GT_SRC := $(sort $(shell find tests/guest -name '*.c' -not -path '*/lib/*' -not -path '*/data/*' \
                   -not -path '*/programs/*'))
GT_IMAGES := $(GT_SRC:tests/%.c=$(B)/tests/%.img)
# Programs that end-to-end tests run as guests.
GP_IMAGES := $(patsubst tests/guest/programs/%.c,$(B)/tests/programs/%.img,$(wildcard tests/guest/programs/*.c))
GUEST_LIST = $(foreach t,$(GT_SRC:tests/%.c=%),'$(t) $(or $(call header,timeout,tests/$(t).c),60) \
             tests/scripts/run-guest $(B) tests/$(t).c $(B)/tests/$(t).img')
header = $(shell sed -n '/^\/\//!q; s/^\/\/ $(1): *//p' $(2))

$(GT_B)/%.img $(B)/tests/programs/%.img: MAKE_GUEST = @mkdir -p $(@:.img=.dir) && ln -sfn $(CURDIR) $(@:.img=.dir)/top && \
	awk -v top=$(CURDIR) -f tests/scripts/guest-manifest.awk $< >$(@:.img=.dir)/mayfly.yaml && \
	$(MAYFLY) build -o $@ $(@:.img=.dir)

GT_COMMON = $(SDK_READY) $(MAYFLY) tests/scripts/guest-manifest.awk $(wildcard tests/guest/lib/* tests/guest/data/*)

$(GT_B)/%.img: tests/guest/%.c $(GT_COMMON)
	$(MAKE_GUEST)

$(B)/tests/programs/%.img: tests/guest/programs/%.c $(GT_COMMON)
	$(MAKE_GUEST)

# ---- dom0 whose steps fail on demand -----------------------------------------------------------------

# hold.c compares addresses with the hypercall page: it gets the real one.
INJECT_B := $(B)/tests/dom0
INJECT_OBJ := $(patsubst $(DOM0_B)/%.o,$(INJECT_B)/%.o,$(filter-out $(DOM0_B)/guests/hold.o $(DOM0_B)/cJSON.o,$(DOM0_OBJ)))
INJECT_WRAP := $(foreach f,malloc calloc realloc strdup free mf_touch room_claim show_guests sbrk,-Wl,--wrap=$(f))

$(INJECT_B)/%.o: dom0/%.c tests/dom0/inject.h $(DOM0_B)/%.o
	@mkdir -p $(@D)
	$(Q)$(SDK_CC) $(DOM0_CFLAGS) -include tests/dom0/inject.h -c $< -o $@

$(INJECT_B)/dom0.elf: tests/part.mk $(INJECT_OBJ) $(DOM0_OBJ) $(SODIUM_OBJ) tests/dom0/inject.c tests/dom0/stubs.S $(SDK_READY) $(MAYFLY)
	$(Q)$(SDK_CC) $(DOM0_CFLAGS) -fno-lto -MF $(INJECT_B)/inject.d -Itests/dom0 $(INJECT_WRAP) tests/dom0/inject.c tests/dom0/stubs.S \
		$(INJECT_OBJ) $(DOM0_B)/guests/hold.o $(DOM0_B)/cJSON.o $(SODIUM_OBJ) -o $(INJECT_B)/dom0.debug
	$(Q)$(MAYFLY) pack $(INJECT_B)/dom0.debug --name dom0 -o $@

# ---- end-to-end tests --------------------------------------------------------------------------------

BATS_SRC := $(sort $(wildcard tests/*.bats))
# 300 s each, or what a line `# limit: SECONDS` at the file's top says.
bats_limit = $(or $(shell sed -n '1,5s/^\# limit: //p' $(1)),300)
BATS_LIST = $(foreach t,$(BATS_SRC:tests/%.bats=%),'e2e/$(t) $(call bats_limit,tests/$(t).bats) bats --tap tests/$(t).bats')

include tests/differ/part.mk

# ---- host programs of the tests ---------------------------------------------------------------------

NETCLIENT := $(B)/tests/bin/netclient
$(NETCLIENT): $(wildcard tests/programs/netclient*.c) tests/programs/netclient.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) $(filter %.c,$^) -o $@ -lpthread

LIFECYCLE := $(B)/tests/bin/lifecycle $(B)/tests/bin/oom $(B)/tests/bin/inject
$(LIFECYCLE): $(B)/tests/bin/%: tests/programs/%.c tests/programs/lifecycle_talk.c tests/programs/lifecycle_talk.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) $(filter %.c,$^) -o $@

# ---- lint ----------------------------------------------------------------------------------------------

CODE_FOLDERS := hv include unikernel-runtime build-tool dom0 examples tests bench
CODE = $(shell find $(CODE_FOLDERS) -name '*.[ch]' | sort)
# How the runtime's and dom0's files find lwIP and each other.
LINT_RT_FLAGS = $(filter -I% -D%,$(RT_CFLAGS) $(DOM0_CFLAGS) $(LWIP_CFLAGS) $(NET_CFLAGS))

$(B)/lint/runtime-flags: FORCE
	@mkdir -p $(@D)
	@echo '$(LINT_RT_FLAGS)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/lint/%.ok: % .clang-format .clang-tidy tests/scripts/lint-one $(B)/lint/runtime-flags
	@mkdir -p $(@D)
	@tests/scripts/lint-one $(B) $<
	@touch $@

# ---- goals ---------------------------------------------------------------------------------------------

.PHONY: test unit hv-test guest-test e2e ports-test check lint fmt help clean FORCE
FORCE:

unit: $(UNIT_PROGRAMS)
	@$(RUN_TESTS) $(UNIT_LIST)

hv-test: $(B)/hv.elf $(HVT_PROGRAMS)
	@$(RUN_TESTS) $(HV_LIST)

guest-test: all $(GT_IMAGES)
	@$(RUN_TESTS) $(GUEST_LIST)

e2e: all $(GP_IMAGES) $(NETCLIENT) $(LIFECYCLE) $(INJECT_B)/dom0.elf $(TP)/hello.src.stamp
	@MAYFLY_BUILD=$(B) MAYFLY_SOURCES=$(abspath $(TP)/src) $(RUN_TESTS) $(BATS_LIST)

test: all $(UNIT_PROGRAMS) $(HVT_PROGRAMS) $(GT_IMAGES) $(GP_IMAGES) $(NETCLIENT) $(LIFECYCLE) $(INJECT_B)/dom0.elf $(TP)/hello.src.stamp \
		$(DIFFER_PROGRAMS)
	@MAYFLY_BUILD=$(B) MAYFLY_SOURCES=$(abspath $(TP)/src) $(RUN_TESTS) $(UNIT_LIST) $(HV_LIST) $(GUEST_LIST) $(DIFFER_LIST) $(HOSTRUN_COMPARISONS) $(BATS_LIST)

# Every test of every port; `make test` runs the quick ones (tests/ports.bats).
ports-test: all
	@$(MAYFLY) ports test --all

check: lint unit

ifneq ($(filter lint check,$(MAKECMDGOALS)),)
lint: $(SDK_HEADERS) $(patsubst %,$(B)/lint/%.ok,$(CODE))
	@echo "lint: all good"
endif

fmt:
	@clang-format -i $(CODE)

clean:
	rm -rf $(B)

help:
	@sed -n 's/^# help: //p' tests/part.mk

# help: make          builds everything
# help: make run      boots Mayfly in QEMU with examples/http as a guest; PORT= ACCEL= CPUS= MEM=
# help: make run DISK=FILE:SIZE  to dom0's shell, with a disk for saved templates
# help: make test     builds and runs every test; ONLY='guest/ kv' runs those whose name contains a word; JOBS=2
# help: make ports-test  all tests of all ports (docs/ports.md), also those that take minutes
# help: make unit     runs the host unit tests (gcc, ASan, UBSan); UNIT_CC=clang
# help: make differ   random calls on Linux and in a guest; DIFFER_SEEDS='1 1000' DIFFER_STEPS=1000
# help: make hv-test  runs the tests that boot hv alone
# help: make check    format, lint and unit tests
# help: make lint     clang-format, clang-tidy, sizes of functions and files
# help: make fmt      formats all C files
# help: make bench    measures; table on the terminal, build/bench.json
# help: make install  installs all of it below PREFIX (default /usr/local); DESTDIR=; make uninstall
# help: make deps     installs the Debian packages that are missing (all other goals do that too)
# help: make clean    removes the build folder
# help: B=FOLDER      builds there instead of in build/
