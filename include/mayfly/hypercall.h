/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hypercall.h - the guest's side of every hypercall, and its contract.
 *
 * Each function calls into the hypercall page, so that an image contains no SYSCALL instruction and
 * runs on any host that fills the page. Errors are HV_ERR_* (abi.h). What several calls have in
 * common is said here and not repeated:
 *
 * NOSYS    from any number that has no call.
 * HANDLE   from calls on a handle: there is none of this number, or it is of another kind.
 * PERM     the handle lacks the right named in brackets ([CONTROL]: HV_RIGHT_CONTROL), or the
 *          caller lacks the capability named there ([HV_CAP_CONSOLE]).
 * FAULT    from calls with a pointer: the caller's memory is not mapped there, or not writable.
 * HV_SELF  may stand for a domain handle where the text says so, and needs no right.
 *
 * "Which is not running" means paused, frozen or ended, and not the caller. When another CPU works
 * on the domain at this moment such a call returns BUSY: make it again.
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

/** Does nothing. Returns HV_ABI_VERSION. Errors: none. */
static inline int64_t hv_nop(void)
{
    return hv_call(HC_NOP, 0, 0, 0, 0, 0).value;
}

/**
 * Takes the oldest pending event, or blocks until one comes or `deadline_ns` (monotonic time, see
 * the time page) has passed; HV_WAIT_POLL never blocks, HV_WAIT_FOREVER has no deadline.
 * Returns 1 and *tag (the tag its port was bound with), or 0 when the deadline passed. Errors:
 * none.
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
 * event. Sending to an ended domain, or to a port that was closed there, does nothing. Errors:
 * NOENT (no such port, or one whose events come from a device, the console or the end of a domain).
 */
static inline int64_t hv_event_send(uint32_t port)
{
    return hv_call(HC_EVENT_SEND, port, 0, 0, 0, 0).value;
}

/**
 * Connects domains `a` and `b` (handles, or HV_SELF) by one port in each. A send on one side
 * becomes an event with the other side's tag. Returns the port in `a`, and in *port_b that in `b`.
 * [CONNECT on both] Errors: LIMIT (ports), NOMEM, STATE (one is a template or has ended).
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

/**
 * Closes the caller's `port`; a pending event of it is dropped. That of a device masks its MSI-X
 * entry, that of the console makes it free for others. Returns 0. Errors: NOENT (no such port).
 */
static inline int64_t hv_event_close(uint32_t port)
{
    return hv_call(HC_EVENT_CLOSE, port, 0, 0, 0, 0).value;
}

/** Ends the calling domain with status `code`. Does not return. Errors: none. */
static inline void __attribute__((noreturn)) hv_exit(int32_t code)
{
    for (;;) {
        hv_call(HC_EXIT, (uint64_t)(uint32_t)code, 0, 0, 0, 0);
    }
}

/** Lets other runnable vCPUs of this CPU go first. Returns 0. Errors: none. */
static inline int64_t hv_yield(void)
{
    return hv_call(HC_YIELD, 0, 0, 0, 0, 0).value;
}

/**
 * Has exceptions that hv cannot resolve delivered to `entry` on the stack that ends at `stack_top`
 * (multiple of 16; struct hv_fault is put below it). entry 0 turns delivery off. Also ends a fault
 * that is being handled, so that a handler may leave by longjmp. Returns 0. Errors: ALIGN
 * (stack_top), RANGE (entry or stack_top beyond HV_GUEST_END, or no room below stack_top).
 */
static inline int64_t hv_fault_handler(uint64_t entry, uint64_t stack_top)
{
    return hv_call(HC_FAULT_HANDLER, entry, stack_top, 0, 0, 0).value;
}

/**
 * Resumes at the registers in `regs`; flags that a guest cannot set are ignored. Returns only on an
 * error. Errors: INVAL (rip, fs_base or gs_base not below HV_GUEST_END).
 */
static inline int64_t hv_fault_return(const struct hv_regs *regs)
{
    return hv_call(HC_FAULT_RETURN, (uint64_t)(uintptr_t)regs, 0, 0, 0, 0).value;
}

/** Sets the FS base, for CPUs without FSGSBASE. Returns 0. Errors: RANGE (not below
 * HV_GUEST_END). */
static inline int64_t hv_set_fs_base(uint64_t base)
{
    return hv_call(HC_SET_FS_BASE, base, 0, 0, 0, 0).value;
}

