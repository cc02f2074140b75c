// SPDX-License-Identifier: Apache-2.0
// Errors of hypercalls: wrong arguments, hv addresses as pointers, missing rights. A failed call
// changes nothing.
#include "hvtest.h"

#define HV_HALF 0xffff800000000000u
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define HEAP HV_HEAP_BASE
#define HIGH HV_WINDOW_HIGH_VA
#define NO_HANDLE 0x7fffu

static struct hv_dom_params flags_unknown = {.flags = 0x80}, weight_too_high = {.weight = 10001};
static struct hv_dom_params reserved_set = {.reserved = 1};
static struct hv_regs rip_in_hv = {.rip = HV_HALF}, rip_noncanonical = {.rip = 1ull << 62};

#define P(variable) ((uint64_t)(uintptr_t) & (variable))

static const struct row {
    const char *name;
    enum hv_hypercall number;
    int64_t expected;
    uint64_t a[5];
} rows[] = {
    {"unknown call 19", 19, HV_ERR_NOSYS, {0}},
    {"unknown call 63", 63, HV_ERR_NOSYS, {0}},
    {"map at an odd address", HC_MEM_MAP, HV_ERR_ALIGN, {HEAP + 1, 1, RW}},
    {"map at 0", HC_MEM_MAP, HV_ERR_RANGE, {0, 1, RW}},
    {"map over the hypercall page", HC_MEM_MAP, HV_ERR_RANGE, {HV_HYPERCALL_PAGE, 1, RW}},
    {"map over the time page", HC_MEM_MAP, HV_ERR_RANGE, {HV_TIME_PAGE, 1, RW}},
    {"map in the windows", HC_MEM_MAP, HV_ERR_RANGE, {HIGH, 1, RW}},
    {"map across the end", HC_MEM_MAP, HV_ERR_RANGE, {HIGH - 0x1000, 2, RW}},
    {"map in hv", HC_MEM_MAP, HV_ERR_RANGE, {HV_HALF, 1, RW}},
    {"map 2^52 pages", HC_MEM_MAP, HV_ERR_RANGE, {HEAP, 1ull << 52, RW}},
    {"map 2^64 - 1 pages", HC_MEM_MAP, HV_ERR_RANGE, {HEAP, UINT64_MAX, RW}},
    {"map writable and executable", HC_MEM_MAP, HV_ERR_INVAL, {HEAP, 1, RW | HV_PROT_EXEC}},
    {"map without READ", HC_MEM_MAP, HV_ERR_INVAL, {HEAP, 1, HV_PROT_WRITE}},
    {"map with unknown protection", HC_MEM_MAP, HV_ERR_INVAL, {HEAP, 1, 0x11}},
    {"unmap at an odd address", HC_MEM_UNMAP, HV_ERR_ALIGN, {HEAP + 8, 1}},
    {"unmap the hypercall page", HC_MEM_UNMAP, HV_ERR_RANGE, {HV_HYPERCALL_PAGE, 1}},
    {"unmap hv", HC_MEM_UNMAP, HV_ERR_RANGE, {HV_HALF, 1}},
    {"unmap 2^64 - 1 pages", HC_MEM_UNMAP, HV_ERR_RANGE, {HEAP, UINT64_MAX}},
    {"protect what is not mapped", HC_MEM_PROTECT, HV_ERR_NOENT, {HEAP, 1, HV_PROT_READ}},
    {"protect the hypercall page", HC_MEM_PROTECT, HV_ERR_RANGE, {HV_HYPERCALL_PAGE, 1, RW}},
    {"protect writable and executable", HC_MEM_PROTECT, HV_ERR_INVAL, {HEAP, 1, 7}},
    {"send to no port", HC_EVENT_SEND, HV_ERR_NOENT, {12345}},
    {"send to port 2^32 - 1", HC_EVENT_SEND, HV_ERR_NOENT, {0xffffffff}},
    {"close no port", HC_EVENT_CLOSE, HV_ERR_NOENT, {12345}},
    {"bind with no domain", HC_EVENT_BIND, HV_ERR_HANDLE, {NO_HANDLE, 1, HV_SELF, 2}},
    {"fault handler in hv", HC_FAULT_HANDLER, HV_ERR_RANGE, {HV_HALF, HEAP}},
    {"fault stack in hv", HC_FAULT_HANDLER, HV_ERR_RANGE, {HEAP, HV_HALF}},
    {"fault stack at an odd address", HC_FAULT_HANDLER, HV_ERR_ALIGN, {HEAP, HEAP + 8}},
    {"return to registers in hv", HC_FAULT_RETURN, HV_ERR_FAULT, {HV_HALF}},
    {"return to registers at 0", HC_FAULT_RETURN, HV_ERR_FAULT, {0}},
    {"return to hv", HC_FAULT_RETURN, HV_ERR_INVAL, {P(rip_in_hv)}},
    {"return to a non-canonical address", HC_FAULT_RETURN, HV_ERR_INVAL, {P(rip_noncanonical)}},
    {"non-canonical FS base", HC_SET_FS_BASE, HV_ERR_RANGE, {1ull << 63}},
    {"machine info into hv", HC_MACHINE_INFO, HV_ERR_FAULT, {HV_HALF}},
    {"machine info to 0", HC_MACHINE_INFO, HV_ERR_FAULT, {0}},
    {"machine info onto text", HC_MACHINE_INFO, HV_ERR_FAULT, {HV_IMAGE_BASE}},
    {"machine info onto the time page", HC_MACHINE_INFO, HV_ERR_FAULT, {HV_TIME_PAGE}},
    {"write hv's memory to the console", HC_CONSOLE_WRITE, HV_ERR_FAULT, {HV_HALF, 64}},
    {"read the console into hv", HC_CONSOLE_READ, HV_ERR_FAULT, {HV_HALF, 64}},
    {"create with parameters in hv", HC_DOM_CREATE, HV_ERR_FAULT, {HV_HALF}},
    {"create with parameters at the end", HC_DOM_CREATE, HV_ERR_FAULT, {HV_GUEST_END - 8}},
    {"create with unknown flags", HC_DOM_CREATE, HV_ERR_INVAL, {P(flags_unknown)}},
    {"create with weight 10001", HC_DOM_CREATE, HV_ERR_INVAL, {P(weight_too_high)}},
    {"create with a reserved field set", HC_DOM_CREATE, HV_ERR_INVAL, {P(reserved_set)}},
    {"clone with parameters in hv", HC_DOM_CLONE, HV_ERR_FAULT, {HV_SELF, HV_HALF}},
    {"clone no domain", HC_DOM_CLONE, HV_ERR_HANDLE, {NO_HANDLE, P(weight_too_high)}},
    {"map in no domain", HC_DOM_MAP, HV_ERR_HANDLE, {NO_HANDLE, HEAP, 1, RW}},
    {"unmap in no domain", HC_DOM_UNMAP, HV_ERR_HANDLE, {NO_HANDLE, HEAP, 1}},
    {"read no domain", HC_DOM_READ, HV_ERR_HANDLE, {NO_HANDLE, HEAP, P(rip_in_hv), 8}},
    {"write no domain", HC_DOM_WRITE, HV_ERR_HANDLE, {NO_HANDLE, HEAP, P(rip_in_hv), 8}},
    {"start no domain", HC_DOM_START, HV_ERR_HANDLE, {NO_HANDLE}},
    {"start handle 2^32 - 2", HC_DOM_START, HV_ERR_HANDLE, {0xfffffffe}},
    {"pause no domain", HC_DOM_PAUSE, HV_ERR_HANDLE, {NO_HANDLE}},
    {"destroy no domain", HC_DOM_DESTROY, HV_ERR_HANDLE, {NO_HANDLE}},
    {"start a PCI device", HC_DOM_START, HV_ERR_HANDLE, {1}},
    {"info of no domain", HC_DOM_INFO, HV_ERR_HANDLE, {NO_HANDLE, P(rip_in_hv)}},
    {"info into hv", HC_DOM_INFO, HV_ERR_FAULT, {HV_SELF, HV_HALF}},
    {"report of no domain", HC_DOM_REPORT, HV_ERR_HANDLE, {NO_HANDLE, P(rip_in_hv)}},
    {"schedule no domain", HC_DOM_SCHED, HV_ERR_HANDLE, {NO_HANDLE, 100, 0}},
    {"schedule oneself", HC_DOM_SCHED, HV_ERR_HANDLE, {HV_SELF, 10000, 0}},
    {"roll back no domain", HC_DOM_ROLLBACK, HV_ERR_HANDLE, {NO_HANDLE, NO_HANDLE}},
    {"window with no domain", HC_WINDOW_CREATE, HV_ERR_HANDLE, {NO_HANDLE, HIGH, HIGH, 0, 1}},
    {"close no window", HC_WINDOW_CLOSE, HV_ERR_NOENT, {HV_SELF, HIGH}},
    {"grant to no domain", HC_HANDLE_GRANT, HV_ERR_HANDLE, {NO_HANDLE, 1, 1}},
    {"grant a handle beyond 32 bits",
     HC_HANDLE_GRANT,
     HV_ERR_HANDLE,
     {NO_HANDLE, 1ul << 32 | 1, 1}},
    {"close no handle", HC_HANDLE_CLOSE, HV_ERR_HANDLE, {NO_HANDLE}},
    {"info of no device", HC_PCI_INFO, HV_ERR_HANDLE, {NO_HANDLE, P(rip_in_hv)}},
    {"device info into hv", HC_PCI_INFO, HV_ERR_FAULT, {1, HV_HALF}},
    {"config space beyond its end", HC_PCI_READ, HV_ERR_RANGE, {1, 4096, 4}},
    {"config space at an odd offset", HC_PCI_READ, HV_ERR_ALIGN, {1, 1, 4}},
    {"write of a BAR", HC_PCI_WRITE, HV_ERR_PERM, {1, 0x10, 4, 0}},
    {"BAR 6", HC_PCI_MAP_BAR, HV_ERR_NOENT, {1, 6, HEAP}},
    {"DMA address of nothing", HC_DMA_ADDRESS, HV_ERR_NOENT, {1, HEAP}},
};

