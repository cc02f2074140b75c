// SPDX-License-Identifier: Apache-2.0
// memory: 32M
// What the compiler and the start code promise: constructors, jumps, thread-local data, exit.
#include <alloca.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static int order[4], order_count;
static _Thread_local int local_number = 42;
static _Thread_local char local_zeros[100];
static _Thread_local _Alignas(64) char local_aligned[64];
static char zeros[10000];

static void __attribute__((constructor(101))) first(void)
{
    order[order_count++] = 1;
}

static void __attribute__((constructor)) second(void)
{
    order[order_count++] = 2;
}

static void at_end_two(void)
{
    _exit(order[0] == 7 ? 0 : 6); /* the verdict: at_end_one() ran before */
}

static void at_end_one(void)
{
    order[0] = 7;
}

static void jumps_come_back(void)
{
    jmp_buf env;
    volatile int times = 0;
    const int value = setjmp(env);
    times++;
    if (value < 3) {
        longjmp(env, value + 1);
    }
    tap_check(value == 3 && times == 4, "longjmp returns from setjmp with its value");
    if (setjmp(env) == 0) {
        longjmp(env, 0);
    } else {
        tap_check(true, "0 becomes 1");
    }
    sigjmp_buf signal_env;
    volatile int again = sigsetjmp(signal_env, 1);
    if (again == 0) {
        siglongjmp(signal_env, 9);
    }
    tap_equal(again, 9, "siglongjmp too");
}

static double sum(int count, ...)
{
    va_list list, copy;
    va_start(list, count);
    va_copy(copy, list);
    double total = 0;
    for (int i = 0; i < count; i++) {
        total += va_arg(list, double);
    }
    total += va_arg(copy, double);
    va_end(copy);
    va_end(list);
    return total;
}

/* Uses about 1 KiB of stack for each level. */
static unsigned int __attribute__((noinline)) deep(unsigned int levels)
{
    volatile char room[1000];
    room[0] = (char)levels;
    room[999] = 1;
    return levels == 0 ? 0 : deep(levels - 1) + (unsigned int)room[999];
}

int main(void)
{
    bool all_zero = true;
    for (size_t i = 0; i < sizeof(zeros); i++) {
        all_zero = all_zero && zeros[i] == 0;
    }
    tap_check(all_zero, ".bss is zero");
    tap_check(order_count == 2 && order[0] == 1 && order[1] == 2, "constructors ran in order");
    tap_check(local_number == 42 && local_zeros[99] == 0, "thread-local data has its first values");
    tap_equal((uintptr_t)local_aligned % 64, 0, "and its alignment");
    local_number++;
    int *volatile address = &local_number;
    tap_equal(*address, 43, "its address is usable");
    jumps_come_back();
    tap_check(sum(3, 1.5, 2.5, 3.0) == 8.5, "variable arguments");
    tap_equal(deep(90), 90, "90 KiB of stack are there");
    char *room = alloca(1000);
    memset(room, 1, 1000);
    tap_equal((uintptr_t)__builtin_frame_address(0) % 16, 0, "the stack is aligned");
    atexit(at_end_two);
    atexit(at_end_one);
    tap_done();
    exit(1);
}
