/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvtest.h - what a test of hv has instead of a libc. The image boots in place of dom0, so it has
 * all rights; whatever is to die does so in a child, a clone of the test's own domain (hv_dom_clone
 * of HV_SELF), whose report the parent reads. One thread, no preemption but by other domains.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mayfly/hypercall.h"

#define TEST_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/** The test: checks with CHECK(). Children run with all of the parent's variables, copied. */
void test_main(void);

/* ---- output ---------------------------------------------------------------------------------- */

/** Prints on the serial console, one line per call: %s %c %d %u %x with l, widths and zero
 * padding. */
void say(const char *format, ...) TEST_PRINTF(1, 2);

/** One TAP line. `name` is a claim. A failed one shows its place. Returns `good`. */
bool check_at(const char *file, int line, bool good, const char *name, ...) TEST_PRINTF(4, 5);
#define CHECK(condition, ...) check_at(__FILE__, __LINE__, (condition), __VA_ARGS__)

/** CHECK that shows both numbers when they differ. */
bool check_equal_at(const char *file, int line, int64_t got, int64_t expected, const char *name,
                    ...) TEST_PRINTF(5, 6);
#define CHECK_EQUAL(got, expected, ...)                                                            \
    check_equal_at(__FILE__, __LINE__, (int64_t)(got), (int64_t)(expected), __VA_ARGS__)

/** A claim that cannot be tested (yet), and why. */
void skip(const char *name, const char *why);

/** Ends the machine with a failure now: the test cannot go on. */
void __attribute__((noreturn)) give_up(const char *why);

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t rdtsc(void);
/** Monotonic time from the time page. */
uint64_t now_ns(void);
#define MS 1000000ull

/* ---- children -------------------------------------------------------------------------------- */

#define CHILD_TAG 0x80000000u /* end events of children: CHILD_TAG | slot */
#define CHILD_LIMIT_NS (20000 * MS)

struct child {
    int64_t handle; /* or a negative HV_ERR_* */
    uint32_t end_tag;
};

/** Clones this domain; the clone, once started, runs fn(arg) and ends with status 0. `params` may
 * be NULL: no caps, no limits. An error of the clone is in child.handle. */
struct child child_create(void (*fn)(void *), void *arg, const struct hv_dom_params *params);

/** Waits for the end of a started child (bounded; gives up else), fills *report, destroys it. */
void child_wait(struct child child, struct hv_report *report);

/** child_create, hv_dom_start, child_wait. Gives up when the child cannot be made. */
void child_run(void (*fn)(void *), void *arg, struct hv_report *report);

/** Waits until an event with `tag` comes; others are dropped. False: `deadline_ns` has passed. */
bool event_expect(uint32_t tag, uint64_t deadline_ns);

/* ---- the rest -------------------------------------------------------------------------------- */

uint64_t free_frames(void);
/** The same numbers for the same seed. */
uint64_t random_next(uint64_t *state);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
