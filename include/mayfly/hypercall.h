/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hypercall.h - the guest's side of every hypercall, and its contract.
 *
 * Each function calls into the hypercall page, so that an image contains no SYSCALL instruction and
 * runs on any host that fills the page. Errors are HV_ERR_* (abi.h). Any call can also return NOSYS.
 * Calls on a handle can return HANDLE (no such handle, wrong kind) and PERM (right missing; the
 * right is named in brackets). Calls that read or write guest memory can return FAULT. HV_SELF may
 * stand for a domain handle where the text says so.
 */
#pragma once

#include "mayfly/abi.h"

enum hv_hypercall {
#define HYPERCALL(number, NAME, handler) HC_##NAME = number,
#include "mayfly/hypercalls.def"
#undef HYPERCALL
    HC_COUNT = 64 /* stubs in the hypercall page */
};

struct hv_result {
    int64_t value;  /* rax */
    uint64_t extra; /* rdx */
};

typedef struct hv_result (*hv_entry_t)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static inline struct hv_result hv_call(enum hv_hypercall nr, uint64_t a0, uint64_t a1, uint64_t a2,
                                       uint64_t a3, uint64_t a4)
{
    const uintptr_t stub = HV_HYPERCALL_PAGE + (uintptr_t)nr * HV_HYPERCALL_STUB_BYTES;
    return ((hv_entry_t)stub)(a0, a1, a2, a3, a4, 0);
}

/** Does nothing. Returns HV_ABI_VERSION. */
static inline int64_t hv_nop(void)
{
    return hv_call(HC_NOP, 0, 0, 0, 0, 0).value;
}

/**
 * Takes the oldest pending event, or blocks until one comes or `deadline_ns` (monotonic time, see
 * the time page) has passed; HV_WAIT_POLL never blocks, HV_WAIT_FOREVER has no deadline.
 * Returns 1 and *tag (the tag its port was bound with), or 0 when the deadline passed.
 */
static inline int64_t hv_event_wait(uint64_t deadline_ns, uint32_t *tag)
{
    const struct hv_result r = hv_call(HC_EVENT_WAIT, deadline_ns, 0, 0, 0, 0);
    if (r.value > 0) {
        *tag = (uint32_t)r.extra;
    }
    return r.value;
}

/**
 * Makes the event at the other end of `port` pending. An event that is pending already stays one
 * event. Sending to an ended domain does nothing. Errors: NOENT (no such port).
 */
static inline int64_t hv_event_send(uint32_t port)
{
    return hv_call(HC_EVENT_SEND, port, 0, 0, 0, 0).value;
}

/**
 * Connects domains `a` and `b` (handles, or HV_SELF) by one port in each. A send on one side
 * becomes an event with the other side's tag. Returns the port in `a`, and in *port_b that in `b`.
 * [CONNECT on both] Errors: LIMIT (ports), NOMEM, STATE (one has ended).
 */
static inline int64_t hv_event_bind(uint32_t a, uint32_t tag_a, uint32_t b, uint32_t tag_b,
                                    uint32_t *port_b)
{
    const struct hv_result r = hv_call(HC_EVENT_BIND, a, tag_a, b, tag_b, 0);
    if (r.value >= 0) {
        *port_b = (uint32_t)r.extra;
    }
    return r.value;
}

/** Closes the caller's `port`; a pending event of it is dropped. Errors: NOENT. */
static inline int64_t hv_event_close(uint32_t port)
{
    return hv_call(HC_EVENT_CLOSE, port, 0, 0, 0, 0).value;
}

/** Ends the calling domain with status `code`. Does not return. */
static inline void __attribute__((noreturn)) hv_exit(int32_t code)
{
    for (;;) {
        hv_call(HC_EXIT, (uint64_t)(uint32_t)code, 0, 0, 0, 0);
    }
}

/** Lets other runnable vCPUs of this CPU go first. Returns 0. */
static inline int64_t hv_yield(void)
{
    return hv_call(HC_YIELD, 0, 0, 0, 0, 0).value;
}

/**
 * Has exceptions that hv cannot resolve delivered to `entry` on the stack that ends at `stack_top`
 * (multiple of 16; struct hv_fault is put below it). entry 0 turns delivery off. Also ends a fault
 * that is being handled, so that a handler may leave by longjmp. Errors: RANGE, ALIGN.
 */
