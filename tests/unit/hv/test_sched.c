// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/sched.c hv/core/timerq.c hv/core/handle.c hv/core/frame_list.c hv/core/event.c hv/core/domain.c
// sources: hv/core/aspace.c hv/core/frame.c
// sources: tests/unit/hv/fake/fake.c tests/unit/hv/fake/fake_domain.c tests/unit/hv/sim.c
// cflags: -Itests/unit/hv/fake -Dsched_yield=hv_sched_yield
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/* The scheduler on a simulated machine: shares, caps, wake-ups, rest. Times are virtual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim.h"

#define SLICE (2 * MS)

/* ---- what guests do -------------------------------------------------------------------------- */

/* Sleeps until its next period, computes a little, notes how late it was. */
static void ticker(struct sim_guest *g)
{
    if (g->a != 0 && sim_now >= g->a) { /* woken */
        g->latency_ns = sim_now - g->a > g->latency_ns ? sim_now - g->a : g->latency_ns;
        g->count++;
        g->a = 0;
        g->left_ns = 100000;
        return;
    }
    g->a = sim_now + g->period_ns;
    sim_wait(g->a);
}

static void compute_for_ever(struct sim_guest *g)
{
    g->left_ns = UINT64_MAX / 2;
}

static void sleeper(struct sim_guest *g)
{
    (void)g;
    sim_wait(HV_WAIT_FOREVER);
}

/* Waits for an event, then sends one on port g->a. */
static void ponger(struct sim_guest *g)
{
    uint32_t tag;

    if (g->b != 0 && sim_answer(g, &tag)) {
        g->count++;
        g->b = 0;
        g->left_ns = 2000;
        assert_int_equal(port_send(g->domain, (uint32_t)g->a), HV_OK);
        return;
    }
    g->b = 1;
    sim_wait(HV_WAIT_FOREVER);
    g->left_ns = 1; /* it was there already */
}

static void yielder(struct sim_guest *g)
{
    g->count++;
    g->left_ns = 10000;
    sched_yield();
}

/* ---- shares ---------------------------------------------------------------------------------- */

static void expect_share(const struct sim_guest *g, uint64_t total_ns, double share,
                         double tolerance)
{
    const double got = (double)sim_ran_ns(g) / (double)total_ns;

    if (got < share - tolerance || got > share + tolerance) {
        fail_msg("guest %u got %.4f of the time instead of %.4f", (uint32_t)(g - sim_guest), got,
                 share);
    }
}

static void busy_guests_share_a_cpu_by_weight(void **state)
{
    (void)state;
    sim_start(1);
    const uint32_t weights[] = {100, 200, 400, 100, 1000};
    for (uint32_t i = 0; i < ARRAY_COUNT(weights); i++) {
        sim_go(sim_add(NULL, weights[i], 0));
    }
    sim_run(10000 * MS);
    for (uint32_t i = 0; i < ARRAY_COUNT(weights); i++) {
        expect_share(&sim_guest[i], 10000 * MS, weights[i] / 1800.0, 0.005);
    }
    sim_stop();
}

static void extreme_weights_still_run(void **state)
{
    (void)state;
    sim_start(1);
    sim_go(sim_add(NULL, 1, 0));
    sim_go(sim_add(NULL, 10000, 0));
    sim_run(30000 * MS);
    assert_true(sim_ran_ns(&sim_guest[0]) >= SLICE);
    expect_share(&sim_guest[1], 30000 * MS, 1, 0.001);
    sim_stop();
    sim_start(1);
    sim_go(sim_add(NULL, 1, 0));
    sim_go(sim_add(NULL, 2, 0));
    sim_go(sim_add(NULL, 97, 0));
    sim_run(30000 * MS);
    for (uint32_t i = 0; i < 3; i++) {
        expect_share(&sim_guest[i], 30000 * MS, sim_guest[i].domain->vcpu.weight / 100.0, 0.001);
    }
    sim_stop();
    sim_start(1); /* all of them far ahead of the queue's time after each slice */
    for (uint32_t i = 0; i < 3; i++) {
        sim_go(sim_add(NULL, 1, 0));
    }
    sim_run(3000 * MS);
    for (uint32_t i = 0; i < 3; i++) {
        expect_share(&sim_guest[i], 3000 * MS, 1 / 3.0, 0.002);
    }
    sim_stop();
}

