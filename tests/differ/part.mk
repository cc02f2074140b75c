# SPDX-License-Identifier: Apache-2.0
# Programs that make random calls, on Linux and in a guest (differ.h):
#   make differ [ONLY=files] [DIFFER_SEEDS='1 200'] [DIFFER_STEPS=500]
# The guest runs under hostrun. As user 0: who else runs it gets other errors from Linux.

DIFFER_SEEDS ?= 1 40
DIFFER_STEPS ?= 400
DIFFER_B := $(B)/tests/differ
DIFFER_NAMES := files ready

# NAME.c, its parts NAME_*.c, and differ.c.
DIFFER_C = tests/differ/$*.c $(wildcard tests/differ/$*_*.c) tests/differ/differ.c

$(DIFFER_B)/%.host: $(wildcard tests/differ/*.[ch])
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) $(DIFFER_C) -o $@ -lpthread

$(DIFFER_B)/%: $(wildcard tests/differ/*.[ch]) $(SDK_READY)
	@mkdir -p $(@D)
	$(Q)$(SDK_CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) $(DIFFER_C) -o $@

DIFFER_LIST = $(foreach n,$(DIFFER_NAMES),'differ/$(n) 300 tests/differ/compare $(HOSTRUN) $(DIFFER_B) $(n) $(DIFFER_SEEDS) $(DIFFER_STEPS)')

DIFFER_PROGRAMS := $(HOSTRUN) $(foreach n,$(DIFFER_NAMES),$(DIFFER_B)/$(n).host $(DIFFER_B)/$(n))

.PHONY: differ
differ: $(DIFFER_PROGRAMS)
	@$(RUN_TESTS) $(DIFFER_LIST)