static inline int64_t hv_fault_handler(uint64_t entry, uint64_t stack_top)
{
    return hv_call(HC_FAULT_HANDLER, entry, stack_top, 0, 0, 0).value;
}

/** Resumes at the registers in `regs`. Returns only on an error: FAULT, INVAL (no user state). */
static inline int64_t hv_fault_return(const struct hv_regs *regs)
{
    return hv_call(HC_FAULT_RETURN, (uint64_t)(uintptr_t)regs, 0, 0, 0, 0).value;
}

/** Sets the FS base, for CPUs without FSGSBASE. Errors: RANGE. */
static inline int64_t hv_set_fs_base(uint64_t base)
{
    return hv_call(HC_SET_FS_BASE, base, 0, 0, 0, 0).value;
}

/**
 * Adds `pages` zero pages at `va` to the caller, populated at first touch. prot: HV_PROT_*.
 * [va, va + pages) lies in [HV_HYPERCALL_PAGE + 2 pages, HV_WINDOW_HIGH_VA).
 * Errors: ALIGN, RANGE, INVAL (prot), EXISTS (a page is mapped), NOMEM.
 */
static inline int64_t hv_mem_map(uint64_t va, uint64_t pages, uint32_t prot)
{
    return hv_call(HC_MEM_MAP, va, pages, prot, 0, 0).value;
}

/** Removes `pages` pages at `va`; holes are allowed. Errors: ALIGN, RANGE, NOMEM (path copies). */
static inline int64_t hv_mem_unmap(uint64_t va, uint64_t pages)
{
    return hv_call(HC_MEM_UNMAP, va, pages, 0, 0, 0).value;
}

/** Changes the protection of `pages` mapped pages. Errors: ALIGN, RANGE, INVAL, NOENT, NOMEM. */
static inline int64_t hv_mem_protect(uint64_t va, uint64_t pages, uint32_t prot)
{
    return hv_call(HC_MEM_PROTECT, va, pages, prot, 0, 0).value;
}

/** Writes to the machine's serial console (HV_CAP_CONSOLE). Returns bytes written, at most 4096. */
static inline int64_t hv_console_write(const void *data, uint64_t bytes)
{
    return hv_call(HC_CONSOLE_WRITE, (uint64_t)(uintptr_t)data, bytes, 0, 0, 0).value;
}

/** Reads what has arrived on the serial console, without blocking. Returns bytes read, maybe 0. */
static inline int64_t hv_console_read(void *data, uint64_t bytes)
{
    return hv_call(HC_CONSOLE_READ, (uint64_t)(uintptr_t)data, bytes, 0, 0, 0).value;
}

/** Makes serial input an event with `tag` for the caller. Returns the port. Errors: LIMIT, BUSY. */
static inline int64_t hv_console_bind(uint32_t tag)
{
    return hv_call(HC_CONSOLE_BIND, tag, 0, 0, 0, 0).value;
}

/** Fills *info (HV_CAP_MACHINE). */
static inline int64_t hv_machine_info(struct hv_machine_info *info)
{
    return hv_call(HC_MACHINE_INFO, (uint64_t)(uintptr_t)info, 0, 0, 0, 0).value;
}

/** Powers the machine off (HV_CAP_MACHINE); a QEMU that has a debug exit ends with `code`. */
static inline int64_t hv_machine_off(int32_t code)
{
    return hv_call(HC_MACHINE_OFF, (uint64_t)(uint32_t)code, 0, 0, 0, 0).value;
}

/**
 * Makes an empty, paused domain (HV_CAP_CREATE): hypercall page and time page only. Returns its
 * handle, with all rights. Errors: INVAL, NOMEM, LIMIT (handles).
 */
static inline int64_t hv_dom_create(const struct hv_dom_params *params)
{
    return hv_call(HC_DOM_CREATE, (uint64_t)(uintptr_t)params, 0, 0, 0, 0).value;
}

/**
 * Makes a copy of `src` (paused or frozen, or HV_SELF for the caller): memory but no windows,
 * registers, FPU, fault handler; no ports and no handles. The cost does not depend on its memory.
 * The result is paused, or frozen with HV_DOM_FROZEN. A copy of the caller returns from this call
 * with value 0, like fork(), once it is started. [CLONE] Errors: INVAL, STATE (it runs, has ended, or
 * maps devices), NOMEM, LIMIT (handles).
 */
static inline int64_t hv_dom_clone(uint32_t src, const struct hv_dom_params *params)
{
    return hv_call(HC_DOM_CLONE, src, (uint64_t)(uintptr_t)params, 0, 0, 0).value;
}

