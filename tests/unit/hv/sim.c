// SPDX-License-Identifier: Apache-2.0
// cflags: -Itests/unit/hv/fake
/* sim.c - see sim.h. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>
#include <sanitizer/common_interface_defs.h>

#include "hv/machine.h"

#define STACK_BYTES 0x40000u

#if defined(__clang__)
#define NOT_TRACED __attribute__((no_sanitize("coverage")))
#else
#define NOT_TRACED __attribute__((no_sanitize_coverage))
#endif

struct sim_cpu {
    struct cpu block;
    ucontext_t context;
    jmp_buf resume; /* where arch_resume() goes */
    unsigned char stack[STACK_BYTES];
    uint64_t resumed_at;
    bool is_kicked, is_idle;
    bool is_suspended; /* in the middle of hv */
};

static struct sim_cpu cpus[SIM_CPUS];
static uint32_t cpu_count;
static struct sim_cpu *running; /* whose coroutine runs; NULL: the simulator */
static ucontext_t simulator;
static const void *simulator_stack;
static size_t simulator_stack_bytes;
static bool is_ending;
static uint64_t race; /* state of the random choices; 0: none */

struct sim_guest sim_guest[SIM_GUESTS];
uint32_t sim_guest_count;
uint64_t sim_now;
struct sim_counts sim_counts;

/* ---- coroutines ------------------------------------------------------------------------------ */

NOT_TRACED static void to_simulator(void)
{
    struct sim_cpu *c = running;
    void *fake = NULL;

    __sanitizer_start_switch_fiber(&fake, simulator_stack, simulator_stack_bytes);
    swapcontext(&c->context, &simulator);
    __sanitizer_finish_switch_fiber(fake, &simulator_stack, &simulator_stack_bytes);
}

NOT_TRACED static uint64_t race_choose(uint64_t n)
{
    race = race * 6364136223846793005u + 1442695040888963407u;
    return (race >> 33) % n;
}

/* The compiler calls this before each basic block: a point where another CPU may go on first. */
void __sanitizer_cov_trace_pc(void);
NOT_TRACED void __sanitizer_cov_trace_pc(void)
{
    if (race != 0 && running != NULL && !is_ending && race_choose(10) == 0) {
        running->is_suspended = true;
        to_simulator();
    }
}

/* ---- what sched.c asks for ------------------------------------------------------------------- */

uint64_t clock_ns(void)
{
    if (is_ending && running != NULL) { /* a CPU has left idle: it stays here for good */
        to_simulator();
        abort();
    }
    return sim_now;
}

struct cpu *cpu_get(uint32_t index)
{
    return &cpus[index].block;
}

uint32_t cpu_online_count(void)
{
    return cpu_count;
}

void cpu_kick(uint32_t index)
{
    cpus[index].is_kicked = true;
    sim_counts.kick++;
}

void cpu_timer_arm(uint64_t deadline_ns)
{
    struct cpu *cpu = this_cpu();

    cpu->timer_armed_ns = min_u64(cpu->timer_armed_ns, deadline_ns);
}

void cpu_preempt(struct vcpu *v)
{
    v->preempt_at = 0;
}

static struct sim_guest *guest_of(const struct vcpu *v)
{
    struct sim_guest *g = &sim_guest[v->tf.r15];

    assert_ptr_equal(&g->domain->vcpu, v);
    return g;
}

void cpu_switch_to(struct vcpu *v)
{
    struct sim_guest *g = guest_of(v);

    assert_int_equal(g->on_cpu, -1);
    assert_ptr_equal(this_cpu()->current, v);
    assert_true(v->is_running);
    assert_int_equal(v->cpu, this_cpu()->index);
    assert_true(race != 0 || !v->is_paused); /* in a race the kick is on its way */
    g->on_cpu = (int32_t)v->cpu;
    sim_counts.switches++;
}