/**
 * Asks once for a call of the fault handler, with vector HV_VECTOR_TIMER, when monotonic time has
 * passed `deadline_ns` and the caller's vCPU runs: how a runtime takes the CPU from a thread that
 * computes. Replaces an earlier one; 0: none. A wait for events that blocks ends it; while a fault is
 * being handled, or the fault stack cannot be written, it is put off a little. Clones inherit it.
 * Returns 0. Errors: STATE (there is no fault handler).
 */
static inline int64_t hv_preempt_at(uint64_t deadline_ns)
{
    return hv_call(HC_PREEMPT_AT, deadline_ns, 0, 0, 0, 0).value;
}

/**
 * Adds `pages` zero pages at `va` to the caller, populated at first touch. prot: HV_PROT_*.
 * [va, va + pages) lies in [HV_IMAGE_BASE, HV_WINDOW_HIGH_VA); pages: 1..HV_MAP_MAX_PAGES. Returns
 * 0. Errors: ALIGN, RANGE, INVAL (prot), EXISTS (a page is mapped), NOMEM, LIMIT (page tables).
 */
static inline int64_t hv_mem_map(uint64_t va, uint64_t pages, uint32_t prot)
{
    return hv_call(HC_MEM_MAP, va, pages, prot, 0, 0).value;
}

/**
 * Removes `pages` pages at `va` (range as hv_mem_map); holes are allowed. Works in slices: the
 * caller may be preempted meanwhile. Returns 0. Errors: ALIGN, RANGE, NOMEM, LIMIT (page tables);
 * on these two a first part may have been removed.
 */
static inline int64_t hv_mem_unmap(uint64_t va, uint64_t pages)
{
    return hv_call(HC_MEM_UNMAP, va, pages, 0, 0, 0).value;
}

/**
 * Changes the protection of `pages` mapped pages at `va` (range as hv_mem_map), in slices. Returns
 * 0. Errors: ALIGN, RANGE, INVAL (prot), NOENT (a page is not mapped), PERM (a device's or a boot
 * module's page), NOMEM, LIMIT (page tables); on these four a first part may have been changed.
 */
static inline int64_t hv_mem_protect(uint64_t va, uint64_t pages, uint32_t prot)
{
    return hv_call(HC_MEM_PROTECT, va, pages, prot, 0, 0).value;
}

/**
 * Writes to the machine's serial console. Returns the bytes written, at most 64; 0 while the line
 * takes none, because it is slow or who reads it is: try again later. No event tells.
 * [HV_CAP_CONSOLE] Errors: none but the common ones.
 */
static inline int64_t hv_console_write(const void *data, uint64_t bytes)
{
    return hv_call(HC_CONSOLE_WRITE, (uint64_t)(uintptr_t)data, bytes, 0, 0, 0).value;
}

/**
 * Reads what has arrived on the serial console, without blocking. Returns the bytes read, 0 to 64.
 * On FAULT they may be lost. [HV_CAP_CONSOLE] Errors: none but the common ones.
 */
static inline int64_t hv_console_read(void *data, uint64_t bytes)
{
    return hv_call(HC_CONSOLE_READ, (uint64_t)(uintptr_t)data, bytes, 0, 0, 0).value;
}

/**
 * Makes serial input an event with `tag` for the caller. Returns the port. [HV_CAP_CONSOLE] Errors:
 * BUSY (somebody has it), LIMIT (ports), NOMEM.
 */
static inline int64_t hv_console_bind(uint32_t tag)
{
    return hv_call(HC_CONSOLE_BIND, tag, 0, 0, 0, 0).value;
}

/**
 * Fills *info. modules_va, module_count and pci_count are 0 but in the first domain. Returns 0.
 * [HV_CAP_MACHINE] Errors: none but the common ones.
 */
static inline int64_t hv_machine_info(struct hv_machine_info *info)
{
    return hv_call(HC_MACHINE_INFO, (uint64_t)(uintptr_t)info, 0, 0, 0, 0).value;
}

/**
 * Powers the machine off; a QEMU with isa-debug-exit ends with status 2 * code + 1. Returns only on
 * an error. [HV_CAP_MACHINE] Errors: none but the common ones.
 */
static inline int64_t hv_machine_off(int32_t code)
{
    return hv_call(HC_MACHINE_OFF, (uint64_t)(uint32_t)code, 0, 0, 0, 0).value;
}