static void newcomer_gets_its_share_and_not_more(void **state)
{
    (void)state;
    sim_start(1);
    sim_go(sim_add(NULL, 100, 0));
    sim_run(5000 * MS);
    sim_go(sim_add(NULL, 100, 0));
    sim_go(sim_add(sleeper, 100, 0));
    sim_run(1000 * MS);
    expect_share(&sim_guest[1], 1000 * MS, 0.5, 0.005);
    sim_stop();
}

static void who_slept_has_not_saved_up_time(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *g = sim_add(ticker, 100, 0);
    g->period_ns = 3000 * MS;
    sim_go(g);
    sim_go(sim_add(NULL, 100, 0));
    sim_run(2999 * MS);
    g->act = compute_for_ever; /* from now on */
    const uint64_t before = sim_ran_ns(g);
    sim_run(101 * MS);
    const uint64_t got = sim_ran_ns(g) - before;
    assert_in_range(got, 45 * MS, 55 * MS);
    sim_stop();
}

static void many_guests_get_equal_shares(void **state)
{
    (void)state;
    sim_start(1);
    for (uint32_t i = 0; i < 250; i++) {
        sim_go(sim_add(NULL, 100, 0));
    }
    sim_run(50000 * MS);
    for (uint32_t i = 0; i < 250; i++) {
        expect_share(&sim_guest[i], 50000 * MS, 1 / 250.0, 0.0004);
    }
    sim_stop();
}

static void yielding_guests_take_turns(void **state)
{
    (void)state;
    sim_start(1);
    for (uint32_t i = 0; i < 3; i++) {
        sim_go(sim_add(yielder, 100, 0));
    }
    sim_run(100 * MS);
    for (uint32_t i = 0; i < 3; i++) {
        assert_in_range(sim_guest[i].count, 3300, 3370);
    }
    sim_stop();
}

/* ---- caps ------------------------------------------------------------------------------------ */

static void cap_holds_on_an_idle_cpu(void **state)
{
    (void)state;
    for (uint32_t cap = 1; cap <= 100; cap += 11) {
        sim_start(1);
        sim_go(sim_add(NULL, 100, cap));
        sim_run(2000 * MS);
        expect_share(&sim_guest[0], 2000 * MS, cap / 100.0, 0.011);
        sim_stop();
    }
}

static void cap_leaves_the_rest_to_others(void **state)
{
    (void)state;
    sim_start(1);
    sim_go(sim_add(NULL, 1000, 20));
    sim_go(sim_add(NULL, 100, 0));
    sim_go(sim_add(NULL, 100, 0));
    sim_run(4000 * MS);
    expect_share(&sim_guest[0], 4000 * MS, 0.2, 0.01);
    expect_share(&sim_guest[1], 4000 * MS, 0.4, 0.01);
    expect_share(&sim_guest[2], 4000 * MS, 0.4, 0.01);
    sim_stop();
}

static void cap_can_be_set_and_lifted_while_it_runs(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *g = sim_add(NULL, 100, 0);
    sim_go(g);
    sim_run(100 * MS);
    assert_in_range(sim_ran_ns(g), 99 * MS, 100 * MS);
    sched_set_share(&g->domain->vcpu, 100, 10);
    cpu_kick(0); /* as the end of the call would notice */
    sim_run(1000 * MS);
    assert_in_range(sim_ran_ns(g), 190 * MS, 215 * MS);
    sched_set_share(&g->domain->vcpu, 100, 0);
    const uint64_t before = sim_ran_ns(g);
    sim_run(1000 * MS);
    assert_in_range(sim_ran_ns(g) - before, 975 * MS, 1000 * MS);
    sim_stop();
}

/* A call that takes 3 ms, in one piece. */
static void long_caller(struct sim_guest *g)
{
    sim_now += 3 * MS;
    g->left_ns = 1000;
}

static void cap_holds_though_calls_take_long(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *g = sim_add(long_caller, 100, 10); /* 2 ms in 20 */
    sim_go(g);
    sim_run(4000 * MS);
    assert_in_range(sched_cpu_ns(&g->domain->vcpu), 390 * MS, 410 * MS);
    sim_stop();
}

/* ---- waking ---------------------------------------------------------------------------------- */

