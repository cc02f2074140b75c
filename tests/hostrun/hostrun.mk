# SPDX-License-Identifier: Apache-2.0
# hostrun: a guest image in a Linux process; and quick tests with it, without a hypervisor:
#   make hostrun-test [ONLY=word]   tests/guest/libc/*.c under hostrun, the headers of the SDK, and
#                                   hostrun/same, close: what they print is compared with the machine's glibc
# The same programs run under the whole system as guest tests.

HOSTRUN := $(B)/tests/hostrun
HOSTRUN_TESTS := $(sort $(wildcard tests/guest/libc/*.c))
HOSTRUN_PROGRAMS := $(HOSTRUN_TESTS:tests/guest/%.c=$(B)/tests/hostrun-programs/%)

$(HOSTRUN): $(addprefix tests/hostrun/,hostrun.c pages.c entry.S pages.h) $(wildcard include/mayfly/*)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -g -mfsgsbase -fno-stack-protector $(WARN) -Iinclude \
		$(filter %.c %.S,$^) -o $@

$(B)/tests/hostrun-programs/%: tests/guest/%.c $(wildcard tests/guest/lib/*.h) $(SDK_READY)
	@mkdir -p $(@D)
	$(Q)$(SDK_CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -Itests/guest/lib $< -o $@ -lm

# In the form of tests/scripts/run-tests: 'NAME SECONDS COMMAND...'
HOSTRUN_LIST := $(foreach p,$(HOSTRUN_PROGRAMS),'hostrun/$(notdir $(p)) 20 $(HOSTRUN) $(p)')
# Those that compare with the machine's compiler and glibc: `make test` runs them too.
HOSTRUN_COMPARISONS := 'hostrun/headers 60 tests/hostrun/check-headers $(SDK)' \
	'hostrun/reproducible 60 tests/hostrun/check-reproducible $(SDK)' \
	'hostrun/same 120 tests/hostrun/check-same $(SDK) $(HOSTRUN) $(wildcard tests/hostrun/same/*.c)' \
	'hostrun/close 120 tests/hostrun/check-close $(SDK) $(HOSTRUN) tests/hostrun/close/long_double.c'

.PHONY: hostrun-test
hostrun-test: $(HOSTRUN) $(HOSTRUN_PROGRAMS) $(SDK_READY)
	@$(RUN_TESTS) $(HOSTRUN_LIST) $(HOSTRUN_COMPARISONS)
