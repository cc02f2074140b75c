/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - says how a guest ended: why, where, with which registers, called by whom. */
#pragma once

#include "images/image.h"
#include "mayfly/abi.h"

/** Prints the report of a guest that ended by a fault or for want of memory. */
void report_print(const char *name, const struct image *image, const struct hv_report *r);

/** Prints registers, four in a line. */
void report_print_registers(const struct hv_regs *r);

/** One word for how it ended: "exited", "crashed", ... */
const char *report_reason(uint32_t reason);

/** The exit status that stands for the end: the guest's own, or 128 + a signal number, as shells
 * do. */
int32_t report_status(const struct hv_report *r);
