/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where the parts of Mayfly lie: relative to this program, or where the environment says.
 * Beside $(B)/bin/mayfly they are in "..", beside an installed PREFIX/bin/mayfly in
 * "../lib/mayfly". Strings belong to the caller.
 */
#pragma once

/** The compiler wrapper: MAYFLY_SDK/bin/..., else sdk/bin/.... NULL when missing (reported). */
char *place_compiler(void);

/** The file with the hash of the runtime's libraries; it need not exist. */
char *place_runtime_hash(void);

/** hv.elf, dom0.elf or BOOTX64.EFI: in MAYFLY_BOOT, else with the parts. NULL when missing (reported). */
char *place_boot_file(const char *name);

/** Any file of OVMF that QEMU can start as -bios. NULL when missing (reported). */
char *place_firmware(void);

/** The part `below`. */
char *place_beside(const char *below);