/**
 * Makes an empty, paused domain: hypercall page and time page only. Returns its handle, with all
 * rights. [HV_CAP_CREATE, and every capability in params->caps] Errors: INVAL (weight, caps, flags,
 * reserved; HV_DOM_FROZEN), NOMEM, LIMIT (handles; ports, for HV_DOM_END_EVENT; memory_pages below
 * 3).
 */
static inline int64_t hv_dom_create(const struct hv_dom_params *params)
{
    return hv_call(HC_DOM_CREATE, (uint64_t)(uintptr_t)params, 0, 0, 0, 0).value;
}

/**
 * Makes a copy of `src` (paused or frozen, or HV_SELF for the caller): memory but no windows,
 * registers, FPU, fault handler; no ports and no handles. The cost does not depend on its memory.
 * The result is paused, or frozen with HV_DOM_FROZEN. A copy of the caller returns from this call
 * with value 0, like fork(), once it is started; one of a domain that waits finds its wait over.
 * Returns the handle, with all rights. [CLONE, HV_CAP_CREATE, and every capability in params->caps]
 * Errors: INVAL (as hv_dom_create), STATE (it runs, has ended, or has devices), BUSY, NOMEM, LIMIT
 * (handles; ports, for HV_DOM_END_EVENT).
 */
static inline int64_t hv_dom_clone(uint32_t src, const struct hv_dom_params *params)
{
    return hv_call(HC_DOM_CLONE, src, (uint64_t)(uintptr_t)params, 0, 0, 0).value;
}

/**
 * HC_MEM_MAP in `dom`, which is not running. Returns 0. [MEMORY] Errors: ALIGN, RANGE, INVAL
 * (prot), EXISTS (a page is mapped), NOMEM, LIMIT (page tables), STATE (it runs, or is a template),
 * BUSY, ABSENT (a part of 2 MiB that are shared and have absent pages).
 *
 * With HV_PROT_ABSENT in `prot`, and all pages within 2 MiB, they are mapped and counted, but *absent*:
 * hv_dom_write() brings their contents later. Until it has, the lowest-level table that they are in is
 * shared by all that are cloned, directly or not, from `dom`, so that what is brought to one of them is
 * brought to all. A domain that touches an absent page, or that writes to, or maps, unmaps or protects
 * a part of, 2 MiB that are so shared, is paused with HV_END_ABSENT as the reason; whoever asked for
 * its end gets that event; hv_dom_report() has the address in fault.address. It goes on with
 * hv_dom_start(): bring all absent pages of the 2 MiB around that address before. The fault stack
 * (HC_FAULT_HANDLER) must not be absent: a fault then ends the domain. Errors besides: RANGE (pages),
 * LIMIT (pages); on an error but EXISTS a first part may be mapped.
 */
static inline int64_t hv_dom_map(uint32_t dom, uint64_t va, uint64_t pages, uint32_t prot)
{
    return hv_call(HC_DOM_MAP, dom, va, pages, prot, 0).value;
}

/**
 * HC_MEM_UNMAP in `dom`, which is not running. Returns 0. [MEMORY] Errors: ALIGN, RANGE, NOMEM,
 * LIMIT (page tables), STATE (it runs, or is a template), BUSY, ABSENT (hv_dom_map()); on NOMEM, LIMIT,
 * BUSY and ABSENT a first part may have been removed.
 */
static inline int64_t hv_dom_unmap(uint32_t dom, uint64_t va, uint64_t pages)
{
    return hv_call(HC_DOM_UNMAP, dom, va, pages, 0, 0).value;
}

/**
 * Copies `bytes` (at most HV_COPY_MAX_BYTES) from the memory of `dom`, which is not running, to the
 * caller. A page that nobody has touched yet, of a window, too, is zeros and takes no memory. Returns 0.
 * [MEMORY] Errors: RANGE (bytes, va), STATE (it runs), BUSY, NOENT (a page is not mapped there), PERM (a
 * page is hv's, a module's or a device's), ABSENT (hv_dom_map()). On NOENT, PERM, ABSENT and FAULT a
 * first part may have been copied.
 */
static inline int64_t hv_dom_read(uint32_t dom, uint64_t va, void *to, uint64_t bytes)
{
    return hv_call(HC_DOM_READ, dom, va, (uint64_t)(uintptr_t)to, bytes, 0).value;
}