/** HC_MEM_MAP in `dom`, which is not running. [MEMORY] Errors as hv_mem_map, and STATE. */
static inline int64_t hv_dom_map(uint32_t dom, uint64_t va, uint64_t pages, uint32_t prot)
{
    return hv_call(HC_DOM_MAP, dom, va, pages, prot, 0).value;
}

/**
 * Copies `bytes` (at most HV_COPY_MAX_BYTES) from the memory of `dom`, which is not running, to the
 * caller. [MEMORY] Errors: RANGE, STATE, NOENT (a page is not mapped there), FAULT (here).
 */
static inline int64_t hv_dom_read(uint32_t dom, uint64_t va, void *to, uint64_t bytes)
{
    return hv_call(HC_DOM_READ, dom, va, (uint64_t)(uintptr_t)to, bytes, 0).value;
}

/**
 * Copies to the memory of `dom`, which is not running (a template: STATE), whatever the protection
 * there; mapped pages only. [MEMORY] Errors as hv_dom_read, and NOMEM. On FAULT or NOMEM a first
 * part may have been written.
 */
static inline int64_t hv_dom_write(uint32_t dom, uint64_t va, const void *from, uint64_t bytes)
{
    return hv_call(HC_DOM_WRITE, dom, va, (uint64_t)(uintptr_t)from, bytes, 0).value;
}

/** Reads the registers of vCPU `vcpu` (0) of `dom`, which is not running. [CONTROL] STATE. */
static inline int64_t hv_dom_get_regs(uint32_t dom, uint32_t vcpu, struct hv_regs *regs)
{
    return hv_call(HC_DOM_GET_REGS, dom, vcpu, (uint64_t)(uintptr_t)regs, 0, 0).value;
}

/** Sets them; flags that a guest cannot set are ignored. [CONTROL] Errors: STATE, INVAL. */
static inline int64_t hv_dom_set_regs(uint32_t dom, uint32_t vcpu, const struct hv_regs *regs)
{
    return hv_call(HC_DOM_SET_REGS, dom, vcpu, (uint64_t)(uintptr_t)regs, 0, 0).value;
}

/** Lets a paused domain run. [CONTROL] Errors: STATE (not paused). */
static inline int64_t hv_dom_start(uint32_t dom)
{
    return hv_call(HC_DOM_START, dom, 0, 0, 0, 0).value;
}

/** Stops a running domain; it has stopped when this returns. [CONTROL] Errors: STATE. */
static inline int64_t hv_dom_pause(uint32_t dom)
{
    return hv_call(HC_DOM_PAUSE, dom, 0, 0, 0, 0).value;
}

/**
 * Ends a domain in any state, gives its memory back and closes the handle. Works in slices: the
 * caller may be preempted meanwhile. Windows live on in the domains that still map them. [CONTROL]
 */
static inline int64_t hv_dom_destroy(uint32_t dom)
{
    return hv_call(HC_DOM_DESTROY, dom, 0, 0, 0, 0).value;
}

/** Fills *info. [INFO; HV_SELF allowed] */
static inline int64_t hv_dom_info(uint32_t dom, struct hv_dom_info *info)
{
    return hv_call(HC_DOM_INFO, dom, (uint64_t)(uintptr_t)info, 0, 0, 0).value;
}

/** Fills *report. [INFO] Errors: STATE (it has not ended). */
static inline int64_t hv_dom_report(uint32_t dom, struct hv_report *report)
{
    return hv_call(HC_DOM_REPORT, dom, (uint64_t)(uintptr_t)report, 0, 0, 0).value;
}

/** Sets weight (1..10000) and cap (percent of one CPU, 0 = none). [CONTROL] Errors: INVAL. */
static inline int64_t hv_dom_sched(uint32_t dom, uint32_t weight, uint32_t cap_percent)
{
    return hv_call(HC_DOM_SCHED, dom, weight, cap_percent, 0, 0).value;
}

/**
 * Makes paused `dom` what template `to` is: memory, registers, FPU. Windows and ports are kept.
 * [CONTROL on dom, CLONE on to] Errors: STATE, NOMEM.
 */
static inline int64_t hv_dom_rollback(uint32_t dom, uint32_t to)
{
    return hv_call(HC_DOM_ROLLBACK, dom, to, 0, 0, 0).value;
}