static void sleeper_wakes_on_time_beside_busy_guests(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *g = sim_add(ticker, 100, 0);
    g->period_ns = 7 * MS + 12345;
    for (uint32_t i = 0; i < 5; i++) {
        sim_go(sim_add(NULL, 100, 0));
    }
    sim_go(g);
    sim_run(3000 * MS);
    assert_in_range(g->count, 410, 423);
    assert_in_range(g->latency_ns, 0, SLICE); /* a slice at most */
    sim_stop();
}

static void many_deadlines_are_kept(void **state)
{
    (void)state;
    sim_start(2);
    for (uint32_t i = 0; i < 60; i++) {
        struct sim_guest *g = sim_add(ticker, 100, 0);
        g->period_ns = 20 * MS + i * 77777;
        sim_go(g);
    }
    sim_run(2000 * MS);
    for (uint32_t i = 0; i < 60; i++) {
        const struct sim_guest *g = &sim_guest[i];
        const uint64_t most = 2000 * MS / (g->period_ns + 100000);
        assert_in_range(g->count, most * 9 / 10, most);
        assert_in_range(g->latency_ns, 0, 60 * 100000ul);
    }
    sim_stop();
}

static void bind_ports(struct sim_guest *a, struct sim_guest *b)
{
    uint32_t port_a, port_b;

    assert_int_equal(port_open(a->domain, PORT_PEER, b->domain, 1, &port_a), HV_OK);
    assert_int_equal(port_open(b->domain, PORT_PEER, a->domain, 2, &port_b), HV_OK);
    port_connect(a->domain, port_a, b->domain, port_b);
    a->a = port_a;
    b->a = port_b;
}

static void events_go_to_and_fro_without_loss(void **state)
{
    (void)state;
    for (uint32_t cpus = 1; cpus <= 2; cpus++) {
        sim_start(cpus);
        struct sim_guest *a = sim_add(ponger, 100, 0), *b = sim_add(ponger, 100, 0);
        bind_ports(a, b);
        sim_go(a);
        sim_go(b);
        sim_run(MS);
        assert_int_equal(port_send(a->domain, (uint32_t)a->a), HV_OK);
        sim_run(100 * MS);
        assert_in_range(a->count, 20000 * cpus, 25100 * cpus); /* 2 us for each end */
        assert_in_range(b->count - a->count + 1, 0, 2);
        sim_stop();
    }
}

/* HC_EVENT_WAIT, with the event coming from another CPU after the look for one. */
static void late_waiter(struct sim_guest *g)
{
    struct vcpu *v = &g->domain->vcpu;
    uint32_t tag;

    if (v->tf.rax == 1) {
        assert_int_equal(v->tf.rdx, 1);
        v->tf.rax = 0;
        g->count++;
        g->left_ns = 1000;
        return;
    }
    assert_false(port_take(g->domain, HV_WAIT_FOREVER, &tag));
    struct sim_guest *other = &sim_guest[1 - (g - sim_guest)];
    assert_int_equal(port_send(other->domain, (uint32_t)other->a), HV_OK);
    sched_block(HV_WAIT_FOREVER);
}

static void wake_up_on_the_way_to_sleep_is_not_lost(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *a = sim_add(late_waiter, 100, 0), *b = sim_add(sleeper, 100, 0);
    bind_ports(a, b);
    sim_go(a);
    sim_run(100 * MS);
    assert_in_range(a->count, 99999, 100001);
    sim_stop();
}

static void wait_that_is_woken_for_nothing_goes_on(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *g = sim_add(ticker, 100, 0);
    g->period_ns = 10 * MS;
    sim_go(g);
    for (uint32_t n = 0; n < 1000; n++) {
        sim_run(MS);
        sched_wake(&g->domain->vcpu);
    }
    assert_in_range(g->count, 98, 99);
    assert_int_equal(g->latency_ns, 0);
    sim_stop();
}

static void event_reaches_a_guest_beside_busy_ones_at_once(void **state)
{
    (void)state;
    sim_start(1);
    struct sim_guest *a = sim_add(ponger, 100, 0), *b = sim_add(sleeper, 100, 0);
    bind_ports(a, b);
    sim_go(a);
    for (uint32_t i = 0; i < 3; i++) {
        sim_go(sim_add(NULL, 100, 0));
    }
    sim_run(500 * MS);
    for (uint32_t i = 0; i < 20; i++) {
        const uint64_t count = a->count;
        assert_int_equal(port_send(b->domain, (uint32_t)b->a), HV_OK);
        sim_run(MS / 2 + 1);
        assert_int_equal(a->count, count + 1);
        sim_run(10 * MS);
    }
    sim_stop();
}

