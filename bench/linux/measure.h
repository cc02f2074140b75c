/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.h - samples of time-stamp counter differences and their median, as bench/guest/micro.c
 * takes them; under QEMU's -icount a tick is an instruction.
 */
#pragma once
#include <stdint.h>

#define RUNS 201
#define WARM_UP 50
#define MANY 10000 /* processes alive at once */

extern uint64_t samples[MANY];

static inline uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* Prints `bench NAME MEDIAN COUNT` of samples[0 .. count), less what reading the counter costs. */
void report(const char *name, unsigned int count, unsigned int divisor);
/* Prints `bench NAME VALUE COUNT`. */
void report_value(const char *name, uint64_t value, unsigned int count);
/* Finds out what reading the counter costs; before the first report(). */
void measure_tsc(void);

/* Ends the machine with a line for the log, unless `result` is 0 or more. Returns `result`. */
long check(long result, const char *what);
void power_off(void) __attribute__((noreturn));

/* Runs `body` WARM_UP times, then RUNS times into samples[]. */
#define MEASURE(body)                                                                              \
    for (int run_ = -WARM_UP; run_ < RUNS; run_++) {                                               \
        const uint64_t start_ = ticks();                                                           \
        body;                                                                                      \
        const uint64_t end_ = ticks();                                                             \
        if (run_ >= 0) {                                                                           \
            samples[run_] = end_ - start_;                                                         \
        }                                                                                          \
    }

/* The measurements; each prints its lines. */
void measure_calls(void);     /* calls.c: system calls, switches, page faults */
void measure_processes(void); /* processes.c: making and ending processes, their memory */
