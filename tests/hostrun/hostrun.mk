# SPDX-License-Identifier: Apache-2.0
# hostrun: a guest image in a Linux process. See hostrun.c.

HOSTRUN := $(B)/tests/hostrun

$(HOSTRUN): tests/hostrun/hostrun.c tests/hostrun/entry.S $(wildcard include/mayfly/*)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -g -mfsgsbase -fno-stack-protector $(WARN) -Iinclude \
		$(filter %.c %.S,$^) -o $@
