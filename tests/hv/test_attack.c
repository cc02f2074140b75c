// SPDX-License-Identifier: Apache-2.0
// cpus: 1 4
// memory: 512M
// timeout: 120
// Domains that call hypercalls with random numbers and arguments, and raw SYSCALLs with random
// registers and flags, while another domain works. Nobody but themselves comes to harm, and no
// frame is lost.
#include "hvtest.h"

#define ATTACKERS 60
#define CALLS 2000

static volatile uint64_t seed;

static const uint64_t interesting[] = {
    0,
    1,
    2,
    7,
    8,
    15,
    16,
    63,
    64,
    0xfff,
    0x1000,
    0x10000,
    0x1ff000,
    HV_HYPERCALL_PAGE,
    HV_TIME_PAGE,
    HV_IMAGE_BASE,
    0x400000,
    0x410000,
    HV_HEAP_BASE,
    HV_HEAP_BASE + 8,
    HV_WINDOW_HIGH_VA - 0x1000,
    HV_WINDOW_HIGH_VA,
    HV_WINDOW_HIGH_VA + 0x200000,
    HV_GUEST_END - 0x1000,
    HV_GUEST_END - 1,
    HV_GUEST_END,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x7fffffffffff,
    0x7ffffffff000,
    0x800000000000,
    0xffff7fffffffffff,
    0xffff800000000000,
    0xffffc00000000000,
    0xffffffff80000000,
    0x8000000000000000,
    UINT64_MAX,
    UINT64_MAX - 4095,
};

static uint64_t random_argument(uint64_t *state)
{
    const uint64_t r = random_next(state);
    switch (r % 4) {
    case 0:
        return random_next(state);
    case 1:
        return random_next(state) % 520;
    default:
        return interesting[(r >> 8) % ARRAY_COUNT(interesting)];
    }
}

/* EXIT would end the attack early; EVENT_WAIT may block for ever, so it always polls. */
static void random_calls(void *arg)
{
    uint64_t state = seed;
    (void)arg;
    for (int i = 0; i < CALLS; i++) {
        const uint64_t number = random_next(&state) % HC_COUNT;
        uint64_t a[5];
        for (int k = 0; k < 5; k++) {
            a[k] = random_argument(&state);
        }
        if (number == HC_EXIT) {
            continue;
        }
        if (number == HC_EVENT_WAIT) {
            a[0] = HV_WAIT_POLL;
        }
        hv_call((enum hv_hypercall)number, a[0], a[1], a[2], a[3], a[4]);
    }
}