static int64_t call(const struct row *row)
{
    return hv_call(row->number, row->a[0], row->a[1], row->a[2], row->a[3], row->a[4]).value;
}

static void wrong_arguments_are_told(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        call(&rows[i]); /* first, so that no page of ours is touched for the first time below */
    }
    const uint64_t before = free_frames();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        CHECK_EQUAL(call(&rows[i]), rows[i].expected, "%s", rows[i].name);
    }
    CHECK_EQUAL(free_frames(), before, "the failed calls cost no frame");
}

/* What a domain without capabilities and handles may not do. */
static const struct row forbidden[] = {
    {"write the machine's console", HC_CONSOLE_WRITE, HV_ERR_PERM, {P(rip_in_hv), 1}},
    {"read the machine's console", HC_CONSOLE_READ, HV_ERR_PERM, {P(rip_in_hv), 1}},
    {"bind the machine's console", HC_CONSOLE_BIND, HV_ERR_PERM, {1}},
    {"read machine info", HC_MACHINE_INFO, HV_ERR_PERM, {P(rip_in_hv)}},
    {"power off", HC_MACHINE_OFF, HV_ERR_PERM, {0}},
    {"create a domain", HC_DOM_CREATE, HV_ERR_PERM, {P(rip_in_hv)}},
    {"use handle 1", HC_PCI_READ, HV_ERR_HANDLE, {1, 0, 4}},
    {"use its parent's newest handle", HC_DOM_PAUSE, HV_ERR_HANDLE, {2}},
};

