/* SPDX-License-Identifier: Apache-2.0 */
/* crash - does something wrong on purpose, to show what is reported about it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_to_null(void)
{
    volatile int *volatile p = NULL;
    *p = 1;
}

static void write_to_text(void)
{
    volatile char *volatile p = (char *)(size_t)write_to_null;
    *p = 1;
}

static void divide_by_zero(void)
{
    /* In assembly: the compiler may do anything with a division by zero in C. */
    __asm__ volatile("xorl %%ecx, %%ecx\n\tdivl %%ecx" ::: "eax", "ecx", "edx", "cc");
}

static void illegal_instruction(void)
{
    __asm__ volatile("ud2");
}

static void privileged_instruction(void)
{
    __asm__ volatile("cli");
}

/* Ends when a frame holds 1, which none does; the compiler cannot know. */
static int overflow_the_stack(const volatile char *caller)
{
    volatile char frame[1024];
    frame[0] = *caller;
    return frame[0] == 1 ? 0 : overflow_the_stack(frame) + frame[0];
}

static void stack_overflow(void)
{
    volatile char first = 0;
    exit(overflow_the_stack(&first));
}

static const struct {
    const char *name;
    void (*run)(void);
} crashes[] = {
    {"null", write_to_null},
    {"text", write_to_text},
    {"divide", divide_by_zero},
    {"illegal", illegal_instruction},
    {"privileged", privileged_instruction},
    {"stack", stack_overflow},
    {"abort", abort},
};

#define CRASH_COUNT (sizeof(crashes) / sizeof(crashes[0]))

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "null";

    for (size_t i = 0; i < CRASH_COUNT; i++) {
        if (strcmp(wanted, crashes[i].name) == 0) {
            printf("crash: %s\n", wanted);
            fflush(stdout);
            crashes[i].run();
            printf("crash: still alive\n");
            return 1;
        }
    }
    printf("usage: crash [");
    for (size_t i = 0; i < CRASH_COUNT; i++) {
        printf("%s%s", i > 0 ? "|" : "", crashes[i].name);
    }
    printf("]\n");
    return 2;
}
