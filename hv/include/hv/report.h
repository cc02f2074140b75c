/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - how a domain died, in words: for those that nobody watches, on the serial line. */
#pragma once

#include "hv/domain.h"

/** Return addresses of the stopped or running `v`, innermost first, by frame pointers in its
 * memory. */
uint32_t report_backtrace(struct vcpu *v, uint64_t *frames, uint32_t max);

/** Prints the registers of a trap frame. */
void report_registers(const struct trap_frame *t);

/** Prints the report of a domain that nobody watches, with names from its own symbol table; powers
 * the machine off with its exit status when it was the first domain. */
void report_last_domain(struct domain *d);
