/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domain.h - domains, their vCPU, handles and event ports: one frame each, and all that a small
 * guest needs lies in it.
 *
 * References  A domain is referred to by handles, by ports bound to it, and by its own existence
 *             until it is destroyed. domain_put() frees the frame with the last reference. A domain
 *             that has ended or was destroyed stays a valid object as long as anybody refers to it.
 * States      PAUSED <-> RUNNING -> ENDED; PAUSED -> FROZEN at creation by clone only (a template);
 *             any -> DESTROYED (memory, ports and handles gone).
 * Fields      I immutable after creation; d domain.lock; p port_lock; r the run lock of vcpu.cpu;
 *             o the CPU that runs it, or under domain.lock while it does not run; a atomic.
 */
#pragma once

#include "hv/aspace.h"
#include "hv/lock.h"
#include "hv/types.h"

struct domain;

/* As the CPU and entry.S lay it out (Intel SDM vol. 3A 6.14.2); the first thing in struct vcpu. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

#define FPU_BYTES HV_FPU_BYTES /* XSAVE area for x87, SSE and AVX: 832 */

struct vcpu {
    struct trap_frame tf;      /* o; must come first and end on a multiple of 16 */
    uint64_t fs_base, gs_base; /* o; while it does not run */
    uint64_t hypercall_count;  /* o; entry.S knows where */
    struct domain *domain;     /* I; borrows */

    /* scheduling: sched.c */
    struct vcpu *queue_next;     /* r */
    struct vcpu *queue_prev;     /* r; NULL: first in its bucket */
    uint32_t bucket;             /* r; where it is queued, if not alone */
    uint64_t virtual_ns;         /* r; time used, scaled by weight */
    uint64_t cpu_ns;             /* r; time used */
    uint64_t run_since;          /* r; when it was put on its CPU */
    uint64_t cap_period, cap_ns; /* r; start of the cap's period, time used in it */
    uint64_t wake_at;            /* r; deadline of the wait, or end of throttling */
    struct timer_node {
        struct vcpu *left, *right, *parent;
        uint64_t key;
        uint32_t rank;
    } timer;              /* r; in the CPU's timer queue */
    uint32_t cpu;         /* r; home */
    uint32_t weight;      /* r */
    uint32_t cap_percent; /* r */
    bool is_running, is_queued, is_blocked, is_paused, is_throttled, is_timed; /* r */
    bool is_woken;            /* r; a wake-up came while it was on its way to block */
    bool is_waiting;          /* p; in HC_EVENT_WAIT; then tf.rax, tf.rdx are p too */
    uint64_t wait_deadline;   /* p; of that wait, 0: none */
    bool tells_stop;          /* o; domain_stopped() when it has; then a reference is held */
    uint32_t telling;         /* a; CPUs in domain_stopped(), for which destruction waits */
    struct vcpu *stop_waiter; /* r; wants to know when this one has stopped; borrows */

    uint32_t last_cpu; /* o; where its tables were loaded last */
    bool needs_flush;  /* o; tables changed while it did not run */
    int32_t fpu_cpu;   /* o; whose FPU holds its state (also saved here), or -1 */

    uint64_t fault_entry, fault_stack;                   /* o; HC_FAULT_HANDLER */
    bool in_fault;                                       /* o */
    uint64_t preempt_at;                                 /* o; HC_PREEMPT_AT, 0: not asked for */
    uint64_t fault_count;                                /* o */
    uint8_t fpu[FPU_BYTES] __attribute__((aligned(64))); /* o */
};

/* ---- ports ----------------------------------------------------------------------------------- */

enum port_kind {
    PORT_FREE = 0,
    PORT_PEER,    /* bound to a port of another domain, or its own */
    PORT_DEVICE,  /* an interrupt; `peer_port` is the vector */
    PORT_CONSOLE, /* serial input */
    PORT_END,     /* the end of another domain */
};

struct port {
    struct domain *peer; /* p; holds a reference */
    uint32_t peer_port;  /* p */
    uint32_t tag;        /* p */
    uint32_t next;       /* p; list of pending or of free ports */
    uint8_t kind;        /* p; enum port_kind */
    bool is_pending;     /* p */
    uint16_t reserved;
};

