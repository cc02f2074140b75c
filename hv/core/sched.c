/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.c - see sched.h. All scheduling state of a vCPU is guarded by the run lock of its home CPU;
 * whoever wants it reads vcpu.cpu, takes that lock, and looks again.
 *
 * A vCPU is queued if and only if it is not running, blocked, paused or throttled.
 */
#include "hv/sched.h"

#include "hv/cpu.h"
#include "hv/lock.h"
#include "hv/machine.h"
#include "hv/timerq.h"

#define BUCKETS 64u
#define BUCKET_SHIFT 19    /* 0.5 ms of virtual time */
#define SLICE_NS 2000000ul /* while others wait */
#define WAKE_NS 500000ul   /* what the running one may use while one waits that is behind */
#define CAP_PERIOD_NS 20000000ul
#define WEIGHT_NORMAL 100u

static struct run {
    struct lock lock;
    uint32_t queued;     /* r */
    struct vcpu *only;   /* r; the one that is queued, if one is: it needs no bucket */
    uint64_t occupied;   /* r; bit per bucket */
    uint64_t virtual_ns; /* r; of the last one chosen; never falls */
    struct vcpu *timers; /* r; root */
    struct {
        struct vcpu *first, *last;
    } bucket[BUCKETS]; /* r */
} __attribute__((aligned(64))) runs[CPUS_MAX];

static uint64_t idle_cpus; /* a; bit per CPU */
static uint32_t next_cpu;  /* a; where to look first for a place */

void sched_init_cpu(uint32_t cpu)
{
    runs[cpu] = (struct run){0};
}

/* Hides from the compiler where the pointer comes from: it would compute it again and again. */
static inline struct run *run_of(uint32_t cpu)
{
    struct run *r = &runs[cpu];
    __asm__("" : "+r"(r));
    return r;
}

static inline struct run *run_lock(struct vcpu *v)
{
    for (;;) {
        const uint32_t cpu = __atomic_load_n(&v->cpu, __ATOMIC_RELAXED);
        struct run *r = run_of(cpu);
        lock_take(&r->lock);
        if (likely(v->cpu == cpu)) {
            return r;
        }
        lock_drop(&r->lock);
    }
}

/* ---- the queue -------------------------------------------------------------------------------- */

/* Puts `v` into its bucket: first there when it is behind, else last. Who is far ahead waits in the
 * last bucket. */
static void bucket_add(struct run *r, struct vcpu *v, bool is_behind)
{
    uint64_t ahead = (v->virtual_ns >> BUCKET_SHIFT) - (r->virtual_ns >> BUCKET_SHIFT);
    ahead = min_u64(ahead, BUCKETS - 1);
    const uint32_t b = ((r->virtual_ns >> BUCKET_SHIFT) + ahead) % BUCKETS;
    struct vcpu *after = is_behind ? r->bucket[b].first : NULL;
    struct vcpu *before = is_behind ? NULL : r->bucket[b].last;

    v->bucket = b;
    v->queue_next = after;
    v->queue_prev = before;
    *(before != NULL ? &before->queue_next : &r->bucket[b].first) = v;
    *(after != NULL ? &after->queue_prev : &r->bucket[b].last) = v;
    r->occupied |= 1ul << b;
}

static void bucket_remove(struct run *r, struct vcpu *v)
{
    const uint32_t b = v->bucket;
    struct vcpu *after = v->queue_next, *before = v->queue_prev;

    *(before != NULL ? &before->queue_next : &r->bucket[b].first) = after;
    *(after != NULL ? &after->queue_prev : &r->bucket[b].last) = before;
    if (r->bucket[b].first == NULL) {
        r->occupied &= ~(1ul << b);
    }
}

/* True when `v` is behind the others: it goes first, but does not save up time while it sleeps. */
static inline bool enqueue(struct run *r, struct vcpu *v)
{
    const bool is_behind = v->virtual_ns < r->virtual_ns;
    if (v->virtual_ns >> BUCKET_SHIFT < r->virtual_ns >> BUCKET_SHIFT) {
        v->virtual_ns = r->virtual_ns;
    }
    v->is_queued = true;
    if (r->queued++ == 0) {
        r->only = v;
        return is_behind;
    }
    if (r->only != NULL) {
        bucket_add(r, r->only, false);
        r->only = NULL;
    }
    bucket_add(r, v, is_behind);
    return is_behind;
}

