/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where the parts of Mayfly lie: relative to this program ($(B)/bin/mayfly), or where the
 * environment says. Strings belong to the caller.
 */
#pragma once

/** The compiler wrapper: MAYFLY_SDK/bin/..., else ../sdk/bin/.... NULL when missing (reported). */
char *place_compiler(void);

/** hv.elf, dom0.elf or BOOTX64.EFI: in MAYFLY_BOOT, else in "..". NULL when missing (reported). */
char *place_boot_file(const char *name);

/** Any file of OVMF that QEMU can start as -bios. NULL when missing (reported). */
char *place_firmware(void);

/** "../<below>" from the folder of this program. */
char *place_beside(const char *below);
