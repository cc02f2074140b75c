/* SPDX-License-Identifier: Apache-2.0 */
/* bulk.c - see bulk.h. */
#include "shell/bulk.h"

#include "guests/guest.h"
#include "text/term.h"

#define AT_ONCE 32u /* guests: a millisecond or two */

static struct {
    bool (*go_on)(void); /* returns whether there is more to do; NULL: nothing is under way */
    void (*done)(void);
    bool is_cancelled;
    struct launch launch;
    uint32_t count; /* of guests, so far */
    uint32_t slot;  /* of the last one that was started, or the next one to end */
    uint64_t before_ns;
} op;

static void expired(struct mf_timer *t)
{
    if (op.go_on()) {
        mf_timer_set(t, mf_clock_ns());
        return;
    }
    op.go_on = NULL;
    op.done();
}

static bool begin(bool (*go_on)(void), void (*done)(void))
{
    static struct mf_timer timer = {.expire = expired};

    op.is_cancelled = false;
    op.count = 0;
    op.done = done;
    if (!go_on()) {
        return false;
    }
    op.go_on = go_on;
    mf_timer_set(&timer, mf_clock_ns());
    return true;
}

void bulk_cancel(void)
{
    op.is_cancelled = true;
}

static bool start_some(void)
{
    char error[128];
    /* dom0 copies shared memory itself: others are to have their turn after each. */
    const bool is_slow = op.launch.source != NULL && op.launch.source->has_shadow;
    const bool good = guest_launch(&op.launch, is_slow ? 1 : AT_ONCE, &op.slot, &op.count, error);

    if (!good) {
        term_printf("%s.\n", error);
    } else if (op.count < op.launch.count && !op.is_cancelled) {
        return true;
    }
    const uint64_t passed_us = (mf_clock_ns() - op.before_ns) / 1000;
    const char *const name = guest_at(op.slot)->name;
    if (op.count == 1 && op.launch.is_created_only) {
        term_printf("%s is created; `start %s` lets it run.\n", name, name);
    } else if (op.count == 1) {
        term_printf("%s\n", name);
    } else if (op.count > 1) {
        term_printf("%u guests in %llu us, the last one is %s\n", (unsigned int)op.count,
                    (unsigned long long)passed_us, name);
    }
    return false;
}

bool bulk_start(const struct launch *l, void (*done)(void))
{
    op.launch = *l;
    op.slot = 0;
    op.before_ns = mf_clock_ns();
    return begin(start_some, done);
}

static bool kill_some(void)
{
    uint32_t killed = 0;

    for (; op.slot < guest_slots() && killed < AT_ONCE && !op.is_cancelled; op.slot++) {
        const uint8_t state = guest_at(op.slot)->state;
        if (state == GUEST_CREATED || state == GUEST_RUNNING) {
            guest_kill(op.slot);
            killed++;
        }
    }
    op.count += killed;
    if (op.slot < guest_slots() && !op.is_cancelled) {
        return true;
    }
    term_printf("%u guests killed\n", (unsigned int)op.count);
    return false;
}

bool bulk_is_killing(void)
{
    return op.go_on == kill_some;
}

bool bulk_kill(void (*done)(void))
{
    op.slot = 0;
    return begin(kill_some, done);
}
