/* SPDX-License-Identifier: Apache-2.0 */
/* image_map.h - the symbols that hv.ld and start.S export about hv's own image. */
#pragma once

#include <stdint.h>

extern const char hv_text_start[], hv_text_end[];
extern const char hv_rodata_start[], hv_rodata_end[];
extern const char hv_data_start[], hv_end[];
extern const char hv_symtab_start[], hv_symtab_end[];

/* An instruction of hv that may fault, and where to go on then; offsets from the fields
 * themselves. */
struct ex_entry {
    int32_t fault, fixup;
};
extern const struct ex_entry ex_table_start[], ex_table_end[];

extern const char boot_stack_guard[]; /* one page below the boot CPU's stack */
extern char boot_stack_top[];
extern uint64_t early_pml4[];
