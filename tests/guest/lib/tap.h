/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - TAP for guest tests. One file, no library: include it in the test's main file.
 *
 *     tap_check(read(fd, b, 4) == 4, "a file is read");       a claim, maybe with printf arguments
 *     return tap_done();                                       prints the plan; 0 when all were
 * good
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned int tap_count_, tap_failed_;

static bool __attribute__((format(printf, 4, 5), unused))
tap_check_at_(const char *file, int line, bool good, const char *name, ...)
{
    const int error = errno;
    char text[256];
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(text, sizeof(text), name, arguments);
    va_end(arguments);
    printf("%sok %u - %s\n", good ? "" : "not ", ++tap_count_, text);
    if (!good) {
        tap_failed_++;
        printf("# %s:%d (errno %d: %s)\n", file, line, error, strerror(error));
    }
    errno = error;
    return good;
}

/** One TAP line. `name` is a claim, with arguments as for printf. Returns the condition. */
#define tap_check(condition, ...) tap_check_at_(__FILE__, __LINE__, (condition), __VA_ARGS__)

/** One TAP line that shows both numbers when they differ. */
#define tap_equal(got, expected, name)                                                             \
    do {                                                                                           \
        const long long got_ = (long long)(got), expected_ = (long long)(expected);                \
        if (!tap_check(got_ == expected_, "%s", name)) {                                           \
            printf("# got %lld, expected %lld\n", got_, expected_);                                \
        }                                                                                          \
    } while (0)

/** A claim that cannot be tested here, and why. */
static void __attribute__((unused)) tap_skip(const char *name, const char *why)
{
    printf("ok %u - %s # SKIP %s\n", ++tap_count_, name, why);
}

/** Prints the plan. Returns main()'s value. */
static int __attribute__((unused)) tap_done(void)
{
    printf("1..%u\n", tap_count_);
    fflush(stdout);
    return tap_failed_ == 0 ? 0 : 1;
}
