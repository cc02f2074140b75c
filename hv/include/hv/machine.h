/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.h - what the machine layer (hv/x86: acpi, apic, ioapic, clock, smp, paging, serial, pci)
 * offers the core. Called on the boot CPU in the order of hv_main() unless the text says otherwise.
 */
#pragma once

#include "hv/boot_info.h"
#include "hv/types.h"

/* hv's part of every address space. The image runs at HV_IMAGE_VA wherever it was loaded. */
#define DIRECT_MAP_VA 0xffff800000000000ul /* all RAM, NX; hv's own text is read-only here too */
#define MMIO_VA 0xffffc00000000000ul       /* device registers, uncached, NX */
#define STACKS_VA 0xffffff0000000000ul     /* CPUs' stacks, each above an unmapped page */
#define STACKS_BYTES 0x40000000ul
#define HV_IMAGE_VA 0xffffffff80000000ul

/** The C entry, on the boot CPU, from start.S or pvh.c. */
void HV_NORETURN hv_main(struct boot_info *info);

/* ---- early memory: before frame_init() ------------------------------------------------------- */

void bootmem_init(const struct boot_info *info);
/** Zeroed, page-aligned physical memory that is never freed. Panics when there is none. */
paddr_t bootmem_alloc(uint64_t bytes);
/** Ends early allocation and calls `add` for each range of whole free pages that is left. */
void bootmem_finish(void (*add)(paddr_t base, uint64_t pages));
/** One more than the highest page number of RAM. */
uint64_t bootmem_page_limit(void);

/* ---- paging: hv's half ----------------------------------------------------------------------- */

/** Builds hv's final map (direct map, W^X image), loads it on this CPU. */
void paging_init(const struct boot_info *info);
/** A new top-level table with hv's half filled in: each CPU has one of its own. From bootmem. */
uint64_t *paging_new_top(void);
/** Maps device registers uncached; the same range may be mapped twice. Panics on exhaustion.
 * From bootmem, so before bootmem_finish(). */
volatile void *mmio_map(paddr_t base, uint64_t bytes);
/** The top of a new stack with a guard page below. From bootmem, before the first
 * paging_new_top(). */
void *paging_new_stack(uint64_t bytes);
/** Unmaps one page of hv's image, as a guard page below a stack. Local TLB only: early boot. */
void paging_unmap_page(const void *va);

/* ---- tables and CPUs ------------------------------------------------------------------------- */

/** Reads MADT, MCFG, FADT, HPET. Panics when there is no MADT or no usable timer reference. */
void acpi_init(uint64_t rsdp);
/** Number of usable CPUs in the MADT, at most CPUS_MAX; the boot CPU is index 0. */
uint32_t acpi_cpu_count(void);
uint32_t acpi_cpu_apic_id(uint32_t index);
/** Powers off or resets by what ACPI offers. Returns when nothing worked. */
void acpi_power_off(void);

/** Calibrates the TSC against HPET or PM timer; sets up the time page. */
void clock_init(const struct boot_info *info);
/** Nanoseconds since clock_init(). Any CPU, any context. */
uint64_t clock_ns(void);
uint64_t clock_tsc_khz(void);
/** The frame that every domain sees as its time page. */
paddr_t clock_time_page(void);

/** Local APIC of the calling CPU: x2APIC where there is, timer calibrated (or TSC-deadline). */
void apic_init_cpu(void);
uint32_t apic_id(void);
void apic_eoi(void);
/** One-shot timer interrupt (VECTOR_TIMER) on this CPU at `deadline_ns`; UINT64_MAX disarms. */
void apic_timer_set(uint64_t deadline_ns);
/** Sends a fixed interrupt `vector` to the CPU with `apic_id`. */
void apic_send_ipi(uint32_t apic_id, uint8_t vector);
/** NMI to all other CPUs (panic). */
void apic_nmi_others(void);

/** Routes ISA interrupt `irq` (with MADT overrides) to `vector` of the boot CPU. False: no I/O
 * APIC. */
bool ioapic_route_isa(uint32_t irq, uint8_t vector);

/**
 * Starts all other CPUs, one after another; after cpu_init_boot(). Each runs `entry(index)` on its
 * own stack (struct cpu) with hv's map loaded and interrupts off; entry does not return. Returns
 * when all have called smp_arrived().
 */
void smp_start(void (*entry)(uint32_t index));
void smp_arrived(void);

/* ---- serial ---------------------------------------------------------------------------------- */

void serial_init(void);
/** Writes what the line takes now, and returns how much; all, where there is no line. */
size_t serial_write_some(const char *data, size_t bytes);
/** Writes all, but what a line does not take that stands still for 0.1 s: hv's own messages. */
void serial_write(const char *data, size_t bytes);
/** Enables the receive interrupt, which calls nothing: the vector's handler calls serial_read(). */
void serial_enable_rx(void);
/** The next received byte, or -1. */
int serial_read(void);

/* ---- ends of the machine --------------------------------------------------------------------- */

/** Writes "mayfly-exit: CODE\n" to the debug console, ends by isa-debug-exit, ACPI, or halts. */
void HV_NORETURN machine_off(int32_t code);

/** Prints return addresses with names, from frame pointer `rbp`; hv addresses only. Any context. */
void backtrace_print(uint64_t rip, uint64_t rbp);

/* ---- PCI ------------------------------------------------------------------------------------- */

struct pci_device;

/** Scans the buses of MCFG; prints one line per device. */
void pci_init(void);
uint32_t pci_count(void);
/** 0 <= index < pci_count(). The devices live for ever. */
struct pci_device *pci_get(uint32_t index);
void pci_get_info(const struct pci_device *device, struct hv_pci_info *info);
/** hv_pci_read(), hv_pci_write(): offset and width checked here; RANGE, ALIGN, PERM. */
enum hv_err pci_config_read(struct pci_device *device, uint32_t offset, uint32_t bytes,
                            uint32_t *value) HV_MUST_CHECK;
enum hv_err pci_config_write(struct pci_device *device, uint32_t offset, uint32_t bytes,
                             uint32_t value) HV_MUST_CHECK;
/** The machine address and size of a memory BAR, NOENT when it is none. *msix_page_first/_count:
 * the pages of it (may be 0) that hold the MSI-X table and must not be writable to a guest. */
enum hv_err pci_bar(const struct pci_device *device, uint32_t bar, paddr_t *base, uint64_t *bytes,
                    uint64_t *msix_page_first, uint64_t *msix_page_count) HV_MUST_CHECK;
/** Programs MSI-X entry `index` to send `vector` to `apic_id`, unmasks it, enables MSI-X. RANGE. */
enum hv_err pci_msix_set(struct pci_device *device, uint32_t index, uint32_t apic_id,
                         uint8_t vector) HV_MUST_CHECK;
void pci_msix_mask(struct pci_device *device, uint32_t index);

/* ---- interrupt vectors ----------------------------------------------------------------------- */

#define VECTOR_DEVICE_FIRST 0x30 /* MSI-X and ISA devices */
#define VECTOR_DEVICE_LAST 0xdf
#define VECTOR_SERIAL 0xe0
#define VECTOR_TIMER 0xe1
#define VECTOR_KICK 0xe2 /* look at your run queue */
#define VECTOR_SPURIOUS 0xff