/**
 * Copies `bytes` (at most HV_COPY_MAX_BYTES) to the memory of `dom`, which is paused, whatever the
 * protection there; mapped pages only. Returns 0. [MEMORY] Errors: RANGE (bytes, va), STATE (it is
 * not paused), BUSY, NOENT (a page is not mapped there), PERM (a page is hv's, a module's or a
 * device's), NOMEM, LIMIT (pages of `dom`), ABSENT (a part of a page, or of 2 MiB, that is absent). On
 * NOENT, PERM, NOMEM, LIMIT, ABSENT and FAULT a first part may have been copied.
 *
 * Whole pages of `dom` that are absent (hv_dom_map()) are brought by this, to it and to all that share
 * them, also when it is a template or has ended; STATE says of these that a page was not absent.
 */
static inline int64_t hv_dom_write(uint32_t dom, uint64_t va, const void *from, uint64_t bytes)
{
    return hv_call(HC_DOM_WRITE, dom, va, (uint64_t)(uintptr_t)from, bytes, 0).value;
}

/**
 * Gives `dom`, which is not running, its own copy of `count` mapped pages (at most HV_POPULATE_MAX), whose addresses
 * are at `pages`, as its first write to each would: for those that it is known to write. Returns how
 * many were done: fewer when a later one cannot be, as one that is absent (hv_dom_map()). [MEMORY] Errors: RANGE (count), STATE (it runs, or is
 * a template), BUSY.
 */
static inline int64_t hv_dom_populate(uint32_t dom, const uint64_t *pages, uint64_t count)
{
    return hv_call(HC_DOM_POPULATE, dom, (uint64_t)(uintptr_t)pages, count, 0, 0).value;
}

/**
 * Reads the registers of vCPU `vcpu` (0) of `dom`, which is not running. Returns 0. [CONTROL]
 * Errors: INVAL (vcpu), STATE (it runs), BUSY.
 */
static inline int64_t hv_dom_get_regs(uint32_t dom, uint32_t vcpu, struct hv_regs *regs)
{
    return hv_call(HC_DOM_GET_REGS, dom, vcpu, (uint64_t)(uintptr_t)regs, 0, 0).value;
}

/**
 * Sets them in a paused domain; flags that a guest cannot set are ignored; a wait for events is
 * over. Returns 0. [CONTROL] Errors: INVAL (vcpu; rip, fs_base or gs_base not below HV_GUEST_END;
 * the wait is over then, too), STATE (it is not paused), BUSY.
 */
static inline int64_t hv_dom_set_regs(uint32_t dom, uint32_t vcpu, const struct hv_regs *regs)
{
    return hv_call(HC_DOM_SET_REGS, dom, vcpu, (uint64_t)(uintptr_t)regs, 0, 0).value;
}

/** Lets a paused domain run. Returns 0. [CONTROL] Errors: STATE (not paused), BUSY. */
static inline int64_t hv_dom_start(uint32_t dom)
{
    return hv_call(HC_DOM_START, dom, 0, 0, 0, 0).value;
}

/**
 * Stops a running domain; it has stopped, or ended, when this returns 0. [CONTROL] Errors: STATE
 * (not running, or the caller).
 */
static inline int64_t hv_dom_pause(uint32_t dom)
{
    return hv_call(HC_DOM_PAUSE, dom, 0, 0, 0, 0).value;
}

/**
 * Ends a domain in any state, gives its memory back and closes the handle. Works in slices: the
 * caller may be preempted meanwhile. Windows live on in the domains that still map them. Returns 0.
 * [CONTROL] Errors: STATE (it is the caller).
 */
static inline int64_t hv_dom_destroy(uint32_t dom)
{
    return hv_call(HC_DOM_DESTROY, dom, 0, 0, 0, 0).value;
}

/** Fills *info. HV_SELF is allowed. Returns 0. [INFO] Errors: none but the common ones. */
static inline int64_t hv_dom_info(uint32_t dom, struct hv_dom_info *info)
{
    return hv_call(HC_DOM_INFO, dom, (uint64_t)(uintptr_t)info, 0, 0, 0).value;
}

/** Fills *report. Returns 0. [INFO] Errors: STATE (it has neither ended nor is it paused for an absent
 * page, or it is destroyed). */
static inline int64_t hv_dom_report(uint32_t dom, struct hv_report *report)
{
    return hv_call(HC_DOM_REPORT, dom, (uint64_t)(uintptr_t)report, 0, 0, 0).value;
}