/* Also called for a vCPU that was chosen and then went on waiting. */
void cpu_switch_from(struct vcpu *v)
{
    struct sim_guest *g = guest_of(v);

    assert_true(g->on_cpu == -1 || g->on_cpu == (int32_t)this_cpu()->index);
    g->on_cpu = -1;
}

void arch_resume(void)
{
    _longjmp(running->resume, 1);
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

NOT_TRACED static void to_cpu(struct sim_cpu *c)
{
    void *fake = NULL;

    running = c;
    c->is_suspended = false;
    fake_cpu_block = &c->block;
    fake_cpu = c->block.index;
    __sanitizer_start_switch_fiber(&fake, c->stack, STACK_BYTES);
    swapcontext(&simulator, &c->context);
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
    running = NULL;
}

/* A lock is taken: whoever holds it has been stopped in the middle. */
NOT_TRACED static void wait_for_lock(void)
{
    struct cpu *block = fake_cpu_block;

    if (running != NULL) {
        running->is_suspended = true;
        to_simulator();
        return;
    }
    for (uint32_t i = 0; i < cpu_count; i++) { /* the test itself wants it */
        if (cpus[i].is_suspended) {
            to_cpu(&cpus[i]);
        }
    }
    fake_cpu_block = block;
    fake_cpu = block->index;
}

void sim_race(uint64_t seed)
{
    race = seed;
    fake_pause = wait_for_lock;
}

static void interrupts(struct sim_cpu *c)
{
    if (c->block.timer_armed_ns <= sim_now) {
        c->block.timer_armed_ns = UINT64_MAX;
        sim_counts.timer++;
        sched_timer();
    }
    if (c->is_kicked) {
        c->is_kicked = false;
        c->block.resched = 1;
    }
}

void cpu_idle_wait(void)
{
    struct sim_cpu *c = running;
    const uint64_t since = sim_now;

    c->is_idle = true;
    to_simulator();
    c->is_idle = false;
    sim_counts.idle_ns += sim_now - since;
    interrupts(c);
}

static void cpu_main(void)
{
    struct sim_cpu *c = running;

    __sanitizer_finish_switch_fiber(NULL, &simulator_stack, &simulator_stack_bytes);
    if (_setjmp(c->resume) == 0) {
        sched_run();
    }
    for (;;) {
        c->resumed_at = sim_now;
        to_simulator(); /* the guest computes */
        struct sim_guest *g = guest_of(c->block.current);
        g->left_ns -= sim_now - c->resumed_at;
        g->ran_ns += sim_now - c->resumed_at;
        interrupts(c);
        if (g->left_ns == 0) {
            g->act(g);
        }
        if (c->block.resched) {
            sched_run();
        }
    }
}

/* ---- the simulator --------------------------------------------------------------------------- */

static uint64_t next_event(const struct sim_cpu *c)
{
    uint64_t when = c->block.timer_armed_ns;

    if (c->is_suspended || c->is_kicked ||
        c->block.resched) { /* the test itself acts as a call on CPU 0 */
        return sim_now;
    }
    if (!c->is_idle) {
        const uint64_t left = guest_of(c->block.current)->left_ns;
        when = min_u64(when, left < UINT64_MAX - c->resumed_at ? c->resumed_at + left : UINT64_MAX);
    }
    return when < sim_now ? sim_now : when;
}

void sim_run(uint64_t ns)
{
    const uint64_t end = sim_now + ns;

    for (;;) {
        struct sim_cpu *first = &cpus[race != 0 ? race_choose(cpu_count) : 0];
        for (uint32_t i = 0; i < cpu_count; i++) {
            if (next_event(&cpus[i]) < next_event(first)) {
                first = &cpus[i];
            }
        }
        if (next_event(first) > end) {
            sim_now = end;
            return;
        }
        sim_now = next_event(first);
        to_cpu(first);
    }
}

void sim_start(uint32_t count)
{
    fake_start(FAKE_RAM_PAGES);
    memset(sim_guest, 0, sizeof(sim_guest));
    memset(&sim_counts, 0, sizeof(sim_counts));
    sim_guest_count = 0;
    sim_now = 1000 * MS;
    cpu_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct sim_cpu *c = &cpus[i];
        memset(c, 0, sizeof(*c));
        c->block.self = &c->block;
        c->block.index = i;
        c->block.timer_armed_ns = UINT64_MAX;
        sched_init_cpu(i);
        getcontext(&c->context);
        c->context.uc_stack.ss_sp = c->stack;
        c->context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&c->context, cpu_main, 0);
        to_cpu(c); /* finds nothing to do */
    }
}

