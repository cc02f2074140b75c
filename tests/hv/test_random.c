// SPDX-License-Identifier: Apache-2.0
// cpus: 1 4
// memory: 512M
// timeout: 120
// A domain that may create others calls all that it may with handles that exist, in any order and with
// arguments that are nearly right: domains, templates, windows, ports, registers and states of others,
// some of which run and do the same to hv without any right. Nothing must come of it but errors, and
// when all is given back as many frames are free as after the first ones.
#include "hvtest.h"

#define ROUNDS 20
#define CALLS 6000
#define HANDLES 120 /* of them at a time: then the oldest goes */
#define AREA (HV_HEAP_BASE + 0x40000000ull)
#define AREA_PAGES 1600
#define WINDOWS 6
#define PORTS 400
#define CHILD_CALLS 3000

static uint64_t state;
static uint32_t handles[HANDLES];
static uint32_t devices; /* handles 1..devices are PCI devices: not ours to use */

/* What calls read and write. */
static union {
    struct hv_dom_params params;
    struct hv_regs regs;
    struct hv_vcpu_state vcpu;
    struct hv_report report;
    struct hv_extent extents[64];
    uint64_t pages[HV_POPULATE_MAX];
    uint8_t bytes[0x10000];
} buffer;

static uint64_t below(uint64_t limit)
{
    return random_next(&state) % limit;
}

/* Mostly one that there is. */
static uint32_t any_domain(void)
{
    switch (below(12)) {
    case 0:
        return HV_SELF;
    case 1:
        return devices + 1 + (uint32_t)below(200);
    default:
        return handles[below(HANDLES)];
    }
}

static uint32_t other_domain(void)
{
    const uint32_t dom = any_domain();
    return dom == HV_SELF ? handles[0] : dom;
}

/* In the area, a window's place, or near the edges of what there is. */
static uint64_t any_address(void)
{
    static const uint64_t edges[] = {0,
                                     HV_IMAGE_BASE,
                                     HV_HYPERCALL_PAGE,
                                     HV_TIME_PAGE,
                                     0x400000,
                                     HV_WINDOW_HIGH_VA - HV_PAGE_BYTES,
                                     HV_GUEST_END - HV_PAGE_BYTES,
                                     HV_GUEST_END,
                                     UINT64_MAX - 4095};
    switch (below(8)) {
    case 0:
        return edges[below(ARRAY_COUNT(edges))];
    case 1:
        return HV_WINDOW_HIGH_VA + below(WINDOWS) * HV_WINDOW_BYTES;
    case 2:
        return AREA + below(8) * 0x40000000ull + below(3) * 0x200000; /* large pieces */
    default:
        return AREA + below(AREA_PAGES) * HV_PAGE_BYTES;
    }
}

static uint64_t window_address(void)
{
    return below(8) == 0 ? any_address() : HV_WINDOW_HIGH_VA + below(WINDOWS) * HV_WINDOW_BYTES;
}

static uint64_t any_count(void)
{
    static const uint64_t counts[] = {0,       1,         2,         511,       512,       513,
                                      0x40000, 0x3ffffff, 0x4000000, 0x4000001, UINT64_MAX};
    return below(3) == 0 ? counts[below(ARRAY_COUNT(counts))] : 1 + below(700);
}

static uint32_t any_prot(void)
{
    return below(8) == 0 ? (uint32_t)below(16) : (below(2) == 0 ? 3 : 1 + 4 * (uint32_t)below(2));
}

static void scramble(size_t bytes)
{
    for (size_t i = 0; i < 1 + below(4); i++) {
        buffer.bytes[below(bytes)] = (uint8_t)random_next(&state);
    }
}