static inline uint32_t first_bucket(const struct run *r)
{
    const uint32_t start = (r->virtual_ns >> BUCKET_SHIFT) % BUCKETS;
    const uint64_t rotated = r->occupied >> start | r->occupied << ((BUCKETS - start) % BUCKETS);

    return (start + (uint32_t)__builtin_ctzl(rotated)) % BUCKETS;
}

/* Takes the first of the lowest bucket. One that was farther ahead than the buckets reach is put
 * where it belongs when the queue's time has come to the bucket where it waited. */
static struct vcpu *bucket_take(struct run *r)
{
    for (;;) {
        const uint64_t time = r->virtual_ns >> BUCKET_SHIFT;
        const uint32_t b = first_bucket(r);
        const uint64_t ahead = (b - time) % BUCKETS;
        struct vcpu *v = r->bucket[b].first;

        bucket_remove(r, v);
        if (likely(v->virtual_ns >> BUCKET_SHIFT <= time + ahead)) {
            return v;
        }
        if (ahead == BUCKETS - 1) { /* nobody else is nearer */
            r->virtual_ns = (time + ahead) << BUCKET_SHIFT;
        }
        bucket_add(r, v, false);
    }
}

static inline struct vcpu *dequeue_first(struct run *r)
{
    if (r->queued == 0) {
        return NULL;
    }
    struct vcpu *v = r->only;

    if (likely(v != NULL)) {
        r->only = NULL;
    } else {
        v = bucket_take(r);
    }
    r->queued--;
    v->is_queued = false;
    if (v->virtual_ns > r->virtual_ns) {
        r->virtual_ns = v->virtual_ns;
    }
    return v;
}

static void dequeue(struct run *r, struct vcpu *v)
{
    if (r->only == v) {
        r->only = NULL;
    } else {
        bucket_remove(r, v);
    }
    r->queued--;
    v->is_queued = false;
}

static inline bool is_held(const struct vcpu *v)
{
    return v->is_running || v->is_queued || v->is_blocked || v->is_paused || v->is_throttled;
}

/* Has an idle CPU, if there is one besides `cpu`, take what waits there. Others find another one. */
static inline void call_thief(uint32_t cpu)
{
    const uint64_t idle = __atomic_load_n(&idle_cpus, __ATOMIC_ACQUIRE) & ~(1ul << cpu);

    if (unlikely(idle != 0)) {
        const uint32_t thief = (uint32_t)__builtin_ctzl(idle);
        __atomic_fetch_and(&idle_cpus, ~(1ul << thief), __ATOMIC_RELAXED);
        cpu_kick(thief);
    }
}

/* Queues `v` if nothing holds it back, and sees to it that some CPU notices. */
static HV_ALWAYS_INLINE void make_ready(struct run *r, struct vcpu *v)
{
    if (is_held(v)) {
        return;
    }
    const bool is_behind = enqueue(r, v);
    struct cpu *home = cpu_get(v->cpu);
    const struct vcpu *current = home->current;
    const bool first = r->queued == 1; /* the home CPU has not armed its timer for a slice */

    if (home != this_cpu()) {
        if (current == NULL || first || is_behind) {
            cpu_kick(v->cpu);
        }
    } else if (current == NULL) {
        home->resched = 1;
    } else if (!home->resched && (first || is_behind)) {
        cpu_timer_arm(current->run_since + (is_behind ? WAKE_NS : SLICE_NS));
    }
    if (current != NULL || !first) {
        call_thief(v->cpu);
    }
}

/* ---- time ------------------------------------------------------------------------------------- */

static HV_ALWAYS_INLINE void timer_set(struct run *r, struct vcpu *v, uint64_t when)
{
    v->wake_at = when;
    if (when == UINT64_MAX || (v->is_timed && v->timer.key <= when)) {
        return; /* an earlier entry is looked at again when it comes up */
    }
    if (v->is_timed) {
        timerq_remove(&r->timers, v);
    }
    v->timer.key = when;
    v->is_timed = true;
    timerq_insert(&r->timers, v);
}

