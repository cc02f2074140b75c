/* SPDX-License-Identifier: Apache-2.0 */
/* apic.h - what the machine layer keeps to itself about the local APIC; the rest: machine.h. */
#pragma once

#include <stdint.h>

/** Resets the CPU with this APIC id into its wait for a start-up message. */
void apic_send_init(uint32_t apic_id);

/** Has a CPU that waits start in real mode at physical address page * 4096. */
void apic_send_startup(uint32_t apic_id, uint8_t page);
