/* SPDX-License-Identifier: Apache-2.0 */
/*
 * differ.h - programs that make random calls and print each with its result. The same program with the
 * same seed prints the same on Linux and in a guest: `make differ` (tests/differ/part.mk) compares.
 */
#pragma once

#include <stdint.h>

/** Arguments SEED STEPS (defaults 1, 500). Returns the number of steps. */
int differ_begin(int argc, char **argv);

/** 0 to count - 1. */
unsigned int pick(unsigned int count);

/** A call that a program makes now and then: so often as `weight` says, among the others. */
struct differ_call {
    const char *name;
    void (*call)(void); /* prints arguments and result */
    unsigned int weight;
};

/** Makes one of them, on a line that begins with its name. */
void differ_step(const struct differ_call *calls, unsigned int count);

/** True in one of `count` cases. */
static inline int one_of(unsigned int count)
{
    return pick(count) == 0;
}

/** " = RESULT" or " = -1 ENAME" of a call that has just returned. Returns `result`. */
long result(long result);

/** The same of a function that returns an error number. */
int result_of(int error);

/** The name of an error number, which differ between systems. */
const char *error_name(int error);
