/* SPDX-License-Identifier: Apache-2.0 */
/* ioapic.h - what the machine layer keeps to itself about I/O APICs; the rest: machine.h. */
#pragma once

/** Masks every input of every interrupt controller; after acpi_init(). */
void ioapic_init(void);