/**
 * Makes a window of zero pages [first, first + pages) (page numbers within the 2 MiB slot, populated
 * at first touch by either side) and maps it at `dom_va` in `dom` and at `self_va` in the caller.
 * The addresses are multiples of HV_WINDOW_BYTES: slot 0 (dom_va 0, first >= HV_WINDOW0_SKIP) or in
 * [HV_WINDOW_HIGH_VA, HV_GUEST_END). [CONNECT] Errors: ALIGN, RANGE, EXISTS, NOMEM, LIMIT.
 */
static inline int64_t hv_window_create(uint32_t dom, uint64_t dom_va, uint64_t self_va,
                                       uint32_t first, uint32_t pages)
{
    return hv_call(HC_WINDOW_CREATE, dom, dom_va, self_va, first, pages).value;
}

/**
 * Maps the window that is at `a_va` in domain `a` also at `b_va` in domain `b`; either may be
 * HV_SELF. [CONNECT on both] Errors: ALIGN, RANGE, NOENT, EXISTS, NOMEM.
 */
static inline int64_t hv_window_share(uint32_t a, uint64_t a_va, uint32_t b, uint64_t b_va)
{
    return hv_call(HC_WINDOW_SHARE, a, a_va, b, b_va, 0).value;
}

/** Unmaps the window at `va` of `dom` (or HV_SELF); the last mapping frees it. [CONNECT] NOENT. */
static inline int64_t hv_window_close(uint32_t dom, uint64_t va)
{
    return hv_call(HC_WINDOW_CLOSE, dom, va, 0, 0, 0).value;
}

/**
 * Gives domain `to` a handle on what the caller's `handle` names, with `rights` (a subset of the
 * caller's). Returns its number in `to`. [GRANT on to] Errors: PERM, LIMIT, NOMEM.
 */
static inline int64_t hv_handle_grant(uint32_t to, uint32_t handle, uint32_t rights)
{
    return hv_call(HC_HANDLE_GRANT, to, handle, rights, 0, 0).value;
}

/** Closes a handle; the object lives on while anybody else refers to it. */
static inline int64_t hv_handle_close(uint32_t handle)
{
    return hv_call(HC_HANDLE_CLOSE, handle, 0, 0, 0, 0).value;
}

/** Fills *info for a PCI device handle. [DEVICE for all PCI calls] */
static inline int64_t hv_pci_info(uint32_t device, struct hv_pci_info *info)
{
    return hv_call(HC_PCI_INFO, device, (uint64_t)(uintptr_t)info, 0, 0, 0).value;
}

/** Reads `bytes` (1, 2, 4) of config space at `offset`. Returns the value. RANGE, ALIGN. */
static inline int64_t hv_pci_read(uint32_t device, uint32_t offset, uint32_t bytes)
{
    return hv_call(HC_PCI_READ, device, offset, bytes, 0, 0).value;
}

/** Writes config space. PERM: BARs, and the MSI and MSI-X capabilities, belong to hv. RANGE. */
static inline int64_t hv_pci_write(uint32_t device, uint32_t offset, uint32_t bytes, uint32_t value)
{
    return hv_call(HC_PCI_WRITE, device, offset, bytes, value, 0).value;
}

/**
 * Maps memory BAR `bar` (0..5) uncached at `va` (page-aligned, in the heap range) of the caller. The
 * pages that hold the MSI-X table are mapped read-only. Returns the size in bytes. NOENT, EXISTS.
 */
static inline int64_t hv_pci_map_bar(uint32_t device, uint32_t bar, uint64_t va)
{
    return hv_call(HC_PCI_MAP_BAR, device, bar, va, 0, 0).value;
}

/**
 * Routes MSI-X table entry `index` to an event with `tag` for the caller, and enables MSI-X.
 * Returns the port; closing it masks the entry. Errors: RANGE, BUSY, LIMIT (vectors), NOENT.
 */
static inline int64_t hv_pci_msix(uint32_t device, uint32_t index, uint32_t tag)
{
    return hv_call(HC_PCI_MSIX, device, index, tag, 0, 0).value;
}

/**
 * The machine address of the caller's page at `va`, which is populated and stays where it is until
 * it is unmapped, for DMA by `device`. Pages of windows too. Errors: NOENT, PERM (not writable).
 */
static inline int64_t hv_dma_address(uint32_t device, uint64_t va)
{
    return hv_call(HC_DMA_ADDRESS, device, va, 0, 0, 0).value;
}