static void timers_run(struct run *r, uint64_t now)
{
    while (r->timers != NULL && r->timers->timer.key <= now) {
        struct vcpu *v = r->timers;
        timerq_remove(&r->timers, v);
        v->is_timed = false;
        if (v->wake_at > now) {
            timer_set(r, v, v->wake_at);
            continue;
        }
        v->wake_at = UINT64_MAX;
        v->is_blocked = false;
        v->is_throttled = false;
        make_ready(r, v);
    }
}

static inline void cap_refresh(struct vcpu *v, uint64_t now)
{
    const uint64_t periods = (now - v->cap_period) / CAP_PERIOD_NS;

    if (periods != 0) { /* what it used too much, as the timer came late, is taken off */
        const uint64_t budget = CAP_PERIOD_NS * v->cap_percent / 100;
        v->cap_ns -= min_u64(v->cap_ns, min_u64(periods, 1000) * budget);
        v->cap_period += periods * CAP_PERIOD_NS;
    }
}

/* Books the time that `v` has run until now; throttles it when its cap is used up. */
static inline void account(struct run *r, struct vcpu *v, uint64_t now)
{
    const uint64_t used = now - v->run_since;
    /* While others wait it runs for a slice at most: what it used alone it does not owe them. */
    const uint64_t owed = min_u64(used, SLICE_NS);

    v->run_since = now;
    v->cpu_ns += used;
    v->virtual_ns += v->weight == WEIGHT_NORMAL ? owed : owed * WEIGHT_NORMAL / v->weight;
    if (v->cap_percent == 0) {
        return;
    }
    v->cap_ns += used;
    if (v->cap_ns * 100 >= CAP_PERIOD_NS * v->cap_percent && !v->is_blocked) {
        v->is_throttled = true;
        timer_set(r, v, v->cap_period + CAP_PERIOD_NS);
    }
}

/* When hv must get the CPU back from `v`. */
static HV_ALWAYS_INLINE uint64_t next_interrupt(const struct run *r, const struct vcpu *v,
                                                uint64_t now)
{
    uint64_t when = r->timers != NULL ? r->timers->timer.key : UINT64_MAX;

    if (r->queued != 0) {
        when = min_u64(when, now + SLICE_NS);
    }
    if (v != NULL && v->preempt_at != 0) {
        when = min_u64(when, v->preempt_at);
    }
    if (v != NULL && v->cap_percent != 0) {
        const uint64_t budget = CAP_PERIOD_NS * v->cap_percent / 100;
        when = min_u64(when, now + (budget > v->cap_ns ? budget - v->cap_ns : 0));
    }
    return when;
}

void sched_timer(void)
{
    struct cpu *cpu = this_cpu();
    struct run *r = run_of(cpu->index);

    cpu->resched = 1;
    lock_take(&r->lock);
    timers_run(r, clock_ns());
    lock_drop(&r->lock);
}

/* ---- running ---------------------------------------------------------------------------------- */

/* Takes the CPU from the current vCPU and leaves it where its state says. Lock held. */
static inline void put_current(struct run *r, struct cpu *cpu, struct vcpu *v, uint64_t now)
{
    account(r, v, now);
    cpu_switch_from(v);
    v->is_running = false;
    cpu->current = NULL;
    if (!is_held(v)) {
        enqueue(r, v);
    }
}

static inline void set_running(struct cpu *cpu, struct vcpu *v, uint64_t now)
{
    v->is_running = true;
    v->run_since = now;
    if (v->cap_percent != 0) {
        cap_refresh(v, now);
    }
    cpu->current = v;
}

/* Takes a waiting vCPU from another CPU. */
static struct vcpu *steal(struct cpu *cpu, uint64_t now)
{
    for (uint32_t n = 1; n < cpu_online_count(); n++) {
        const uint32_t from = (cpu->index + n) % cpu_online_count();
        struct run *r = &runs[from];

        if (__atomic_load_n(&r->queued, __ATOMIC_RELAXED) == 0) {
            continue;
        }
        if (!lock_try(&r->lock)) { /* never wait for a second run lock */
            cpu->resched = 1;      /* look again, do not idle */
            continue;
        }
        struct vcpu *v = dequeue_first(r);
        if (v != NULL) {
            if (v->is_timed) {
                timerq_remove(&r->timers, v);
                v->is_timed = false;
            }
            v->virtual_ns = runs[cpu->index].virtual_ns;
            set_running(cpu, v, now);
            __atomic_store_n(&v->cpu, cpu->index, __ATOMIC_RELEASE);
        }
        lock_drop(&r->lock);
        if (v != NULL) {
            return v;
        }
    }
    return NULL;
}

