/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registers.h - words for a fault: what happened, the registers, the signal that it is. For the
 * guest's own report and dom0's. Allocates nothing, prints nothing: also for fault handlers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mayfly/abi.h"

#define MF_FAULT_ROWS 5u       /* of registers */
#define MF_FAULT_ROW_BYTES 96u /* at most, with the newline and a NUL */

/** What an exception is called (Intel SDM vol. 3A, table 6-1). */
const char *mf_fault_name(uint32_t vector);

/** The POSIX signal that an exception is. */
int mf_fault_signal(uint32_t vector);

/** What a page fault was about to do, by its error code: execute, write or read. */
const char *mf_fault_access(uint32_t error_code);

/** Why it could not: the same for the guest's own report and for dom0's. */
const char *mf_fault_why(uint32_t error_code);

/** Puts row 0..MF_FAULT_ROWS-1 of the registers into `text`; returns its bytes without the NUL. */
size_t mf_fault_row(const struct hv_regs *r, unsigned int row, char text[MF_FAULT_ROW_BYTES]);

/** Puts `value` into `to` in hexadecimal, at least `digits` (at most 16), no NUL; returns how many. */
size_t mf_fault_hex(char to[16], uint64_t value, unsigned int digits);
