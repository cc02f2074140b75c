/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi.h - what the hypervisor and a domain share: address-space layout, errors, handles, the
 * hypercall structures and the time page. C only; assembly uses layout.h.
 *
 * Rules   Fixed-width integers, explicit padding, sizes asserted at the end. A guest address is a
 *         uint64_t here, never a pointer. Reserved fields are zero and are checked to be zero.
 * Version HV_ABI_VERSION is bumped by any incompatible change of this folder; before 1.0 nothing
 *         else is promised. HC_NOP returns it.
 * Errors  Every hypercall returns a value >= 0 or a negative HV_ERR_*. On an error nothing has
 *         changed, and structures that were to be written are untouched, unless the call says so.
 */
#pragma once

#include <stdint.h>

#include "mayfly/layout.h"

#define HV_ABI_VERSION 2

/* ---- errors ------------------------------------------------------------------------------- */

enum hv_err {
    HV_OK = 0,
    HV_ERR_INVAL = -1,   /* an argument has a value that the call does not know */
    HV_ERR_ALIGN = -2,   /* an address or a length is not aligned as the call asks */
    HV_ERR_RANGE = -3,   /* an address, index or length lies outside of what is allowed */
    HV_ERR_EXISTS = -4,  /* something is there already */
    HV_ERR_NOENT = -5,   /* nothing is there */
    HV_ERR_NOMEM = -6,   /* the machine has no free frame left */
    HV_ERR_LIMIT = -7,   /* the domain's own limit (memory, handles, ports) is reached */
    HV_ERR_FAULT = -8,   /* a guest address could not be read or written */
    HV_ERR_HANDLE = -9,  /* no such handle, or it is of another kind */
    HV_ERR_PERM = -10,   /* the handle lacks the right */
    HV_ERR_STATE = -11,  /* the object is in a state that does not allow this */
    HV_ERR_BUSY = -12,   /* another operation on the object is under way */
    HV_ERR_NOSYS = -13,  /* no such hypercall */
    HV_ERR_IO = -14,     /* a device did not do what it was asked */
    HV_ERR_ABSENT = -15, /* memory whose contents have not been brought yet (HV_PROT_ABSENT) */
};

/* ---- handles and rights ------------------------------------------------------------------- */

#define HV_SELF 0xffffffffu /* instead of a domain handle: the calling domain */

#define HV_RIGHT_INFO 0x001u    /* read state, counters, report */
#define HV_RIGHT_CONTROL 0x002u /* start, pause, destroy, scheduling, registers */
#define HV_RIGHT_MEMORY 0x004u  /* map, read and write its memory */
#define HV_RIGHT_CLONE 0x008u   /* clone it */
#define HV_RIGHT_CONNECT 0x010u /* bind event ports, make and share windows */
#define HV_RIGHT_GRANT 0x020u   /* put handles into its table */
#define HV_RIGHT_DEVICE 0x040u  /* a PCI device: config space, BARs, MSI-X, DMA addresses */
#define HV_RIGHT_ALL 0x07fu

/* A domain's own capabilities, given by whoever created it (never more than the creator has). */
#define HV_CAP_CREATE 0x01u  /* create domains */
#define HV_CAP_CONSOLE 0x02u /* the machine's serial console */
#define HV_CAP_MACHINE 0x04u /* machine information, power off */
#define HV_CAP_ALL 0x07u

/* ---- memory ------------------------------------------------------------------------------- */

#define HV_PROT_READ 0x1u /* always set */
#define HV_PROT_WRITE 0x2u
#define HV_PROT_EXEC 0x4u   /* never together with WRITE */
#define HV_PROT_ABSENT 0x8u /* HC_DOM_MAP only: the contents are brought later */

#define HV_MAP_MAX_PAGES                                                                           \
    0x4000000u              /* 256 GiB in one call; whole 2 MiB and 1 GiB pieces cost one step */
#define HV_POPULATE_MAX 64u /* HC_DOM_POPULATE: per call */
#define HV_COPY_MAX_BYTES 0x10000u /* HC_DOM_READ, HC_DOM_WRITE: per call */

/* ---- events ------------------------------------------------------------------------------- */

#define HV_WAIT_FOREVER UINT64_MAX
#define HV_WAIT_POLL 0u

/* ---- registers and faults ----------------------------------------------------------------- */

