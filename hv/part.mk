# SPDX-License-Identifier: Apache-2.0
# hv.elf (PVH and UEFI entry) and BOOTX64.EFI, the UEFI loader.

HV_B := $(B)/hv
HV_CLANG := $(findstring clang,$(CC))
# All of hv is optimised as one: a hypercall's way goes through several files.
HV_LTO := $(if $(HV_CLANG),,-flto -flto-partition=one)
HV_SRC := $(wildcard hv/core/*.c hv/x86/*.c hv/x86/*.S) hv/boot/start.S hv/boot/pvh.c
HV_OBJ := $(patsubst %,$(HV_B)/%.o,$(HV_SRC))
HV_CFLAGS := -std=gnu11 -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pie \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -O2 -g \
	-fno-omit-frame-pointer -ffunction-sections -fdata-sections $(HV_LTO) \
	-ffile-prefix-map=$(CURDIR)=. $(WARN) -Iinclude -Ihv/include -Ihv/x86 -DHV_VERSION=\"$(VERSION)\" -MMD -MP \
	$(if $(filter 1,$(DEBUG)),-DHV_DEBUG)
HV_LD := $(CC) $(HV_CFLAGS) -nostdlib -no-pie -static -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,-T,hv/hv.ld

ALL += $(B)/hv.elf $(B)/BOOTX64.EFI

# DEBUG=1 after a build without it, or the reverse, must compile again.
HV_STAMP := $(HV_B)/flags-$(if $(filter 1,$(DEBUG)),debug,release)
$(HV_STAMP):
	@mkdir -p $(HV_B) && rm -f $(HV_B)/flags-* && touch $@

$(HV_B)/%.o: % $(HV_STAMP) hv/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(HV_CFLAGS) -c $< -o $@

# A loop that copies bytes must not become a call of memcpy in memcpy itself; the compiler makes calls
# of these after it has read everything else.
$(HV_B)/hv/x86/lib.c.o: HV_CFLAGS += -fno-lto $(if $(HV_CLANG),,-fno-tree-loop-distribute-patterns)

# The image is linked twice: the symbol table of the first link goes into the second. The table lies
# behind the text, so no function may have moved.
$(HV_B)/symtab: hv/tools/symtab.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 $(WARN) -Iinclude $< -o $@

$(HV_B)/pass1.elf: $(HV_OBJ) hv/hv.ld
	$(Q)$(HV_LD) $(HV_OBJ) -o $@

$(HV_B)/symtab.bin: $(HV_B)/pass1.elf $(HV_B)/symtab
	$(Q)nm -n $< | $(HV_B)/symtab >$@

$(HV_B)/symtab.o: $(HV_B)/symtab.bin
	$(Q)printf '.section .hv_symtab,"a"\n.incbin "%s"\n.section .note.GNU-stack,"",@progbits\n' $< | \
		$(CC) -c -x assembler - -o $@

$(B)/hv.elf: $(HV_OBJ) $(HV_B)/symtab.o hv/hv.ld
	@echo "  LD      $@"
	$(Q)$(HV_LD) $(HV_OBJ) $(HV_B)/symtab.o -o $@
	@nm -n $@ | $(HV_B)/symtab | cmp -s - $(HV_B)/symtab.bin || \
		{ echo "hv: functions moved between the two links: the symbol table is wrong" >&2; rm $@; exit 1; }

# ---- the UEFI loader ---------------------------------------------------------------------------

# With this gcc keeps the stack as the UEFI calling convention wants it; clang does so anyway.
EFI_GCC_FLAGS := $(if $(HV_CLANG),,-maccumulate-outgoing-args)
EFI_INC ?= /usr/include/efi
EFI_LIB ?= /usr/lib
EFI_CFLAGS := -std=gnu11 -fpic -ffreestanding -fno-stack-protector -fno-strict-aliasing -fshort-wchar \
	-mno-red-zone -fcf-protection=none -DGNU_EFI_USE_MS_ABI -O2 $(WARN) \
	$(EFI_GCC_FLAGS) -isystem $(EFI_INC) -isystem $(EFI_INC)/x86_64 -isystem $(EFI_INC)/protocol -Ihv/include -MMD -MP

$(HV_B)/efi.o: hv/boot/efi.c hv/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(EFI_CFLAGS) -c $< -o $@

$(HV_B)/efi.so: $(HV_B)/efi.o
	$(Q)ld -nostdlib -znocombreloc -z noexecstack --no-warn-rwx-segments -T $(EFI_LIB)/elf_x86_64_efi.lds \
		-shared -Bsymbolic -L$(EFI_LIB) $(EFI_LIB)/crt0-efi-x86_64.o $< -o $@ -lefi -lgnuefi
	@test -z "$$(nm -u $@)" || { nm -u $@; rm $@; exit 1; }

$(B)/BOOTX64.EFI: $(HV_B)/efi.so
	$(Q)objcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela -j '.rel.*' \
		-j '.rela.*' -j .reloc -j .rodata --target=efi-app-x86_64 $< $@

-include $(HV_OBJ:.o=.d) $(HV_B)/efi.d
