/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dom0_lifecycle - linked into dom0 for bench/run: `clone GUEST`, `snapshot GUEST` and `rollback GUEST
 * TEMPLATE` are done RUNS times after a WARM_UP, and `kill GUEST` once, and print
 * `lifecycle: WHAT n=N median=TICKS`, as dom0's `measure` does. What is made is ended again at once:
 * a clone is killed before it runs, which is `destroy`. `clone TEMPLATE` is measured until the clone
 * waits for events (`ready`), first with prefault.h off, then on (`prefaulted`).
 *
 * The time in which messages are printed does not count.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "guests/guest.h"
#include "guests/names.h"
#include "mayfly/hypercall.h"
#include "templates/lifecycle.h"
#include "templates/prefault.h"
#include "text/term.h"

#define RUNS 101
#define WARM_UP 20
#define FAILURES_MAX 50
#define NAME "bench"

/* The names that the linker's --wrap gives them. */
bool __real_lifecycle_run(int count, char *const words[], void (*done)(void));
bool __wrap_lifecycle_run(int count, char *const words[], void (*done)(void));
void __real_guest_kill(uint32_t slot);
void __wrap_guest_kill(uint32_t slot);
void __real_term_printf(const char *format, ...);
void __wrap_term_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char name[] = NAME, name_option[] = "name=" NAME, remove_command[] = "remove";
static bool is_timed;
static char said[128]; /* the last message while a command was timed */
static uint64_t samples[RUNS], ends[RUNS], printing;

void __wrap_term_printf(const char *format, ...)
{
    const uint64_t start = __rdtsc();
    char text[1024];
    va_list list;

    va_start(list, format);
    const int bytes = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (is_timed) {
        snprintf(said, sizeof(said), "%s", text);
    } else if (bytes > 0) {
        term_write(text, (uint32_t)strlen(text));
    }
    printing += __rdtsc() - start;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void print(const char *what, uint64_t *ticks, uint32_t count)
{
    qsort(ticks, count, sizeof(*ticks), compare);
    __real_term_printf("lifecycle: %s n=%" PRIu32 " median=%" PRIu64 "\n", what, count,
                       ticks[count / 2]);
}

/* Returns the ticks of one command; 0: it could not be done at once. */
static uint64_t time_of(int count, char *const words[], void (*done)(void))
{
    is_timed = true;
    printing = 0;
    const uint64_t start = __rdtsc();
    const bool goes_on = __real_lifecycle_run(count, words, done);
    const uint64_t ticks = __rdtsc() - start - printing;
    is_timed = false;
    return goes_on ? 0 : ticks;
}

/* Of a guest that runs, so far. */
static uint64_t cpu_ns_of(uint32_t slot)
{
    struct hv_dom_info info;
    return hv_dom_info(guest_at(slot)->handle, &info) >= 0 ? info.cpu_ns : 0;
}

/*
 * A new guest, from the command until it waits; 0: that could not be seen. On the one CPU that a
 * measurement has, a yield lets it run until then, unless dom0 is behind in the scheduler's time.
 */
static uint64_t time_until_it_waits(char *const words[], void (*done)(void))
{
    const uint64_t start = __rdtsc();
    const uint64_t ticks = time_of(3, words, done);
    const uint64_t printed = printing;
    hv_yield();
    const uint64_t end = __rdtsc();
    const uint32_t slot = names_find(NAME);

    if (ticks == 0 || slot == PLAN_NO_GUEST || guest_at(slot)->state != GUEST_RUNNING) {
        return 0;
    }
    const uint64_t used = cpu_ns_of(slot);
    hv_yield();
    const bool waits = used > 0 && used == cpu_ns_of(slot);
    __real_guest_kill(slot);
    return waits ? end - start - printed : 0;
}

/* Until dom0 is not behind. */
static void catch_up(void)
{
    const uint64_t until = mf_clock_deadline(MF_NS_PER_MS);
    while (mf_clock_ns() < until) {
        hv_yield();
    }
}

/* `clone TEMPLATE`, RUNS times after a WARM_UP, until it waits. */
static void measure_ready(const char *what, char *const words[], void (*done)(void))
{
    int failures = 0;

    for (int run = -WARM_UP; run < RUNS; run++) {
        uint64_t ticks = time_until_it_waits(words, done);
        while (ticks == 0 && failures++ < FAILURES_MAX) {
            catch_up();
            ticks = time_until_it_waits(words, done);
        }
        if (ticks == 0) {
            __real_term_printf("lifecycle: %s cannot be measured: %s\n", what, said);
            return;
        }
        if (run >= 0) {
            samples[run] = ticks;
        }
    }
    print(what, samples, RUNS);
}

/* Ends what the command made; returns the ticks of that, 0: nothing was made. */
static uint64_t undo(const char *what, void (*done)(void))
{
    char *const remove[] = {remove_command, name, NULL};
    const uint32_t slot = names_find(NAME);

    if (strcmp(what, "snapshot") == 0) {
        return time_of(2, remove, done);
    }
    if (slot == PLAN_NO_GUEST || guest_at(slot)->state != GUEST_RUNNING) {
        return 0;
    }
    const uint64_t start = __rdtsc();
    __real_guest_kill(slot);
    return __rdtsc() - start;
}

static bool is_guest(const char *word)
{
    const uint32_t slot = names_find(word);
    return slot != PLAN_NO_GUEST && guest_at(slot)->state == GUEST_RUNNING;
}

static const char *made(const char *what)
{
    return strcmp(what, "clone") == 0 ? "destroy" : "remove";
}

bool __wrap_lifecycle_run(int count, char *const words[], void (*done)(void))
{
    const char *const what = words[0];
    const bool makes = strcmp(what, "clone") == 0 || strcmp(what, "snapshot") == 0;
    char *more[4] = {words[0], words[1], name_option, NULL};

    if ((count != 2 || !makes) && strcmp(what, "rollback") != 0) {
        return __real_lifecycle_run(count, words, done);
    }
    if (strcmp(what, "snapshot") == 0) {
        more[2] = name;
    } else if (!makes) {
        more[2] = words[2];
    } else if (!is_guest(words[1])) {
        prefault_init(false);
        measure_ready("ready", more, done);
        prefault_init(true);
        measure_ready("prefaulted", more, done);
        return false;
    }
    for (int run = -WARM_UP; run < RUNS; run++) {
        const uint64_t ticks = time_of(3, more, done);
        if (run == -WARM_UP && makes && strstr(said, NAME) != said) {
            __real_term_printf("lifecycle: %s: %s", what, said);
            return false;
        }
        const uint64_t end = ticks != 0 && makes ? undo(what, done) : 0;
        if (ticks == 0 || (makes && end == 0)) {
            __real_term_printf("lifecycle: %s cannot be measured: %s\n", what, said);
            return false;
        }
        if (run >= 0) {
            samples[run] = ticks;
            ends[run] = end;
        }
    }
    print(what, samples, RUNS);
    if (makes) {
        print(made(what), ends, RUNS);
    }
    return false;
}

/* `kill GUEST` */
void __wrap_guest_kill(uint32_t slot)
{
    uint64_t ticks = __rdtsc();
    __real_guest_kill(slot);
    ticks = __rdtsc() - ticks;
    print("kill", &ticks, 1);
}