/* The user-visible registers of a vCPU. Also what lies on a guest's fault stack. */
struct hv_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint64_t fs_base, gs_base;
};

/* In error_code of vector 14: the page is mapped, but the machine has no memory for it (only told to
 * domains that nobody watches: others are paused until there is some). */
#define HV_FAULT_NOMEM 0x80000000u
#define HV_VECTOR_TIMER 32u /* the time that HC_PREEMPT_AT asked for */

/*
 * What a guest's fault handler (HC_FAULT_HANDLER) gets: hv writes this below the fault stack's top,
 * sets rdi to its address, rsp to 8 bytes below it (so that the handler looks called) and rip to
 * the handler. HC_FAULT_RETURN resumes at `regs`. A fault while the fault stack is in use (between
 * delivery and HC_FAULT_RETURN, or HC_FAULT_HANDLER again) ends the domain.
 */
struct hv_fault {
    struct hv_regs regs;
    uint32_t vector;     /* exception number, Intel SDM vol. 3A table 6-1; or HV_VECTOR_TIMER */
    uint32_t error_code; /* as the CPU pushed it, or 0; HV_FAULT_NOMEM */
    uint64_t address;    /* CR2 for vector 14, else 0 */
};

#define HV_REPORT_FRAMES 16

enum hv_end_reason {
    HV_END_NONE = 0,      /* has not ended */
    HV_END_EXIT = 1,      /* HC_EXIT; code is the status */
    HV_END_FAULT = 2,     /* an exception that nobody handled */
    HV_END_DESTROYED = 3, /* HC_DOM_DESTROY */
    HV_END_NOMEM = 4,     /* its memory limit, or the machine's memory, was reached */
    HV_END_ABSENT = 5,    /* not ended: paused until the page at fault.address is brought */
};

/* How a domain ended: HC_DOM_REPORT. */
struct hv_report {
    uint32_t reason; /* enum hv_end_reason */
    int32_t code;    /* exit status */
    struct hv_fault fault;
    uint32_t frame_count; /* valid entries of frames[] */
    uint32_t reserved;
    uint64_t frames[HV_REPORT_FRAMES]; /* return addresses, innermost first, by frame pointers */
};

/* ---- domains ------------------------------------------------------------------------------ */

/* HC_DOM_CREATE and HC_DOM_CLONE. */
struct hv_dom_params {
    uint64_t
        memory_pages;     /* limit on resident pages, tables included; 0 = as the source, or none */
    uint32_t weight;      /* share of a busy CPU, 1..10000; 0 = 100 */
    uint32_t cap_percent; /* hard cap in percent of one CPU; 0 = none */
    uint32_t caps;        /* HV_CAP_* */
    uint32_t end_tag;     /* tag of the event that the creator gets when the domain ends */
    uint32_t flags;       /* HV_DOM_* */
    uint32_t reserved;
};

#define HV_DOM_FROZEN 0x1u    /* CLONE: the result is a template: it can be cloned, never run */
#define HV_DOM_END_EVENT 0x2u /* the creator wants an event with end_tag when the domain ends */

enum hv_dom_state {
    HV_DOM_STATE_PAUSED = 0,  /* created, cloned or paused */
    HV_DOM_STATE_RUNNING = 1, /* runnable or blocked */
    HV_DOM_STATE_FROZEN = 2,  /* a template */
    HV_DOM_STATE_ENDED = 3,   /* see the report; memory is kept until HC_DOM_DESTROY */
};

struct hv_dom_info {
    uint32_t state; /* enum hv_dom_state */
    uint32_t reason;
    int32_t code;
    uint32_t cpu; /* where its vCPU last ran */
    uint64_t id;  /* unique since boot */
    uint64_t resident_pages;
    uint64_t memory_pages; /* limit */
    uint64_t cpu_ns;       /* time used */
    uint64_t fault_count;  /* page faults that hv resolved */
    uint64_t hypercall_count;
    uint32_t weight, cap_percent;
};

/* All of a vCPU that a clone inherits: HC_DOM_GET_STATE, HC_DOM_SET_STATE. */
#define HV_FPU_BYTES 896

#define HV_STATE_IN_FAULT 0x1u
#define HV_STATE_PREEMPT 0x2u /* has asked for HC_PREEMPT_AT; where this is set it comes at once */