/**
 * Sets weight (1..10000) and cap (1..100 percent of one CPU, 0 = none). Returns 0. [CONTROL]
 * Errors: INVAL.
 */
static inline int64_t hv_dom_sched(uint32_t dom, uint32_t weight, uint32_t cap_percent)
{
    return hv_call(HC_DOM_SCHED, dom, weight, cap_percent, 0, 0).value;
}

/**
 * Makes paused `dom` what template `to` is: memory, registers, FPU. Windows and ports are kept.
 * Works in slices. Returns 0. [CONTROL on dom, CLONE on to] Errors: INVAL (they are the same),
 * STATE (dom is not paused, or to is no template), BUSY, NOMEM.
 */
static inline int64_t hv_dom_rollback(uint32_t dom, uint32_t to)
{
    return hv_call(HC_DOM_ROLLBACK, dom, to, 0, 0, 0).value;
}

/** Reads all that a clone would inherit of vCPU 0 of `dom`, which is not running. [CONTROL] Errors:
 * STATE, BUSY (another operation on it is under way), INVAL (no such vCPU). */
static inline int64_t hv_dom_get_state(uint32_t dom, uint32_t vcpu, struct hv_vcpu_state *state)
{
    return hv_call(HC_DOM_GET_STATE, dom, vcpu, (uint64_t)(uintptr_t)state, 0, 0).value;
}

/** Sets it in a paused domain; what a guest could not have set itself is refused or masked.
 * [CONTROL] Errors: STATE, BUSY, INVAL. */
static inline int64_t hv_dom_set_state(uint32_t dom, uint32_t vcpu,
                                       const struct hv_vcpu_state *state)
{
    return hv_call(HC_DOM_SET_STATE, dom, vcpu, (uint64_t)(uintptr_t)state, 0, 0).value;
}

/**
 * Lists, from *va on, what is mapped in `dom` (paused or frozen) and differs from `base`
 * (likewise), or all of it when base is HV_SELF; windows are left out. Fills at most `max` extents,
 * in ascending order, absent pages as data; pages that are not listed are equal in both. Subtrees that the two share are
 * not walked, so the cost goes with the difference. Returns how many, and in *va where to go on:
 * HV_GUEST_END when done. Bounded work: it may return 0 before that. [MEMORY on dom, CLONE on base]
 * Errors: STATE, BUSY, RANGE (*va), INVAL (base is dom).
 */
static inline int64_t hv_dom_pages(uint32_t dom, uint32_t base, uint64_t *va, struct hv_extent *out,
                                   uint32_t max)
{
    const struct hv_result r = hv_call(HC_DOM_PAGES, dom, base, *va, (uint64_t)(uintptr_t)out, max);
    if (r.value >= 0) {
        *va = r.extra;
    }
    return r.value;
}

/**
 * Makes a window of zero pages [first, first + pages) (page numbers within the 2 MiB slot,
 * populated at first touch by either side) and maps it at `dom_va` in `dom` and at `self_va` in the
 * caller. The addresses are multiples of HV_WINDOW_BYTES: slot 0 (address 0, first >=
 * HV_WINDOW0_SKIP) or in [HV_WINDOW_HIGH_VA, HV_GUEST_END). `dom` is not running. Returns 0.
 * [CONNECT] Errors: ALIGN, RANGE, STATE (it runs, or is a template), BUSY, EXISTS (something is
 * mapped there), NOMEM, LIMIT (tables).
 */
static inline int64_t hv_window_create(uint32_t dom, uint64_t dom_va, uint64_t self_va,
                                       uint32_t first, uint32_t pages)
{
    return hv_call(HC_WINDOW_CREATE, dom, dom_va, self_va, first, pages).value;
}

/**
 * Maps the window that is at `a_va` in domain `a` also at `b_va` in domain `b`; either may be
 * HV_SELF, others are not running. Returns 0. [CONNECT on both] Errors: INVAL (they are the same),
 * ALIGN, RANGE (also: b_va is slot 0 and the window has pages below HV_WINDOW0_SKIP), NOENT (no
 * window at a_va), STATE (one runs, or is a template), BUSY, EXISTS (something is mapped at b_va),
 * NOMEM, LIMIT (tables).
 */
