/* SPDX-License-Identifier: Apache-2.0 */
/* calls - what single operations of Linux cost: system call, pipe, switch, page fault. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define PAGE_BYTES 4096ul

/* Without the C library's wrapper, as hv_nop() has none. */
static void call_getpid(void)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_getpid) : "rcx", "r11", "memory");
}

static void measure_getpid(void)
{
    MEASURE(call_getpid())
    report("linux_getpid_insns", RUNS, 1);
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    check(waitpid(child, NULL, 0), "waitpid");
}

static void round_trip(int to, int from)
{
    char byte = 0;
    check(write(to, &byte, 1), "write");
    check(read(from, &byte, 1), "read");
}

static void measure_pipe(void)
{
    int there[2], back[2];
    char byte;
    check(pipe(there), "pipe");
    check(pipe(back), "pipe");
    const pid_t child = (pid_t)check(fork(), "fork");
    if (child == 0) {
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {
        }
        _exit(0);
    }
    MEASURE(round_trip(there[1], back[0]))
    report("linux_pipe_roundtrip_insns", RUNS, 1);
    end_child(child);
    for (int i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
}

/*
 * Two processes that yield. The scheduler may let the caller go on: only a yield in which the other
 * process ran exactly once is there and back, two switches.
 */
static void measure_switch(void)
{
    volatile uint64_t *count =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(count == MAP_FAILED ? -1 : 0, "mmap");
    *count = 0;
    const pid_t child = (pid_t)check(fork(), "fork");
    if (child == 0) {
        for (;;) {
            *count += 1;
            sched_yield();
        }
    }
    unsigned int taken = 0;
    for (int run = -WARM_UP; taken < RUNS; run++) {
        const uint64_t before = *count;
        const uint64_t start = ticks();
        sched_yield();
        const uint64_t end = ticks();
        if (run >= 0 && *count == before + 1) {
            samples[taken++] = end - start;
        }
    }
    report("linux_process_switch_insns", RUNS, 2);
    end_child(child);
    munmap((void *)(uintptr_t)count, PAGE_BYTES);
}

static volatile char *next_page;

static void touch_next(void)
{
    *next_page = 1;
    next_page += PAGE_BYTES;
}

/* Pages of 4 KiB as Mayfly's, not the 2 MiB that Linux gives to large mappings. */
static void measure_page_faults(void)
{
    const size_t bytes = (RUNS + WARM_UP) * PAGE_BYTES;
    void *const area =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(area == MAP_FAILED ? -1 : 0, "mmap");
    check(madvise(area, bytes, MADV_NOHUGEPAGE), "madvise");
    next_page = area;
    MEASURE(touch_next())
    report("linux_page_fault_insns", RUNS, 1);

    /* The child shares all pages with us: the first write to each takes a copy of it. */
    const pid_t child = (pid_t)check(fork(), "fork");
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    next_page = area;
    MEASURE(touch_next())
    report("linux_page_fault_cow_insns", RUNS, 1);
    end_child(child);
    munmap(area, bytes);
}

void measure_calls(void)
{
    measure_getpid();
    measure_pipe();
    measure_switch();
    measure_page_faults();
}