struct hv_vcpu_state {
    struct hv_regs regs;
    uint64_t fault_entry, fault_stack; /* HC_FAULT_HANDLER */
    uint32_t flags;                    /* HV_STATE_* */
    uint32_t fpu_bytes;                /* valid bytes of fpu[]; as the CPU's XSAVE wrote them */
    uint8_t fpu[HV_FPU_BYTES];
};

enum hv_extent_kind {
    HV_EXTENT_NONE = 0, /* mapped in the base only */
    HV_EXTENT_ZERO = 1, /* reads as zero; nothing to copy */
    HV_EXTENT_DATA = 2,
};

#define HV_EXTENT_PRIVATE 0x8u /* in prot: no other space shares these pages */

/* A run of pages that are alike: HC_DOM_PAGES. */
struct hv_extent {
    uint64_t va;
    uint64_t pages;
    uint32_t prot; /* HV_PROT_*, HV_EXTENT_PRIVATE */
    uint32_t kind; /* enum hv_extent_kind */
};

/* ---- the machine -------------------------------------------------------------------------- */

#define HV_MODULE_NAME_BYTES 64
#define HV_MODULES_MAX 64

/* A file from the boot volume, mapped read-only into the first domain. */
struct hv_module {
    char name[HV_MODULE_NAME_BYTES]; /* path below the boot folder, NUL-terminated */
    uint64_t va;
    uint64_t bytes;
};

/* HC_MACHINE_INFO. */
struct hv_machine_info {
    uint32_t abi_version;
    uint32_t cpu_count;
    uint64_t total_frames; /* that hv manages, bytes / 4096 */
    uint64_t free_frames;
    uint64_t tsc_khz;
    uint64_t domain_count;
    uint32_t module_count;
    uint32_t pci_count;  /* PCI devices; the first domain has handles 1..pci_count for them */
    uint64_t modules_va; /* struct hv_module[], read-only, first domain only */
    uint8_t seed[32];    /* fresh random bytes at each call */
    char hv_version[32];
};

/*
 * The time page (HV_TIME_PAGE, read-only, the same frame in every domain). Readers: read seq
 * (even), the fields, seq again; repeat when it changed. ns = ((tsc - tsc_base) * mult) >> shift,
 * in 128 bits.
 */
struct hv_time_page {
    uint32_t seq;
    uint32_t shift;
    uint64_t mult;
    uint64_t tsc_base;     /* TSC at boot: monotonic time 0 */
    uint64_t wall_base_ns; /* ns since 1970-01-01 UTC at monotonic time 0 */
    uint64_t tsc_khz;
};

/* ---- PCI ---------------------------------------------------------------------------------- */

struct hv_pci_info {
    uint16_t segment;
    uint8_t bus, devfn;
    uint16_t vendor, device;
    uint32_t class_code; /* class << 16 | subclass << 8 | prog-if */
    uint16_t subsystem_vendor, subsystem;
    uint16_t msix_count; /* table entries, 0 = none */
    uint16_t reserved;
    uint64_t bar_bytes[6]; /* memory BARs; 0 = none or I/O */
};

/* ---- size tripwires: a change here is a change of the ABI; see HV_ABI_VERSION --------------- */

_Static_assert(sizeof(struct hv_regs) == 160, "ABI: struct hv_regs");
_Static_assert(sizeof(struct hv_fault) == 176, "ABI: struct hv_fault");
_Static_assert(sizeof(struct hv_report) == 320, "ABI: struct hv_report");
_Static_assert(sizeof(struct hv_dom_params) == 32, "ABI: struct hv_dom_params");
_Static_assert(sizeof(struct hv_dom_info) == 72, "ABI: struct hv_dom_info");
_Static_assert(sizeof(struct hv_vcpu_state) == 1080, "ABI: struct hv_vcpu_state");
_Static_assert(sizeof(struct hv_extent) == 24, "ABI: struct hv_extent");
_Static_assert(sizeof(struct hv_machine_info) == 120, "ABI: struct hv_machine_info");
_Static_assert(sizeof(struct hv_module) == 80, "ABI: struct hv_module");
_Static_assert(sizeof(struct hv_time_page) == 40, "ABI: struct hv_time_page");
_Static_assert(sizeof(struct hv_pci_info) == 72, "ABI: struct hv_pci_info");