void sim_stop(void)
{
    fake_cpu_block = &cpus[0].block;
    fake_cpu = 0;
    for (uint32_t i = 0; i < sim_guest_count; i++) {
        struct domain *d = sim_guest[i].domain;
        (void)!sched_pause(&d->vcpu, NULL);
    }
    sim_run(10 * MS); /* they leave their CPUs */
    fake_cpu_block = &cpus[0].block;
    fake_cpu = 0;
    for (uint32_t i = 0; i < sim_guest_count; i++) {
        assert_int_equal(sim_guest[i].on_cpu, -1);
        fake_domain_end(sim_guest[i].domain);
    }
    race = 0;
    is_ending = true; /* all CPUs leave idle, which sched.c remembers, and go no further */
    for (uint32_t i = 0; i < cpu_count; i++) {
        assert_true(cpus[i].is_idle);
        to_cpu(&cpus[i]);
    }
    is_ending = false;
    assert_int_equal(fake_live(), 0);
    assert_true(fake_stop());
}

static void compute_for_ever(struct sim_guest *g)
{
    g->left_ns = UINT64_MAX / 2;
}

struct sim_guest *sim_add(void (*act)(struct sim_guest *g), uint32_t weight, uint32_t cap_percent)
{
    struct sim_guest *g = &sim_guest[sim_guest_count++];

    assert_in_range(sim_guest_count, 1, SIM_GUESTS);
    g->domain = fake_domain();
    g->domain->vcpu.tf.r15 = sim_guest_count - 1;
    g->domain->vcpu.weight = weight;
    g->domain->vcpu.cap_percent = cap_percent;
    g->act = act != NULL ? act : compute_for_ever;
    g->on_cpu = -1;
    g->left_ns = 1; /* no call is the first thing that a guest does */
    return g;
}

void sim_go(struct sim_guest *g)
{
    if (running == NULL) {
        fake_cpu_block = &cpus[0].block;
        fake_cpu = 0;
    }
    g->domain->state = HV_DOM_STATE_RUNNING;
    sched_unpause(&g->domain->vcpu);
}

uint64_t sim_ran_ns(const struct sim_guest *g)
{
    return g->ran_ns + (g->on_cpu >= 0 ? sim_now - cpus[g->on_cpu].resumed_at : 0);
}

struct sim_guest *sim_current(void)
{
    return guest_of(this_cpu()->current);
}

struct sim_guest *sim_on_cpu(uint32_t cpu)
{
    return cpus[cpu].block.current != NULL ? guest_of(cpus[cpu].block.current) : NULL;
}

/* ---- calls ----------------------------------------------------------------------------------- */

void sim_wait(uint64_t deadline_ns)
{
    struct vcpu *v = this_cpu()->current;
    uint32_t tag = 0;

    if (port_take(v->domain, deadline_ns, &tag)) {
        v->tf.rax = 1;
        v->tf.rdx = tag;
        return;
    }
    if (deadline_ns == HV_WAIT_POLL) {
        v->tf.rax = 0;
        return;
    }
    sched_block(deadline_ns);
}

bool sim_answer(struct sim_guest *g, uint32_t *tag)
{
    *tag = (uint32_t)g->domain->vcpu.tf.rdx;
    return g->domain->vcpu.tf.rax == 1;
}
