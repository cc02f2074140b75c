// SPDX-License-Identifier: Apache-2.0
// cflags: -Itests/unit/hv/fake
/* guests.c - see guests.h. */
#include "guests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define GUESTS 24u
#define GRID_NS 50000ul
#define STARVED_NS (600 * MS)
#define ALONE_NS (is_race ? 4 * MS : 0) /* beside an idle CPU: until the next slice, in a race */

static uint64_t random_state;
static bool is_race;
static uint64_t ready_since[GUESTS]; /* 0: not waiting for a CPU */
static uint64_t last_ran[GUESTS];

static uint64_t choose(uint64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % n;
}

/* In a race things must happen at the same time: all times are multiples of a grid. */
static uint64_t duration(uint64_t most)
{
    const uint64_t ns = 1 + choose(most);

    return is_race ? (ns + GRID_NS - 1) / GRID_NS * GRID_NS : ns;
}

/* HC_DOM_PAUSE: stops another guest, or waits until it has stopped and is called again (g->b). */
static void pause_other(struct sim_guest *g)
{
    struct sim_guest *other = &sim_guest[g->b - 1];
    struct vcpu *self = &g->domain->vcpu;

    if (!sched_pause(&other->domain->vcpu, self)) {
        if (other->domain->vcpu.stop_waiter == self) {
            sched_block(HV_WAIT_FOREVER);
        }
        sched_run();
    }
    assert_true(is_race || other->on_cpu == -1); /* in a race it may have been started again */
    g->b = 0;
    g->left_ns = duration(1);
}

static void unpause_stopped(struct sim_guest *g)
{
    struct vcpu *v = &g->domain->vcpu;

    if (v->is_paused && !v->is_running) {
        sched_unpause(v);
    }
}

static void anything(struct sim_guest *g)
{
    const uint64_t what = choose(100);
    struct sim_guest *other = &sim_guest[choose(GUESTS)];

    g->count++;
    g->left_ns = duration(choose(8) ? 100000 : 5 * MS);
    if (g->b != 0) {
        pause_other(g);
    } else if (what < 30) {
        sim_wait(sim_now + duration(12 * MS));
    } else if (what < 50) {
        g->left_ns = 0;
        sim_wait(HV_WAIT_FOREVER);
        g->left_ns = duration(1);
    } else if (what < 75) {
        (void)!port_send(g->domain, (uint32_t)choose(GUESTS * 2));
    } else if (what < 80) {
        sched_yield();
    } else if (what < 83) {
        sched_set_share(&other->domain->vcpu, 20 + (uint32_t)choose(400),
                        choose(3) ? 0 : 20 + (uint32_t)choose(80));
    } else if (what < 88 && other != g) {
        g->b = (uint64_t)(other - sim_guest) + 1;
        pause_other(g);
    } else if (what < 95) {
        unpause_stopped(other);
    }
}

static void check_guest(uint32_t i)
{
    struct sim_guest *g = &sim_guest[i];
    const struct vcpu *v = &g->domain->vcpu;
    const bool is_current = sim_on_cpu(v->cpu) == g;
    const bool is_held = v->is_running || v->is_blocked || v->is_paused || v->is_throttled;

    assert_int_equal(v->is_running, is_current);
    assert_int_equal(g->on_cpu, is_current ? (int32_t)v->cpu : -1);
    assert_int_equal(v->is_queued, !is_held);
    assert_false(v->is_running && v->is_paused);
    assert_int_equal(sched_cpu_ns(&g->domain->vcpu), sim_ran_ns(g));
    if (v->is_blocked && g->b != 0) { /* waits for another to stop */
        assert_true(sim_guest[g->b - 1].domain->vcpu.is_running);
    } else if (v->is_blocked) {
        assert_int_not_equal(v->wait_deadline, 0);
        assert_int_equal(g->domain->pending_head, PORT_NONE);
        if (v->wait_deadline != HV_WAIT_FOREVER && v->wait_deadline < sim_now) {
            fail_msg("guest %u sleeps past its deadline", i);
        }
    }
    if (v->is_throttled && v->wake_at < sim_now) {
        fail_msg("guest %u is throttled past its period", i);
    }
}

static void check_waiting(uint32_t i, uint32_t cpus)
{
    const struct vcpu *v = &sim_guest[i].domain->vcpu;

    if (!v->is_queued || sim_ran_ns(&sim_guest[i]) != last_ran[i]) {
        ready_since[i] = sim_now;
        last_ran[i] = sim_ran_ns(&sim_guest[i]);
        return;
    }
    if (sim_now - ready_since[i] > STARVED_NS) {
        fail_msg("guest %u, weight %u, waits for %lu ms", i, v->weight,
                 (sim_now - ready_since[i]) / MS);
    }
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        if (sim_on_cpu(cpu) == NULL && sim_now - ready_since[i] > ALONE_NS) {
            fail_msg("guest %u waits on CPU %u beside the idle CPU %u", i, v->cpu, cpu);
        }
    }
}

/* A call from outside: something stops, goes on, or sends. */
static void disturb(void)
{
    struct sim_guest *g = &sim_guest[choose(GUESTS)];
    struct vcpu *v = &g->domain->vcpu;

    if (v->is_paused) {
        unpause_stopped(g);
    } else if (choose(6) == 0) {
        (void)!sched_pause(v, NULL);
    } else if (choose(6) == 0) {
        sched_wake(v); /* for nothing */
    } else {
        (void)!port_send(g->domain, (uint32_t)choose(GUESTS * 2));
    }
}

static void bind_all(void)
{
    for (uint32_t a = 0; a < GUESTS; a++) {
        for (uint32_t b = a; b < GUESTS; b++) {
            uint32_t port_a, port_b;
            struct domain *da = sim_guest[a].domain, *db = sim_guest[b].domain;
            assert_int_equal(port_open(da, PORT_PEER, db, b, &port_a), HV_OK);
            assert_int_equal(port_open(db, PORT_PEER, da, a, &port_b), HV_OK);
            port_connect(da, port_a, db, port_b);
        }
    }
}

void guests_run(uint32_t cpus, uint32_t steps, uint64_t seed, bool is_racy)
{
    print_message("# %u CPUs, seed %lu\n", cpus, seed);
    random_state = seed;
    is_race = is_racy;
    sim_start(cpus);
    for (uint32_t i = 0; i < GUESTS; i++) {
        sim_add(anything, 20 + (uint32_t)choose(400), choose(4) ? 0 : 20 + (uint32_t)choose(80));
        ready_since[i] = sim_now;
        last_ran[i] = 0;
    }
    bind_all();
    sim_race(is_racy ? seed : 0);
    for (uint32_t i = 0; i < GUESTS; i++) {
        sim_go(&sim_guest[i]);
    }
    for (uint32_t n = 0; n < steps; n++) {
        sim_run(duration(2 * MS));
        for (uint32_t i = 0; i < GUESTS; i++) {
            check_guest(i);
            check_waiting(i, cpus);
        }
        disturb();
    }
    for (uint32_t i = 0; i < GUESTS; i++) {
        assert_true(sim_guest[i].count > steps / 100);
    }
    sim_stop();
}
