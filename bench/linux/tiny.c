/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiny - a Linux program without a C library. Compiled with STAMP it prints the time-stamp counter
 * at its first instruction and ends, without it waits for ever.
 */
#include <stdint.h>
#include <sys/syscall.h>
#include <x86intrin.h>

void _start(void) __attribute__((noreturn));

static long call(long number, long a, const void *b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

#ifdef STAMP
static void run(void)
{
    char text[20];
    uint64_t now = __rdtsc();
    long at = sizeof(text);
    for (; now > 0; now /= 10) {
        text[--at] = (char)('0' + now % 10);
    }
    call(SYS_write, 1, text + at, (long)sizeof(text) - at);
    call(SYS_exit_group, 0, 0, 0);
}
#else
static void run(void)
{
    call(SYS_pause, 0, 0, 0);
}
#endif

void _start(void)
{
    for (;;) {
        run();
    }
}