#define PORTS_INLINE 24u
#define PORTS_PER_PAGE 128u /* 4096 / 32, rounded by the slot size below */
#define PORT_LISTS 8u       /* three ports for each of 131,072 guests */
#define PORTS_PER_LIST (FRAME_LIST_MAX * PORTS_PER_PAGE)
#define PORTS_MAX (PORTS_INLINE + PORT_LISTS * PORTS_PER_LIST)
#define PORTS_GUEST_MAX (PORTS_INLINE + PORTS_PER_PAGE) /* of a domain that creates no others */
#define PORT_NONE 0xffffffffu

/* ---- handles --------------------------------------------------------------------------------- */

/* kind in bits 0..2, rights in 3..11, above: the domain's address, a device's number, a free
 * index */
typedef uint64_t handle_entry_t;

enum handle_kind { HANDLE_FREE = 0, HANDLE_DOMAIN = 1, HANDLE_PCI = 2 };

#define HANDLES_INLINE 16u
#define HANDLES_PER_PAGE 512u
#define HANDLES_MAX (HANDLES_INLINE + 512u * HANDLES_PER_PAGE)

/* ---- domains --------------------------------------------------------------------------------- */

#define DOMAIN_DESTROYED 100 /* besides enum hv_dom_state */

struct domain {
    struct vcpu vcpu;
    struct aspace aspace;    /* o */
    struct aspace discarded; /* d; what it had before it was rolled back, being freed */
    struct lock lock;
    struct lock port_lock;
    uint32_t refs;    /* a */
    uint32_t state;   /* d; enum hv_dom_state */
    uint64_t id;      /* I */
    uint32_t caps;    /* I */
    bool has_devices; /* o; maps device memory or gave pages to DMA: cannot be cloned */
    bool is_gone;     /* d; destroyed to the end */

    struct domain *end_domain; /* d; gets an event when this one ends; holds a reference */
    uint32_t end_port;         /* d */

    uint32_t port_count, port_free;         /* p */
    uint32_t pending_head, pending_tail;    /* p */
    void **port_pages[PORT_LISTS];          /* p; owns */
    uint32_t handle_count, handle_free;     /* d */
    void **handle_pages;                    /* d; owns */
    struct port ports[PORTS_INLINE];        /* p */
    handle_entry_t handles[HANDLES_INLINE]; /* d; 0 is never used */
    struct hv_report report;                /* d */
};

_Static_assert(sizeof(struct domain) <= PAGE_SIZE, "a domain is one frame");
_Static_assert(offsetof(struct domain, vcpu) == 0, "entry.S");
_Static_assert(sizeof(struct trap_frame) == 176, "entry.S");

/** An empty paused domain with one reference for the caller and one for its existence. NOMEM. */
enum hv_err domain_create(const struct hv_dom_params *params, struct domain **out) HV_MUST_CHECK;

/** A clone of `src`, which must not run (or be the caller's). Same references. NOMEM, STATE. */
enum hv_err domain_clone(struct domain *src, const struct hv_dom_params *params,
                         struct domain **out) HV_MUST_CHECK;

/**
 * Gives stopped `d` the memory and registers of template `to`; windows and ports stay. What it had
 * goes to d->discarded (empty before), which the caller frees in slices. Both are locked. NOMEM.
 */
enum hv_err domain_rollback(struct domain *d, struct domain *to) HV_MUST_CHECK;

static inline void domain_get(struct domain *d)
{
    __atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
}

void domain_put(struct domain *d);

/** Number of domains that exist. */
uint64_t domain_count(void);

/**
 * Ends the domain of the running vCPU: keeps memory and registers for a post-mortem, sends the end
 * event. The caller then schedules.
 */
void domain_end(struct domain *d, enum hv_end_reason reason, int32_t code);

/**
 * The running domain touched memory that the machine does not have, or whose contents are to be brought:
 * it is paused, with HV_END_NOMEM or HV_END_ABSENT as the reason, and whoever watches it gets the end
 * event. Started again, it tries once more.
 */
void HV_NORETURN domain_await(struct domain *d, enum hv_end_reason reason);

/** The vCPU of a domain that ended or found no memory has left its CPU: tells who watches it. */
void domain_stopped(struct domain *d);