static void run_forbidden(void *arg)
{
    hv_exit((int32_t)call(arg));
}

static void rights_are_needed(void)
{
    struct hv_report r;
    for (size_t i = 0; i < ARRAY_COUNT(forbidden); i++) {
        child_run(run_forbidden, (void *)(uintptr_t)&forbidden[i], &r);
        CHECK(r.reason == HV_END_EXIT && r.code == forbidden[i].expected,
              "without rights a domain cannot %s", forbidden[i].name);
    }
}

static void spin(void *arg)
{
    (void)arg;
    for (;;) {
        __asm__ volatile("pause");
    }
}

/* Calls that the state of the other domain forbids. */
static void states_are_checked(void)
{
    static struct hv_regs regs;
    static struct hv_report report;
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN}, plain = {0};
    const struct child child = child_create(spin, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;

    CHECK(child.handle > 0, "a child is made");
    CHECK_EQUAL(hv_dom_pause(h), HV_ERR_STATE, "pausing a paused domain is STATE");
    CHECK_EQUAL(hv_dom_report(h, &report), HV_ERR_STATE, "the report of a living domain is STATE");
    CHECK_EQUAL(hv_dom_get_regs(h, 0, &regs), HV_OK, "a paused domain's registers are read");
    CHECK_EQUAL(hv_dom_get_regs(h, 1, &regs), HV_ERR_INVAL, "it has no vCPU 1");
    CHECK_EQUAL(hv_dom_start(h), HV_OK, "it is started");
    CHECK_EQUAL(hv_dom_start(h), HV_ERR_STATE, "starting it again is STATE");
    CHECK_EQUAL(hv_dom_get_regs(h, 0, &regs), HV_ERR_STATE, "its registers cannot be read now");
    CHECK_EQUAL(hv_dom_read(h, HV_IMAGE_BASE, &regs, 8), HV_ERR_STATE, "nor its memory");
    CHECK_EQUAL(hv_dom_clone(h, &plain), HV_ERR_STATE, "nor can it be cloned");
    CHECK_EQUAL(hv_dom_pause(h), HV_OK, "it is paused");
    const int64_t template = hv_dom_clone(h, &frozen);
    CHECK(template > 0, "now it is cloned to a template");
    CHECK_EQUAL(hv_dom_start((uint32_t) template), HV_ERR_STATE, "a template cannot be started");
    CHECK_EQUAL(hv_dom_write((uint32_t) template, HV_IMAGE_BASE, &regs, 8), HV_ERR_STATE,
                "or written to");
    CHECK_EQUAL(hv_dom_sched(h, 0, 0), HV_ERR_INVAL, "weight 0 is INVAL");
    CHECK_EQUAL(hv_dom_sched(h, 10001, 0), HV_ERR_INVAL, "weight 10001 is INVAL");
    CHECK_EQUAL(hv_dom_destroy((uint32_t) template), HV_OK, "the template is destroyed");
    CHECK_EQUAL(hv_dom_destroy(h), HV_OK, "and the child");
    CHECK_EQUAL(hv_dom_destroy(h), HV_ERR_HANDLE, "only once");
}

