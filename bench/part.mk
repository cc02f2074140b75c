# SPDX-License-Identifier: Apache-2.0
# `make bench`: bench/run measures, with the guests of bench/guest.

BENCH_B := $(B)/bench
COMMA := ,
BENCH_IMAGES := $(BENCH_B)/stamp.img $(BENCH_B)/idle.img $(BENCH_B)/fork.img $(BENCH_B)/bulk.img

$(BENCH_B)/micro.elf: bench/guest/micro.c $(HVT_LIB) tests/hv/lib/hvtest.h $(HVT_B)/image.ld $(wildcard include/mayfly/*)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HVT_CFLAGS) -mgeneral-regs-only -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,-z,max-page-size=4096 -Wl,-T,$(HVT_B)/image.ld $< $(HVT_LIB) -o $@

$(BENCH_B)/entry.elf: bench/guest/entry.S
	@mkdir -p $(@D)
	$(Q)$(CC) -m64 -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-Ttext=0x200000 -Wl,-e,_start $< -o $@

# dom0 with another program linked around some of its functions. Those are left out of its optimisation as one,
# which would leave nothing to wrap.
$(BENCH_B)/dom0_main.img: BENCH_WRAPPED := main
$(BENCH_B)/dom0_main.img: BENCH_APART := main
$(BENCH_B)/dom0_lifecycle.img: BENCH_WRAPPED := lifecycle_run guest_kill term_printf
$(BENCH_B)/dom0_lifecycle.img: BENCH_APART := templates/lifecycle guests/guest text/term
BENCH_DOM0 := $(BENCH_B)/dom0_main.img $(BENCH_B)/dom0_lifecycle.img

$(BENCH_DOM0): $(BENCH_B)/%.img: bench/guest/%.c bench/part.mk $(DOM0_B)/dom0.debug
	@mkdir -p $(dir $(BENCH_APART:%=$(BENCH_B)/$*.apart/%))
	$(Q)for name in $(BENCH_APART); do \
		objcopy --remove-section='.gnu.lto_*' $(DOM0_B)/$$name.o $(BENCH_B)/$*.apart/$$name.o || exit 1; done
	$(Q)$(SDK_CC) -O2 $(DOM0_LTO) -Idom0 -Iunikernel-runtime/src $(addprefix -Wl$(COMMA)--wrap=,$(BENCH_WRAPPED) sbrk) \
		$(filter-out $(BENCH_APART:%=$(DOM0_B)/%.o),$(DOM0_OBJ)) $(BENCH_APART:%=$(BENCH_B)/$*.apart/%.o) \
		$(SODIUM_OBJ) $< -o $(@:.img=.linked)
	$(Q)$(MAYFLY) pack $(@:.img=.linked) --name dom0 -o $@

$(BENCH_IMAGES): $(BENCH_B)/%.img: bench/guest/%.c $(SDK_READY) $(MAYFLY)
	@mkdir -p $(@D)/$*.dir
	@printf 'name: %s\nsources: [%s.c]\nmemory: 16M\n' $* $* >$(@D)/$*.dir/mayfly.yaml
	@cp $< $(@D)/$*.dir/
	$(Q)$(MAYFLY) build -o $@ $(@D)/$*.dir

# What runs in the Linux guest: static programs. bench/run fetches its kernel.
BENCH_LINUX := $(addprefix $(BENCH_B)/linux/,init http-init stamp idle tiny-stamp tiny-idle http bulk)
BENCH_LINUX_CC = $(CC) -std=gnu11 -O2 $(WARN) -static

$(BENCH_B)/linux/init: $(addprefix bench/linux/,init.c calls.c processes.c measure.h)
	@mkdir -p $(@D)
	$(Q)$(BENCH_LINUX_CC) $(filter %.c,$^) -o $@

$(BENCH_B)/linux/http-init: bench/linux/http.c
	@mkdir -p $(@D)
	$(Q)$(BENCH_LINUX_CC) $< -o $@

$(BENCH_B)/linux/stamp $(BENCH_B)/linux/idle: $(BENCH_B)/linux/%: bench/guest/%.c bench/linux/mayfly.h
	@mkdir -p $(@D)
	$(Q)$(BENCH_LINUX_CC) -Ibench/linux $< -o $@

$(BENCH_B)/linux/tiny-%: bench/linux/tiny.c
	@mkdir -p $(@D)
	$(Q)$(BENCH_LINUX_CC) -nostdlib -fno-stack-protector $(if $(filter stamp,$*),-DSTAMP) $< -o $@

$(BENCH_B)/linux/http: $(wildcard examples/http/*.[ch])
	@mkdir -p $(@D)
	$(Q)$(BENCH_LINUX_CC) $(filter %.c,$^) -o $@

# The same program on the host, for Linux, and as a guest.
$(BENCH_B)/linux/bulk: bench/guest/bulk.c
	@mkdir -p $(@D)
	$(Q)$(BENCH_LINUX_CC) $< -o $@

# Counts instructions (bench/programs.bash).
$(BENCH_B)/insns.so: bench/qemu/insns.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 $(WARN) -shared -fPIC -fvisibility=hidden $< -o $@

.PHONY: bench bench-plots bench-100000 bench-programs
bench: all $(BENCH_B)/insns.so $(NETCLIENT) $(BENCH_B)/micro.elf $(BENCH_B)/entry.elf $(BENCH_DOM0) $(BENCH_IMAGES) $(B)/tests/programs/visitor.img $(B)/tests/programs/pattern.img $(BENCH_LINUX)
	@TP=$(TP) bench/run $(B)

# docs/plots, which is in the tree for its readers.
bench-plots: all $(NETCLIENT) $(BENCH_IMAGES) $(BENCH_LINUX)
	@TP=$(TP) bench/run $(B) plots

# 100,000 guests in 16 GiB: needs 8 GiB of the host's memory, and is not part of bench.
bench-100000: all $(NETCLIENT) $(BENCH_IMAGES)
	@bench/run $(B) 100000

# Only nginx, redis and SQLite, ours and Linux's.
bench-programs: all $(NETCLIENT) $(BENCH_B)/insns.so $(BENCH_B)/linux/http-init $(BENCH_B)/linux/bulk $(BENCH_B)/bulk.img
	@TP=$(TP) bench/run $(B) programs