/* What a clone does, without rights, when it is let run. */
static void run_as_child(void)
{
    for (int i = 0; i < CHILD_CALLS; i++) {
        const uint64_t va = any_address();
        switch (below(9)) {
        case 0:
            hv_mem_map(va, any_count(), any_prot());
            break;
        case 1:
            if (va >= AREA) {
                hv_mem_unmap(va, any_count() % 2000);
            }
            break;
        case 2:
            if (va >= AREA) {
                hv_mem_protect(va, any_count() % 2000, any_prot());
            }
            break;
        case 3:
            hv_event_send((uint32_t)below(40));
            break;
        case 4:
            hv_call(HC_EVENT_WAIT, now_ns() + below(MS), 0, 0, 0, 0);
            break;
        case 5:
            hv_yield();
            break;
        case 6:
            hv_event_close((uint32_t)below(40));
            break;
        case 7: /* writes the area, if it may; most end here */
            if (below(20) == 0) {
                *(volatile uint8_t *)(uintptr_t)va = 1;
            }
            break;
        default:
            hv_call((enum hv_hypercall)(20 + below(30)), below(300), va, any_count(), va, below(9));
            break;
        }
    }
    hv_exit(3);
}

static void keep(int64_t handle)
{
    if (handle <= 0) {
        return;
    }
    uint32_t *const place = &handles[below(HANDLES)];
    if (*place != 0) {
        hv_dom_destroy(*place);
    }
    *place = (uint32_t)handle;
}

static void make_domain(void)
{
    const uint32_t from = any_domain();
    buffer.params = (struct hv_dom_params){.memory_pages = below(3) == 0 ? below(3000) : 0,
                                           .weight = (uint32_t)below(3) * 50,
                                           .cap_percent = (uint32_t)below(3) * 20,
                                           .end_tag = (uint32_t)below(100),
                                           .flags = (uint32_t)below(4)};
    if (below(8) == 0) {
        scramble(sizeof(buffer.params));
        buffer.params.caps = 0;
    }
    const int64_t made =
        below(6) == 0 ? hv_dom_create(&buffer.params) : hv_dom_clone(from, &buffer.params);
    if (made == 0) {
        run_as_child();
    }
    keep(made);
}

static void set_registers(void)
{
    const uint32_t from = any_domain(), to = other_domain();

    if (below(2) == 0) {
        hv_dom_get_regs(from, 0, &buffer.regs);
        scramble(below(3) == 0 ? sizeof(buffer.regs) : 8);
        hv_dom_set_regs(to, below(9) == 0, &buffer.regs);
    } else {
        hv_dom_get_state(from, 0, &buffer.vcpu);
        scramble(sizeof(buffer.vcpu));
        hv_dom_set_state(to, below(9) == 0, &buffer.vcpu);
    }
}

static void use_memory(void)
{
    const uint32_t dom = other_domain();
    const uint64_t va = any_address();

    switch (below(6)) {
    case 0:
        hv_dom_map(dom, va, any_count(), any_prot());
        break;
    case 1:
        hv_dom_unmap(dom, va, any_count());
        break;
    case 2:
        hv_dom_read(any_domain(), va + below(5000), &buffer, below(0x10000 + 2));
        break;
    case 3:
        hv_dom_write(dom, va + below(5000), &buffer, below(0x10000 + 2));
        break;
    case 4:
        for (uint32_t i = 0; i < HV_POPULATE_MAX; i++) {
            buffer.pages[i] = any_address() + below(2) * below(5000);
        }
        hv_dom_populate(dom, buffer.pages, below(HV_POPULATE_MAX + 2));
        break;
    default:
        for (uint64_t at = va, i = 0; i < 4; i++) {
            hv_dom_pages(any_domain(), any_domain(), &at, buffer.extents, (uint32_t)below(65));
        }
        break;
    }
}

/* Its own memory, and only what it has for this. */
static void use_own_memory(void)
{
    const uint64_t va = AREA + below(AREA_PAGES) * HV_PAGE_BYTES, count = 1 + below(600);

    switch (below(4)) {
    case 0:
        hv_mem_map(va, count, any_prot());
        break;
    case 1:
        hv_mem_unmap(va, count);
        break;
    case 2:
        hv_mem_protect(va, count, any_prot());
        break;
    default:
        if (hv_mem_map(va, 1, 3) == HV_OK) {
            *(volatile uint64_t *)(uintptr_t)va = random_next(&state);
        }
        break;
    }
}

