// SPDX-License-Identifier: Apache-2.0
// icount: yes
// timeout: 240
// cpus: 1 2 4
// Nobody starves: loops beside working domains, weights, caps, many CPUs, deadlines.
#include "hvtest.h"

static void spin(void *arg)
{
    (void)arg;
    for (;;) {
        __asm__ volatile("");
    }
}

static uint64_t cpu_ns(uint32_t handle)
{
    struct hv_dom_info info;
    if (hv_dom_info(handle, &info) != HV_OK) {
        give_up("hv_dom_info");
    }
    return info.cpu_ns;
}

static uint32_t start(void (*fn)(void *), const struct hv_dom_params *params)
{
    const struct child child = child_create(fn, NULL, params);
    if (child.handle < 0 || hv_dom_start((uint32_t)child.handle) != HV_OK) {
        give_up("a child could not be started");
    }
    return (uint32_t)child.handle;
}

static void sleep_ms(uint64_t ms)
{
    uint32_t tag;
    const uint64_t end = now_ns() + ms * MS;
    while (hv_event_wait(end, &tag) > 0) {
    }
}

static void end(uint32_t handle)
{
    CHECK_EQUAL(hv_dom_destroy(handle), HV_OK, "a spinning domain is destroyed");
}

/* As many loops as twice the CPUs, and this domain still gets to run when its deadline comes. */
static void loops_do_not_starve_others(uint32_t cpus)
{
    uint32_t spinners[16], count = cpus * 2;
    uint64_t worst = 0;
    for (uint32_t i = 0; i < count; i++) {
        spinners[i] = start(spin, NULL);
    }
    for (int i = 0; i < 20; i++) {
        const uint64_t deadline = now_ns() + 10 * MS;
        sleep_ms(10);
        const uint64_t late = now_ns() - deadline;
        worst = late > worst ? late : worst;
    }
    /* With more CPUs than one this is the host's time, which others use, too. */
    CHECK(worst < (cpus == 1 ? 200 : 5000) * MS,
          "%u loops on %u CPUs delay a sleeper by %lu us at most", count, cpus, worst / 1000);
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t used = cpu_ns(spinners[i]);
        least = used < least ? used : least;
        most = used > most ? used : most;
    }
    CHECK(least > 0, "every loop has run: %lu to %lu us", least / 1000, most / 1000);
    for (uint32_t i = 0; i < count; i++) {
        end(spinners[i]);
    }
}

static void weights_share_a_cpu(void)
{
    const struct hv_dom_params light = {.weight = 100}, heavy = {.weight = 300};
    const uint32_t a = start(spin, &light), b = start(spin, &heavy);
    sleep_ms(1500);
    const uint64_t ta = cpu_ns(a), tb = cpu_ns(b);
    CHECK(tb > 2 * ta && tb < 4 * ta, "weights 100 and 300 share a CPU: %lu and %lu us", ta / 1000,
          tb / 1000);
    end(a);
    end(b);
}

/* `cpus`: with one, time goes by instructions (icount) and the share is exact; with more, a CPU may
 * stand still on a busy host while it counts as used. */
static void caps_hold(uint32_t cpus)
{
    const uint64_t most = cpus == 1 ? 25 : 50;
    const struct hv_dom_params capped = {.cap_percent = 20};
    const uint32_t a = start(spin, &capped);
    uint64_t percent = 100;
    for (int i = 0; i < 3 && percent > most; i++) {
        const uint64_t from = now_ns(), before = cpu_ns(a);
        sleep_ms(1500);
        percent = (cpu_ns(a) - before) * 100 / (now_ns() - from);
    }
    CHECK(percent >= 10 && percent <= most, "a loop with a cap of 20%% uses %lu%%", percent);
    CHECK_EQUAL(hv_dom_sched(a, 100, 0), HV_OK, "the cap is taken off");
    const uint64_t used = cpu_ns(a), again = now_ns();
    sleep_ms(1000);
    const uint64_t free_percent = (cpu_ns(a) - used) * 100 / (now_ns() - again);
    CHECK(free_percent >= 60, "and it uses %lu%%", free_percent);
    end(a);
}

/* On n CPUs, n loops get n times the time of one. TCG shares the host, so be lenient. */
static void all_cpus_are_used(uint32_t cpus)
{
    uint32_t handles[8], seen = 0;
    for (uint32_t i = 0; i < cpus; i++) {
        handles[i] = start(spin, NULL);
    }
    sleep_ms(500);
    for (uint32_t i = 0; i < cpus; i++) {
        struct hv_dom_info info;
        if (hv_dom_info(handles[i], &info) == HV_OK && info.cpu < 32) {
            seen |= 1u << info.cpu;
        }
    }
    CHECK_EQUAL(seen, (1u << cpus) - 1, "%u loops run on %u CPUs", cpus, cpus);
    for (uint32_t i = 0; i < cpus; i++) {
        end(handles[i]);
    }
}

static void yield_lets_others_run(void)
{
    const uint32_t a = start(spin, NULL);
    const uint64_t until = now_ns() + 2000 * MS;
    while (cpu_ns(a) < 20 * MS && now_ns() < until) {
        hv_yield();
    }
    CHECK(cpu_ns(a) >= 20 * MS, "a domain that yields lets a loop run");
    end(a);
}

static void paused_means_stopped(void)
{
    const uint32_t a = start(spin, NULL);
    sleep_ms(30);
    CHECK_EQUAL(hv_dom_pause(a), HV_OK, "a loop is paused");
    const uint64_t used = cpu_ns(a);
    sleep_ms(100);
    CHECK_EQUAL(cpu_ns(a), used, "and uses no more time");
    CHECK_EQUAL(hv_dom_start(a), HV_OK, "it is started again");
    sleep_ms(100);
    CHECK(cpu_ns(a) > used, "and goes on");
    end(a);
}

void test_main(void)
{
    struct hv_machine_info info;
    if (hv_machine_info(&info) != HV_OK) {
        give_up("hv_machine_info");
    }
    loops_do_not_starve_others(info.cpu_count);
    paused_means_stopped();
    yield_lets_others_run();
    caps_hold(info.cpu_count);
    all_cpus_are_used(info.cpu_count);
    if (info.cpu_count == 1) {
        weights_share_a_cpu();
    }
}