/* `v` has stopped, at which `waiter` is woken. No lock is held: that takes another run lock. */
static void tell_stopped(struct vcpu *v, struct vcpu *waiter)
{
    if (waiter != NULL) {
        sched_wake(waiter);
        domain_put(waiter->domain);
    }
    if (v != NULL) {
        domain_stopped(v->domain);
    }
}

/* The current vCPU wants to block: so it does, unless a wake-up came first. */
static void block(struct run *r, struct vcpu *v, uint64_t deadline_ns)
{
    if (v->is_woken) {
        v->is_woken = false;
    } else {
        v->is_blocked = true;
        v->preempt_at = 0;
        timer_set(r, v, deadline_ns);
    }
}

/* The next vCPU for this CPU, marked as running; NULL: nothing to do. The one that runs now is put
 * back, or blocks until `deadline_ns` if that is not 0. */
static struct vcpu *choose(struct cpu *cpu, uint64_t deadline_ns)
{
    struct run *r = run_of(cpu->index);
    struct vcpu *stopped = cpu->current;
    struct vcpu *waiter = NULL, *told = NULL;

    lock_take(&r->lock);
    const uint64_t now = clock_ns();
    if (stopped != NULL) {
        if (deadline_ns != 0) {
            block(r, stopped, deadline_ns);
        }
        put_current(r, cpu, stopped, now);
        if (stopped->is_paused) {
            waiter = stopped->stop_waiter;
            stopped->stop_waiter = NULL;
            told = stopped->tells_stop ? stopped : NULL;
            stopped->tells_stop = false;
            __atomic_fetch_add(&stopped->telling, told != NULL, __ATOMIC_RELAXED);
        }
    }
    if (r->timers != NULL && r->timers->timer.key <= now) {
        timers_run(r, now);
    }
    cpu->resched = 0;
    struct vcpu *v = dequeue_first(r);
    if (v == NULL && cpu_online_count() > 1) {
        v = steal(cpu, now);
    } else if (v != NULL) {
        set_running(cpu, v, now);
        if (r->queued != 0) {
            call_thief(cpu->index);
        }
    }
    const uint64_t when = next_interrupt(r, v, now);
    lock_drop(&r->lock);
    if (when != UINT64_MAX) {
        cpu_timer_arm(when);
    }
    tell_stopped(told, waiter);
    return v;
}

/* A vCPU whose time-out woke it learns that when it runs again. False: its deadline has not come. */
static inline bool finish_wait(struct vcpu *v)
{
    const uint64_t deadline = v->wait_deadline;

    return likely(deadline == 0) || port_wait_over(v->domain, clock_ns() >= deadline);
}

/* Has `v` go on. Returns when it must go on waiting, until its wait_deadline. */
static inline void enter(struct vcpu *v)
{
    if (finish_wait(v)) {
        cpu_switch_to(v);
        if (unlikely(v->preempt_at != 0) && v->preempt_at <= clock_ns()) {
            cpu_preempt(v);
        }
        arch_resume();
    }
}

static void HV_NORETURN run(uint64_t deadline_ns)
{
    struct cpu *cpu = this_cpu();

    for (;;) {
        struct vcpu *v = choose(cpu, deadline_ns);
        deadline_ns = 0;
        if (v == NULL) {
            __atomic_fetch_or(&idle_cpus, 1ul << cpu->index, __ATOMIC_SEQ_CST);
            if (__atomic_load_n(&runs[cpu->index].queued, __ATOMIC_SEQ_CST) == 0 && !cpu->resched) {
                cpu_idle_wait();
            }
            __atomic_fetch_and(&idle_cpus, ~(1ul << cpu->index), __ATOMIC_SEQ_CST);
        } else {
            enter(v);
            deadline_ns = v->wait_deadline;
        }
    }
}

void sched_run(void)
{
    run(0);
}

void sched_block(uint64_t deadline_ns)
{
    run(deadline_ns);
}

