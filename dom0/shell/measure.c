/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - see measure.h. */
#include "shell/measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "guests/guest.h"
#include "net/plan.h"
#include "text/errors.h"
#include "text/term.h"

struct series {
    uint32_t count;
    uint64_t ticks[MEASURE_MAX];
};

static struct launch launch;
static uint32_t left;                    /* guests still to be started */
static uint32_t current = PLAN_NO_GUEST; /* slot */
static uint64_t asked_at, ready_at;
static bool is_ending;
static struct series created __attribute__((section(".bss..cold.measure")));
static struct series started __attribute__((section(".bss..cold.measure")));
static struct series destroyed __attribute__((section(".bss..cold.measure")));
static void (*tell_done)(void);

static void add(struct series *s, uint64_t ticks)
{
    if (s->count < MEASURE_MAX) {
        s->ticks[s->count++] = ticks;
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void print(const char *what, struct series *s)
{
    if (s->count > 0) {
        qsort(s->ticks, s->count, sizeof(s->ticks[0]), compare);
        term_printf("measure: %s %s n=%" PRIu32 " median=%" PRIu64 " min=%" PRIu64 " max=%" PRIu64
                    "\n",
                    launch.image, what, s->count, s->ticks[s->count / 2], s->ticks[0],
                    s->ticks[s->count - 1]);
    }
}

static void finish(void)
{
    current = PLAN_NO_GUEST;
    print("create", &created);
    print("main_or_ready", &started);
    print("destroy", &destroyed);
    tell_done();
}

/* Starts the next guest. Returns false when that does not work. */
static bool start_one(char error[128])
{
    ready_at = 0;
    asked_at = __rdtsc();
    if (!guest_create(&launch, &current, error)) {
        return false;
    }
    const int64_t err = guest_start(current);
    if (err < 0) {
        snprintf(error, 128, "it cannot be started: %s", error_text(err));
        guest_kill(current);
        return false;
    }
    add(&created, __rdtsc() - asked_at);
    left--;
    return true;
}

bool measure_start(const struct launch *l, void (*done)(void), char error[128])
{
    launch = *l;
    launch.count = 1;
    left = l->count < MEASURE_MAX ? l->count : MEASURE_MAX;
    created.count = started.count = destroyed.count = 0;
    tell_done = done;
    return start_one(error);
}

/* The next one starts from a timer: not while the end of this one is being handled. */
static void on_next(struct mf_timer *t)
{
    char error[128];
    (void)t;
    if (left == 0) {
        finish();
    } else if (!start_one(error)) {
        term_printf("%s\n", error);
        finish();
    }
}

void measure_cancel(void)
{
    left = 0;
    if (current != PLAN_NO_GUEST) {
        guest_kill(current);
    }
}

bool measure_guest_ended(uint32_t slot)
{
    static struct mf_timer next = {.expire = on_next};
    const struct console *c = &guest_at(slot)->console;

    if (slot != current) {
        return false;
    }
    if (ready_at != 0) {
        add(&started, ready_at - asked_at);
    } else if (c->log_bytes > 0 && c->log[0] >= '0' && c->log[0] <= '9') {
        add(&started, strtoull(c->log, NULL, 10) - asked_at);
    }
    current = PLAN_NO_GUEST;
    mf_timer_set(&next, mf_clock_ns());
    return true;
}

bool measure_guest_ready(uint32_t slot)
{
    if (slot != current || is_ending) {
        return false;
    }
    ready_at = __rdtsc();
    is_ending = true;
    guest_kill(slot);
    add(&destroyed, __rdtsc() - ready_at);
    is_ending = false;
    return true;
}
