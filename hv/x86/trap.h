/* SPDX-License-Identifier: Apache-2.0 */
/* trap.h - what entry.S, trap.c and cpu.c share. */
#pragma once

#include "hv/cpu.h"

extern const char trap_stubs[]; /* 16 bytes each */
#define TRAP_STUB_BYTES 16
void syscall_entry(void);
uint64_t user_copy(void *to, const void *from, uint64_t bytes) HV_MUST_CHECK;

/* Called by entry.S. */
void trap_guest(struct vcpu *v);
void trap_hv(struct trap_frame *t);
int trap_ist(struct trap_frame *t);

/* Exceptions, Intel SDM vol. 3A table 6-1. */
#define EXC_DB 1
#define EXC_NMI 2
#define EXC_BP 3
#define EXC_OF 4
#define EXC_DF 8
#define EXC_PF 14
#define EXC_MC 18

/* Page-fault error code, vol. 3A figure 4-12. */
#define PF_WRITE 0x2u
#define PF_RESERVED 0x8u
#define PF_FETCH 0x10u
