// SPDX-License-Identifier: Apache-2.0
// cflags: -Itests/unit/hv/fake
/*
 * sim.h - a machine for sched.c: CPUs with a timer and kicks, guests that compute and make calls,
 * and a clock that jumps from one event to the next. Each CPU is a coroutine with a stack of its
 * own, as sched_run() never returns; only one runs at a time. Deterministic.
 */
#pragma once

#include "fake/fake_domain.h"
#include "hv/cpu.h"
#include "hv/sched.h"

#define SIM_CPUS 4u
#define SIM_GUESTS 300u
#define MS 1000000ul

struct sim_guest {
    struct domain *domain;
    /* What it does whenever its computing is done: on its CPU, as a hypercall. It may not
     * return. */
    void (*act)(struct sim_guest *g);
    uint64_t left_ns;                            /* to compute before that; act() sets it */
    uint64_t ran_ns;                             /* computed until it was last interrupted */
    uint64_t period_ns, count, latency_ns, a, b; /* for act() */
    int32_t on_cpu;                              /* -1: nowhere */
};

struct sim_counts {
    uint64_t timer, kick, idle_ns, switches;
};

extern struct sim_guest sim_guest[SIM_GUESTS];
extern uint32_t sim_guest_count;
extern uint64_t sim_now;
extern struct sim_counts sim_counts;

/** A machine with `cpus` idle CPUs; time is not 0. */
void sim_start(uint32_t cpus);

/**
 * From now on CPUs stop in the middle of hv, locks held or not, and others go on meanwhile; where, and
 * which, follows from `seed`. 0: calls are in one piece. For sources that are compiled with
 * -fsanitize-coverage=trace-pc.
 */
void sim_race(uint64_t seed);

/** Ends it; frees all guests. */
void sim_stop(void);

/** A guest that is paused; `act` NULL: it computes for ever. */
struct sim_guest *sim_add(void (*act)(struct sim_guest *g), uint32_t weight, uint32_t cap_percent);

/** Starts it, as if a call on CPU 0 did. */
void sim_go(struct sim_guest *g);

/** Runs the machine for so long. */
void sim_run(uint64_t ns);

/** The time that it has computed so far. */
uint64_t sim_ran_ns(const struct sim_guest *g);

/** The guest that runs on this CPU now (from act()), and CPU `cpu`'s, or NULL. */
struct sim_guest *sim_current(void);
struct sim_guest *sim_on_cpu(uint32_t cpu);

/** Calls for act(): wait for an event (true: *tag) or until `deadline_ns`. Does not return when it
 * blocks: act() is called again, and finds the answer by sim_answer(). */
void sim_wait(uint64_t deadline_ns);

/** What a wait that blocked has ended with: 1 and the tag, or 0. */
bool sim_answer(struct sim_guest *g, uint32_t *tag);