/* SYSCALL outside of the hypercall page, with a wild stack, flags and GS base. */
static void raw_syscall(void *arg)
{
    uint64_t state = seed;
    const uint64_t number = random_next(&state) % 80;
    const uint64_t flags =
        0x202 | (random_next(&state) & 0x40cd5); /* AC, OF, DF, SF ... but not TF */
    (void)arg;
    __asm__ volatile("push %1\n\tpopf\n\t"
                     "mov %%rsp, %%rbx\n\tmov %2, %%rsp\n\t"
                     "syscall\n\t"
                     "mov %%rbx, %%rsp\n\tcld"
                     :
                     : "a"(number == HC_EXIT || number == HC_EVENT_WAIT ? 0 : number), "r"(flags),
                       "r"(random_argument(&state)), "D"(random_argument(&state)),
                       "S"(random_argument(&state)), "d"(random_argument(&state))
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
}

static void syscall_with_trap_flag(void *arg)
{
    (void)arg;
    __asm__ volatile("xor %%eax, %%eax\n\tpushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tsyscall" ::
                         : "rax", "rcx", "r11", "memory", "cc");
}

static void jump_into_hypercall_page(void *arg)
{
    (void)arg;
    const uint64_t at = HV_HYPERCALL_PAGE + seed % HV_PAGE_BYTES;
    __asm__ volatile("xor %%eax, %%eax\n\tjmp *%0" ::"r"(at) : "rax", "memory");
}

static void wild_bases(void *arg)
{
    (void)arg;
    uint64_t state = seed;
    const uint64_t base = interesting[random_next(&state) % ARRAY_COUNT(interesting)];
    if ((int64_t)(base << 16) >> 16 == (int64_t)base) {
        __asm__ volatile("wrgsbase %0\n\twrfsbase %0" ::"r"(base));
    }
    for (int i = 0; i < 1000; i++) {
        hv_nop();
        hv_yield();
    }
}

/* A domain that computes, so that harm to others would show. Its status is the result. */
static void worker(void *arg)
{
    const uint64_t end = now_ns() + *(uint64_t *)arg;
    uint64_t state = 1, sum = 0;
    while (now_ns() < end) {
        uint64_t check = 1;
        for (int i = 0; i < 1000; i++) {
            check = check * 31 + 7;
        }
        sum = sum == 0 ? check : sum;
        if (check != sum || hv_nop() != HV_ABI_VERSION) {
            hv_exit(1);
        }
        random_next(&state);
    }
    hv_exit(77);
}

static const struct attack {
    const char *name;
    void (*fn)(void *);
    int count;
} attacks[] = {
    {"random hypercalls", random_calls, ATTACKERS},
    {"raw SYSCALLs with wild registers", raw_syscall, 200},
    {"jumps into the hypercall page", jump_into_hypercall_page, 100},
    {"wild segment bases", wild_bases, 50},
    {"SYSCALL with the trap flag", syscall_with_trap_flag, 3},
};

static void run_attack(const struct attack *attack, uint64_t *seeds)
{
    struct hv_report r;
    unsigned int exits = 0, faults = 0, others = 0;
    for (int i = 0; i < attack->count; i++) {
        seed = random_next(seeds);
        /* An attacker may end up waiting or looping: pause and destroy it after a while. */
        const struct child child = child_create(attack->fn, NULL, NULL);
        if (child.handle < 0 || hv_dom_start((uint32_t)child.handle) != HV_OK) {
            give_up("an attacker could not be started");
        }
        if (event_expect(child.end_tag, now_ns() + 2000 * MS)) {
            if (hv_dom_report((uint32_t)child.handle, &r) != HV_OK) {
                give_up("no report of an attacker");
            }
            exits += r.reason == HV_END_EXIT;
            faults += r.reason == HV_END_FAULT;
        } else {
            others++;
        }
        if (hv_dom_destroy((uint32_t)child.handle) != HV_OK) {
            give_up("an attacker could not be destroyed");
        }
    }
    CHECK(others * 10 <= (unsigned int)attack->count,
          "%s: %u domains exited, %u faulted, %u had to be ended", attack->name, exits, faults,
          others);
}

void test_main(void)
{
    uint64_t seeds = 2026, work_ns = 4000 * MS;
    struct hv_report r;
    run_attack(&attacks[0], &seeds); /* first, for what is touched for the first time */
    const uint64_t before = free_frames();
    const struct child work = child_create(worker, &work_ns, NULL);

    CHECK(work.handle > 0 && hv_dom_start((uint32_t)work.handle) == HV_OK, "another domain works");
    for (size_t i = 0; i < ARRAY_COUNT(attacks); i++) {
        run_attack(&attacks[i], &seeds);
    }
    /* Its end event may have come, and been dropped, while we waited for an attacker. */
    while (hv_dom_report((uint32_t)work.handle, &r) != HV_OK) {
        uint32_t tag;
        hv_event_wait(now_ns() + 10 * MS, &tag);
        if (now_ns() > 100000 * MS) {
            give_up("the working domain did not end");
        }
    }
    CHECK(r.reason == HV_END_EXIT && r.code == 77, "the working domain made no error");
    CHECK_EQUAL(hv_dom_destroy((uint32_t)work.handle), HV_OK, "it is destroyed");
    CHECK_EQUAL(free_frames(), before, "no frame is lost");
}