/* ---- rest ------------------------------------------------------------------------------------ */

static void idle_machine_rests(void **state)
{
    (void)state;
    sim_start(4);
    for (uint32_t i = 0; i < 100; i++) {
        sim_go(sim_add(sleeper, 100, i % 3 ? 0 : 50));
    }
    sim_run(100 * MS);
    const struct sim_counts before = sim_counts;
    sim_run(100000 * MS);
    assert_int_equal(sim_counts.timer, before.timer);
    assert_int_equal(sim_counts.kick, before.kick);
    assert_int_equal(sim_counts.switches, before.switches);
    sim_stop();
}

static void lonely_guest_is_not_interrupted(void **state)
{
    (void)state;
    sim_start(2);
    sim_go(sim_add(NULL, 100, 0));
    sim_run(10 * MS);
    const uint64_t timers = sim_counts.timer;
    sim_run(10000 * MS);
    assert_in_range(sim_counts.timer - timers, 0, 1);
    sim_stop();
}

/* ---- several CPUs ---------------------------------------------------------------------------- */

static void busy_guests_use_all_cpus(void **state)
{
    (void)state;
    sim_start(4);
    for (uint32_t i = 0; i < 4; i++) {
        sim_go(sim_add(NULL, 100, 0));
    }
    sim_run(1000 * MS);
    for (uint32_t i = 0; i < 4; i++) {
        expect_share(&sim_guest[i], 1000 * MS, 1, 0.01);
    }
    for (uint32_t i = 4; i < 8; i++) {
        sim_go(sim_add(NULL, 100, 0));
        sim_guest[i - 4].ran_ns -= sim_ran_ns(&sim_guest[i - 4]);
    }
    sim_run(1000 * MS);
    for (uint32_t i = 0; i < 8; i++) {
        expect_share(&sim_guest[i], 1000 * MS, 0.5, 0.01);
    }
    sim_stop();
}

/* Virtual times of two CPUs have nothing to do with each other. */
static void guest_from_a_busier_cpu_gets_its_share(void **state)
{
    (void)state;
    sim_start(2);
    for (uint32_t i = 0; i < 3; i++) {
        sim_go(sim_add(NULL, 100, 0));
    }
    sim_run(4000 * MS);
    uint32_t lonely = 0; /* the one that has a CPU of its own */
    for (uint32_t i = 0; i < 3; i++) {
        lonely = sim_ran_ns(&sim_guest[i]) > 3500 * MS ? i : lonely;
    }
    (void)!sched_pause(&sim_guest[lonely].domain->vcpu, NULL);
    sim_run(5 * MS); /* its CPU takes another one */
    sched_unpause(&sim_guest[lonely].domain->vcpu);
    uint64_t before[3];
    for (uint32_t i = 0; i < 3; i++) {
        before[i] = sim_ran_ns(&sim_guest[i]);
    }
    sim_run(100 * MS);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(sim_ran_ns(&sim_guest[i]) - before[i] > 45 * MS);
    }
    sim_stop();
}

static void freed_cpu_takes_waiting_guests(void **state)
{
    (void)state;
    sim_start(2);
    for (uint32_t i = 0; i < 4; i++) {
        sim_go(sim_add(NULL, 100, 0));
    }
    sim_run(1000 * MS);
    (void)!sched_pause(&sim_guest[0].domain->vcpu, NULL);
    (void)!sched_pause(&sim_guest[2].domain->vcpu, NULL);
    sim_run(10 * MS);
    const uint64_t one = sim_ran_ns(&sim_guest[1]), three = sim_ran_ns(&sim_guest[3]);
    sim_run(1000 * MS);
    assert_in_range(sim_ran_ns(&sim_guest[1]) - one, 990 * MS, 1000 * MS);
    assert_in_range(sim_ran_ns(&sim_guest[3]) - three, 990 * MS, 1000 * MS);
    sim_stop();
}

/* Sleeps until a time that all have in common, then computes for ever. */
static void late_riser(struct sim_guest *g)
{
    if (sim_now >= g->a) {
        compute_for_ever(g);
    } else {
        sim_wait(g->a);
    }
}