static inline int64_t hv_window_share(uint32_t a, uint64_t a_va, uint32_t b, uint64_t b_va)
{
    return hv_call(HC_WINDOW_SHARE, a, a_va, b, b_va, 0).value;
}

/**
 * Unmaps the window at `va` of `dom`, which is not running (or HV_SELF); the last mapping frees it.
 * Returns 0. [CONNECT] Errors: ALIGN, RANGE, STATE (it runs, or is a template), BUSY, NOENT (no
 * window there).
 */
static inline int64_t hv_window_close(uint32_t dom, uint64_t va)
{
    return hv_call(HC_WINDOW_CLOSE, dom, va, 0, 0, 0).value;
}

/**
 * Gives domain `to` a handle on what the caller's `handle` names, with `rights` (a subset of the
 * caller's, else PERM). Returns its number in `to`. [GRANT on to] Errors: STATE (`to` is a template
 * or has ended), LIMIT (handles), NOMEM.
 */
static inline int64_t hv_handle_grant(uint32_t to, uint32_t handle, uint32_t rights)
{
    return hv_call(HC_HANDLE_GRANT, to, handle, rights, 0, 0).value;
}

/**
 * Closes a handle; the object lives on, and so does a domain without any handle. Returns 0. Errors:
 * HANDLE.
 */
static inline int64_t hv_handle_close(uint32_t handle)
{
    return hv_call(HC_HANDLE_CLOSE, handle, 0, 0, 0, 0).value;
}

/** Fills *info for a PCI device handle. Returns 0. [DEVICE] Errors: none but the common ones. */
static inline int64_t hv_pci_info(uint32_t device, struct hv_pci_info *info)
{
    return hv_call(HC_PCI_INFO, device, (uint64_t)(uintptr_t)info, 0, 0, 0).value;
}

/**
 * Reads `bytes` (1, 2, 4) of config space at `offset`. Returns the value. [DEVICE] Errors: INVAL
 * (bytes), RANGE (bytes above 4, offset from 4096), ALIGN (offset).
 */
static inline int64_t hv_pci_read(uint32_t device, uint32_t offset, uint32_t bytes)
{
    return hv_call(HC_PCI_READ, device, offset, bytes, 0, 0).value;
}

/**
 * Writes config space: command, status, cache line size, latency timer, interrupt line, and
 * capabilities below 256 but MSI and MSI-X. PERM for all else (BARs are hv's). Returns 0. [DEVICE]
 * Errors: INVAL (bytes), RANGE (bytes above 4, offset from 4096), ALIGN (offset).
 */
static inline int64_t hv_pci_write(uint32_t device, uint32_t offset, uint32_t bytes, uint32_t value)
{
    return hv_call(HC_PCI_WRITE, device, offset, bytes, value, 0).value;
}

/**
 * Maps memory BAR `bar` (0..5) uncached at `va` (page-aligned, range as hv_mem_map) of the caller.
 * The pages that hold the MSI-X table are mapped read-only. Returns the size in bytes. [DEVICE]
 * Errors: NOENT (no such memory BAR), ALIGN, RANGE, IO (the BAR does not start on a page), EXISTS
 * (a page is mapped), NOMEM, LIMIT (page tables).
 */
static inline int64_t hv_pci_map_bar(uint32_t device, uint32_t bar, uint64_t va)
{
    return hv_call(HC_PCI_MAP_BAR, device, bar, va, 0, 0).value;
}

/**
 * Routes MSI-X table entry `index` to an event with `tag` for the caller, and enables MSI-X. An
 * entry that was routed is routed anew. Returns the port; closing it masks the entry. [DEVICE]
 * Errors: RANGE (no such entry; or the CPU's APIC id is above 255), LIMIT (ports; 176 vectors in
 * all), NOMEM.
 */
static inline int64_t hv_pci_msix(uint32_t device, uint32_t index, uint32_t tag)
{
    return hv_call(HC_PCI_MSIX, device, index, tag, 0, 0).value;
}

/**
 * The machine address of the caller's page at `va`, which is populated and stays where it is until
 * it is unmapped, for DMA by `device`. Pages of windows too. The caller cannot be cloned any more.
 * Returns the address. [DEVICE] Errors: NOENT (not mapped), PERM (not writable, or no RAM), NOMEM,
 * LIMIT.
 */
static inline int64_t hv_dma_address(uint32_t device, uint64_t va)
{
    return hv_call(HC_DMA_ADDRESS, device, va, 0, 0, 0).value;
}