static void use_windows(void)
{
    switch (below(3)) {
    case 0:
        hv_window_create(other_domain(), below(4) == 0 ? 0 : window_address(), window_address(),
                         (uint32_t)below(4) * 16, (uint32_t)any_count());
        break;
    case 1:
        hv_window_share(any_domain(), window_address(), any_domain(), window_address());
        break;
    default:
        hv_window_close(any_domain(), window_address());
        break;
    }
}

static void use_events(void)
{
    uint32_t tag, port;

    switch (below(4)) {
    case 0:
        hv_event_bind(any_domain(), (uint32_t)below(50), any_domain(), (uint32_t)below(50), &port);
        break;
    case 1:
        hv_event_send((uint32_t)below(PORTS));
        break;
    case 2:
        hv_event_close((uint32_t)below(PORTS));
        break;
    default:
        hv_event_wait(HV_WAIT_POLL, &tag);
        break;
    }
}

static void use_domain(void)
{
    struct hv_dom_info info;

    switch (below(8)) {
    case 0:
        hv_dom_start(other_domain());
        break;
    case 1:
        hv_dom_pause(other_domain());
        break;
    case 2:
        hv_dom_destroy(other_domain());
        break;
    case 3:
        hv_dom_info(any_domain(), &info);
        break;
    case 4:
        hv_dom_report(any_domain(), &buffer.report);
        break;
    case 5:
        hv_dom_sched(other_domain(), (uint32_t)below(10002), (uint32_t)below(102));
        break;
    case 6:
        hv_dom_rollback(other_domain(), any_domain());
        break;
    default:
        hv_handle_grant(other_domain(), any_domain(), (uint32_t)below(0x100));
        break;
    }
}

static void call(void)
{
    switch (below(10)) {
    case 0:
    case 1:
        make_domain();
        break;
    case 2:
        set_registers();
        break;
    case 3:
        use_own_memory();
        break;
    case 4:
        use_windows();
        break;
    case 5:
        use_events();
        break;
    case 6:
    case 7:
        use_domain();
        break;
    default:
        use_memory();
        break;
    }
}

/* A handle that was granted may be the last one of a domain: so others' tables go first. */
static void give_all_back(void)
{
    uint32_t tag;

    for (uint32_t h = devices + 1; h < devices + 1000; h++) {
        hv_dom_destroy(h);
        hv_handle_close(h);
    }
    for (uint32_t i = 0; i < HANDLES; i++) {
        handles[i] = 0;
    }
    for (uint32_t p = 0; p < 4 * PORTS; p++) {
        hv_event_close(p);
    }
    for (uint64_t i = 0; i < WINDOWS; i++) {
        hv_window_close(HV_SELF, HV_WINDOW_HIGH_VA + i * HV_WINDOW_BYTES);
    }
    hv_mem_unmap(AREA, AREA_PAGES + 600);
    while (hv_event_wait(HV_WAIT_POLL, &tag) > 0) {
    }
}

/* What stays once it is there, and would come at another moment in each run: our pages, and hv's for as
 * many ports as are open at once. */
static void touch_all(void)
{
    uint32_t port;

    memset(&buffer, 1, sizeof(buffer));
    for (uint32_t i = 0; i < 2 * PORTS; i++) {
        hv_event_bind(HV_SELF, i, HV_SELF, i, &port);
    }
}

static uint64_t domain_count(void)
{
    struct hv_machine_info info = {0};
    hv_machine_info(&info);
    return info.domain_count;
}

void test_main(void)
{
    struct hv_machine_info info;
    uint64_t after_some = 0;

    hv_machine_info(&info);
    devices = info.pci_count;
    touch_all();
    give_all_back();
    for (uint64_t round = 0; round < ROUNDS; round++) {
        state = 7 + round;
        for (uint32_t i = 0; i < CALLS; i++) {
            call();
        }
        give_all_back();
        CHECK_EQUAL(domain_count(), 1, "round %lu: all domains are gone", round);
        after_some = round <= 2 ? free_frames() : after_some; /* some pages are touched first */
        CHECK_EQUAL(free_frames(), after_some, "round %lu: all frames are free again", round);
    }
}
