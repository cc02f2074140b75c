/* SPDX-License-Identifier: Apache-2.0 */
/* smp.h - what smp.c and trampoline.S share. */
#pragma once

#include <stdint.h>

/* Filled in in the copy of the trampoline. */
struct trampoline_values {
    uint32_t cr3;
    uint16_t gdt_limit; /* constant */
    uint32_t gdt_base;
} __attribute__((packed));

extern const char trampoline_start[], trampoline_values[], trampoline_end[];
extern const uint64_t early_gdt[];

extern uint64_t smp_cr3;
extern uint64_t smp_stack_top;
extern void (*smp_entry)(uint32_t index);
extern uint32_t smp_index;
