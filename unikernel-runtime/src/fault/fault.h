/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - the end of a guest that went wrong: a report on its console, then a true fault. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mayfly/abi.h"

/** Has faults reported. One hypercall; touches no memory. */
void mf_fault_init(void);

/** Whether nothing is at `address` because a file that is mapped there is too short. NULL: none is. */
extern bool (*mf_is_behind_file)(uint64_t address);

/** Prints `why` and a backtrace, and ends the guest with the status of a program that `sig` ended. */
void mf_fault_die(const char *why, int sig) __attribute__((noreturn));