/** The guest did what it must not and cannot be told: ends it with a fault report; schedules. */
void HV_NORETURN domain_crash(struct domain *d, uint32_t vector, uint32_t error, uint64_t address,
                              enum hv_end_reason reason);

/**
 * One slice of destruction of a stopped domain, under its lock: frees up to `budget` frames. True
 * when all is gone; then the reference of its existence has been dropped.
 */
bool domain_destroy_slice(struct domain *d, long budget) HV_MUST_CHECK;

/** Nobody watches for the end of `d` any more; closes the watcher's port. */
void domain_drop_end(struct domain *d);

void regs_from_vcpu(const struct vcpu *v, struct hv_regs *regs);
/** INVAL when regs_to_vcpu() would refuse them. */
enum hv_err regs_check(const struct hv_regs *regs) HV_MUST_CHECK;
/** Sets registers; only flags that a guest may set are taken. INVAL for a non-canonical rip. */
enum hv_err regs_to_vcpu(struct vcpu *v, const struct hv_regs *regs) HV_MUST_CHECK;

/* ---- handle.c -------------------------------------------------------------------------------- */

/** A new handle of `d`; takes over the caller's reference. LIMIT, NOMEM, STATE (destroyed). */
enum hv_err handle_add(struct domain *d, enum handle_kind kind, uint64_t object, uint32_t rights,
                       uint32_t *handle) HV_MUST_CHECK;

/** What handle `h` of `d` names. HANDLE, PERM. Takes d->lock; no reference. */
enum hv_err handle_find(struct domain *d, uint32_t h, enum handle_kind kind, uint32_t rights,
                        uint64_t *object) HV_MUST_CHECK;

/** Copies entry `h`: kind, object, rights. HANDLE. */
enum hv_err handle_read(struct domain *d, uint32_t h, enum handle_kind *kind, uint64_t *object,
                        uint32_t *rights) HV_MUST_CHECK;

/** Removes handle `h` of `d` and drops its reference. HANDLE. */
enum hv_err handle_remove(struct domain *d, uint32_t h) HV_MUST_CHECK;

/** Removes all, of a domain that is being destroyed. */
void handle_remove_all(struct domain *d);

/* ---- event.c --------------------------------------------------------------------------------- */

/** A new port of `d`; on success a reference on `peer` (may be NULL) is held by it. LIMIT, NOMEM,
 * STATE (destroyed). */
enum hv_err port_open(struct domain *d, enum port_kind kind, struct domain *peer, uint32_t tag,
                      uint32_t *port) HV_MUST_CHECK;

/** Connects two ports that were opened as PORT_PEER. */
void port_connect(struct domain *a, uint32_t port_a, struct domain *b, uint32_t port_b);

/** Notes the vector of a PORT_DEVICE. */
void port_set_vector(struct domain *d, uint32_t port, uint8_t vector);

/** Closes a port; tells its kind and what it was bound to, so that the caller can undo that.
 * NOENT. */
enum hv_err port_close(struct domain *d, uint32_t port, struct port *was) HV_MUST_CHECK;

/** Frees the interrupt, or the console, that a closed port of `d` was bound to, if any. */
void port_unbind(struct domain *d, const struct port *was);

/** Closes and unbinds all ports of a domain that is being destroyed. */
void port_close_all(struct domain *d);

/** Sends on a port of `d`. NOENT. */
enum hv_err port_send(struct domain *d, uint32_t port) HV_MUST_CHECK;

/**
 * Makes port `port` of `d` pending and wakes `d` if it waits; when `from` is not NULL, only if the
 * port is still bound to port `from_port` of `from`. Any CPU.
 */
void port_raise(struct domain *d, uint32_t port, const struct domain *from, uint32_t from_port);

/**
 * Takes the oldest pending event of `d`. False when there is none; then, unless wait_until is 0,
 * the vCPU waits: the next port_raise() hands it the event as the result of its hypercall, and
 * wakes it.
 */
bool port_take(struct domain *d, uint64_t wait_until, uint32_t *tag);

/** True when the vCPU of `d` no longer waits; with `expired`, its wait ends now, without an
 * event. */
bool port_wait_over(struct domain *d, bool expired);