static void guests_that_wake_together_spread_over_idle_cpus(void **state)
{
    (void)state;
    sim_start(4);
    const uint64_t when = sim_now + 100 * MS;
    for (uint32_t i = 0; i < 4; i++) {
        struct sim_guest *g = sim_add(late_riser, 100, 0);
        g->a = when;
        sim_go(g);
        sim_run(MS); /* CPU 0 is idle again and gets the next one, too */
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(sim_guest[i].domain->vcpu.cpu, 0);
    }
    sim_run(when + 100 * MS - sim_now);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(sim_ran_ns(&sim_guest[i]) > 99 * MS);
    }
    sim_stop();
}

/* ---- pausing --------------------------------------------------------------------------------- */

static void paused_guest_stops_and_goes_on(void **state)
{
    (void)state;
    for (uint32_t cpus = 1; cpus <= 3; cpus++) {
        sim_start(cpus);
        for (uint32_t i = 0; i < 5; i++) {
            sim_go(sim_add(i == 4 ? sleeper : NULL, 100, i == 3 ? 30 : 0));
        }
        sim_run(50 * MS);
        for (uint32_t i = 0; i < 5; i++) {
            struct vcpu *v = &sim_guest[i].domain->vcpu;
            const bool was_running = v->is_running;
            assert_int_equal(sched_pause(v, NULL), !was_running);
            sim_run(MS / 1000);
            assert_true(sched_pause(v, NULL));
            const uint64_t before = sim_ran_ns(&sim_guest[i]);
            sim_run(50 * MS);
            assert_int_equal(sim_ran_ns(&sim_guest[i]), before);
            sched_unpause(v);
            sim_run(100 * MS);
            if (i != 4 && sim_ran_ns(&sim_guest[i]) <= before) {
                fail_msg("cpus %u guest %u", cpus, i);
            }
        }
        sim_stop();
    }
}

static void used_time_is_booked_to_the_nanosecond(void **state)
{
    (void)state;
    sim_start(3);
    for (uint32_t i = 0; i < 7; i++) {
        struct sim_guest *g = sim_add(i % 2 ? ticker : NULL, 100 + i, i == 2 ? 35 : 0);
        g->period_ns = (3 + i) * MS;
        sim_go(g);
    }
    for (uint32_t n = 0; n < 50; n++) {
        sim_run(17 * MS + 333 * n);
        for (uint32_t i = 0; i < 7; i++) {
            assert_int_equal(sched_cpu_ns(&sim_guest[i].domain->vcpu), sim_ran_ns(&sim_guest[i]));
        }
    }
    sim_stop();
    for (uint32_t i = 0; i < 7; i++) {
        assert_true(sim_ran_ns(&sim_guest[i]) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_guests_share_a_cpu_by_weight),
        cmocka_unit_test(extreme_weights_still_run),
        cmocka_unit_test(newcomer_gets_its_share_and_not_more),
        cmocka_unit_test(who_slept_has_not_saved_up_time),
        cmocka_unit_test(many_guests_get_equal_shares),
        cmocka_unit_test(yielding_guests_take_turns),
        cmocka_unit_test(cap_holds_on_an_idle_cpu),
        cmocka_unit_test(cap_leaves_the_rest_to_others),
        cmocka_unit_test(cap_holds_though_calls_take_long),
        cmocka_unit_test(cap_can_be_set_and_lifted_while_it_runs),
        cmocka_unit_test(sleeper_wakes_on_time_beside_busy_guests),
        cmocka_unit_test(many_deadlines_are_kept),
        cmocka_unit_test(events_go_to_and_fro_without_loss),
        cmocka_unit_test(event_reaches_a_guest_beside_busy_ones_at_once),
        cmocka_unit_test(wake_up_on_the_way_to_sleep_is_not_lost),
        cmocka_unit_test(wait_that_is_woken_for_nothing_goes_on),
        cmocka_unit_test(idle_machine_rests),
        cmocka_unit_test(lonely_guest_is_not_interrupted),
        cmocka_unit_test(busy_guests_use_all_cpus),
        cmocka_unit_test(guest_from_a_busier_cpu_gets_its_share),
        cmocka_unit_test(freed_cpu_takes_waiting_guests),
        cmocka_unit_test(guests_that_wake_together_spread_over_idle_cpus),
        cmocka_unit_test(paused_guest_stops_and_goes_on),
        cmocka_unit_test(used_time_is_booked_to_the_nanosecond),
    };
    return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