void sched_yield(void)
{
    struct cpu *cpu = this_cpu();
    struct run *r = run_of(cpu->index);
    struct vcpu *v = cpu->current, *next;

    lock_take(&r->lock);
    if (r->queued == 0 || v->is_paused || cpu->resched) { /* there is more to do than that */
        lock_drop(&r->lock);
        run(0);
    }
    const uint64_t now = clock_ns();
    next = dequeue_first(r);
    if (v->virtual_ns < next->virtual_ns) {
        v->virtual_ns = next->virtual_ns;
    }
    put_current(r, cpu, v, now);
    set_running(cpu, next, now);
    /* For who waits here the timer is set since choose(). */
    const bool is_plain = next->cap_percent == 0 && next->preempt_at == 0;
    const uint64_t when = likely(is_plain) ? now + SLICE_NS : next_interrupt(r, next, now);
    lock_drop(&r->lock);
    cpu_timer_arm(when);
    enter(next);
    run(next->wait_deadline);
}

/* ---- from outside ----------------------------------------------------------------------------- */

void sched_wake(struct vcpu *v)
{
    struct run *r = run_lock(v);

    if (v->is_blocked) {
        v->is_blocked = false;
        if (!v->is_throttled) {
            v->wake_at = UINT64_MAX;
        }
        make_ready(r, v);
    } else if (v->is_running) {
        v->is_woken = true;
    }
    lock_drop(&r->lock);
}

bool sched_pause(struct vcpu *v, struct vcpu *waiter)
{
    struct run *r = run_lock(v);
    const bool runs_now = v->is_running;

    v->is_paused = true;
    if (v->is_queued) {
        dequeue(r, v);
    }
    if (runs_now) {
        if (waiter != NULL && v->stop_waiter == NULL) {
            domain_get(waiter->domain);
            v->stop_waiter = waiter;
        }
        if (v->cpu == this_cpu()->index) {
            this_cpu()->resched = 1;
        } else {
            cpu_kick(v->cpu);
        }
    }
    lock_drop(&r->lock);
    return !runs_now;
}

/* An idle CPU if there is one, else the next in turn. */
static uint32_t place(void)
{
    const uint64_t idle = __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED);

    if (idle != 0) { /* taken: the next caller shall find another */
        const uint32_t cpu = (uint32_t)__builtin_ctzl(idle);
        __atomic_fetch_and(&idle_cpus, ~(1ul << cpu), __ATOMIC_RELAXED);
        return cpu;
    }
    return __atomic_fetch_add(&next_cpu, 1, __ATOMIC_RELAXED) % cpu_online_count();
}

void sched_unpause(struct vcpu *v)
{
    struct run *r = run_lock(v);

    if (v->fpu_cpu < 0 && v->cpu_ns == 0 && !v->is_timed) { /* its first run: it has no home yet */
        lock_drop(&r->lock);
        v->cpu = place();
        r = run_lock(v);
    }
    v->is_paused = false;
    make_ready(r, v);
    lock_drop(&r->lock);
}

void sched_forget(struct vcpu *v)
{
    struct run *r = run_lock(v);

    if (v->is_timed) {
        timerq_remove(&r->timers, v);
        v->is_timed = false;
    }
    lock_drop(&r->lock);
}

void sched_set_share(struct vcpu *v, uint32_t weight, uint32_t cap_percent)
{
    struct run *r = run_lock(v);
    const uint64_t now = clock_ns();

    v->cap_percent = 0; /* what it has used so far is nothing to the new cap */
    if (v->is_running) {
        account(r, v, now);
    }
    v->weight = weight;
    v->cap_percent = cap_percent;
    v->cap_period = now;
    v->cap_ns = 0;
    if (v->is_running && v != this_cpu()->current) {
        cpu_kick(v->cpu); /* its timer knows nothing of the cap */
    }
    lock_drop(&r->lock);
    this_cpu()->resched |= v == this_cpu()->current;
}

uint64_t sched_cpu_ns(struct vcpu *v)
{
    struct run *r = run_lock(v);
    const uint64_t ns = v->cpu_ns + (v->is_running ? clock_ns() - v->run_since : 0);

    lock_drop(&r->lock);
    return ns;
}
