# SPDX-License-Identifier: Apache-2.0
# mayfly, the host program that builds, shows and runs guests, and `make run`.

Q ?= @
MAYFLY := $(B)/bin/mayfly
MAYFLY_VERSION := 0.1.0
MAYFLY_B := $(B)/build-tool
MAYFLY_SRC := $(wildcard build-tool/*.c)
# dom0's own check of a signature is in here too.
MAYFLY_OBJ := $(patsubst build-tool/%.c,$(MAYFLY_B)/%.o,$(MAYFLY_SRC)) $(MAYFLY_B)/dom0/images/signature.o
MAYFLY_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -Iinclude -MMD -MP \
	-DMAYFLY_VERSION='"$(MAYFLY_VERSION)"'
MAYFLY_LIBS := -lcyaml -lyaml -ljansson -lelf -lsodium

ALL += $(MAYFLY) $(B)/probe.elf

$(MAYFLY_B)/%.o: build-tool/%.c build-tool/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(MAYFLY_CFLAGS) -c $< -o $@

$(MAYFLY_B)/dom0/%.o: dom0/%.c build-tool/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(MAYFLY_CFLAGS) -Idom0 -c $< -o $@

$(MAYFLY): $(MAYFLY_OBJ)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $^ -o $@ $(MAYFLY_LIBS)

# The guest that `mayfly run` tries KVM with.
$(MAYFLY_B)/probe.linked: build-tool/probe.S build-tool/part.mk include/mayfly/layout.h
	@mkdir -p $(@D)
	$(Q)$(CC) -c -Iinclude $< -o $(MAYFLY_B)/probe.o
	$(Q)ld -static -n -Ttext 0x202000 -Tbss 0x400000 --build-id=none -z noexecstack $(MAYFLY_B)/probe.o -o $@

$(B)/probe.elf: $(MAYFLY_B)/probe.linked $(MAYFLY)
	$(Q)$(MAYFLY) pack $< --name probe -o $@

-include $(MAYFLY_OBJ:.o=.d)

include build-tool/ports.mk
include build-tool/install.mk

# ---- make run --------------------------------------------------------------------------------------

PORT ?= 8080
# DISK=FILE[:SIZE]: to dom0's shell instead, with a disk for saved templates.
DISK ?=

.PHONY: run
run: all
	@ACCEL='$(ACCEL)' CPUS='$(CPUS)' MEM='$(MEM)' exec $(MAYFLY) run --uefi -p $(PORT):80 \
		$(if $(DISK),--shell --disk '$(DISK)' $(B)/images,examples/http)

# Boots GUEST under gdb's control; docs/debugging.md.
GUEST ?= hello
GDB_PORT ?= 1234

.PHONY: gdb
gdb: all
	@echo "waits for: gdb $(B)/images/$(GUEST).img.debug -ex 'target remote 127.0.0.1:$(GDB_PORT)'"
	@exec $(MAYFLY) run --gdb $(GDB_PORT) $(B)/images/$(GUEST).img
