# SPDX-License-Identifier: Apache-2.0
# Tests, checks and the packages that they need. tests/README.md says how to add one.

Q ?= @
JOBS ?= 2
TEST_LIMIT ?= 1200
TEST_GOALS := test check unit
RUN_TESTS = tests/scripts/run-tests $(B)/tests/results $(JOBS) $(TEST_LIMIT)

# ---- Debian packages ---------------------------------------------------------------------------------
# An included file, so that make brings it up to date before anything else and, when packages were
# installed, starts again with them.

DEPS_GROUPS := $(if $(filter-out help clean fmt lint deps,$(or $(MAKECMDGOALS),all)),build) \
               $(if $(filter run gdb test bench,$(MAKECMDGOALS)),run) \
               $(if $(filter test check unit deps,$(MAKECMDGOALS)),test) \
               $(if $(filter bench,$(MAKECMDGOALS)),bench) \
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

.PHONY: unit FORCE
FORCE:

unit: $(UNIT_PROGRAMS)
	@$(RUN_TESTS) $(UNIT_LIST)