static void foreign_pointers_are_refused(void)
{
    static const uint64_t wild[] = {0,
                                    HV_HALF,
                                    0xffffffff80000000u,
                                    1ull << 63,
                                    UINT64_MAX - 7,
                                    HV_GUEST_END,
                                    HV_GUEST_END - 4};
    static struct hv_regs regs;
    const struct child child = child_create(spin, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;
    for (size_t i = 0; i < ARRAY_COUNT(wild); i++) {
        const uint64_t p = wild[i];
        bool all = hv_call(HC_DOM_GET_REGS, h, 0, p, 0, 0).value == HV_ERR_FAULT;
        all = hv_call(HC_DOM_SET_REGS, h, 0, p, 0, 0).value == HV_ERR_FAULT && all;
        all = hv_call(HC_DOM_INFO, h, p, 0, 0, 0).value == HV_ERR_FAULT && all;
        all = hv_call(HC_DOM_READ, h, P(rip_in_hv), p, 64, 0).value == HV_ERR_FAULT && all;
        all = hv_call(HC_DOM_WRITE, h, P(rip_in_hv), p, 64, 0).value == HV_ERR_FAULT && all;
        all = hv_call(HC_DOM_CLONE, h, p, 0, 0, 0).value == HV_ERR_FAULT && all;
        CHECK(all, "pointer %lx is refused by all calls that take one", p);
        const int64_t r = hv_dom_read(h, p, &regs, 64);
        CHECK(r == HV_ERR_RANGE || r == HV_ERR_NOENT, "address %lx of the other domain too: %ld", p,
              r);
    }
    CHECK_EQUAL(hv_dom_read(h, P(rip_in_hv), &regs, HV_COPY_MAX_BYTES + 1), HV_ERR_RANGE,
                "a copy of more than the limit is RANGE");
    CHECK_EQUAL(hv_dom_destroy(h), HV_OK, "the child is destroyed");
}

void test_main(void)
{
    wrong_arguments_are_told();
    rights_are_needed();
    states_are_checked();
    foreign_pointers_are_refused();
}
