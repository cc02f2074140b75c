/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork - what processes cost a guest, in TSC ticks (under QEMU's -icount: instructions): lines
 * `fork NAME MEDIAN RUNS`. Each value is the median of RUNS runs after WARM_UP others.
 *
 *   fork_to_child       from the call of fork() until it returns in the child
 *   fork_exit_wait      from the call until waitpid() is back; the child calls _exit() at once
 *   fork_pipe_roundtrip a byte to a child by a pipe and one back
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define RUNS 101
#define WARM_UP 20

static uint64_t to_child[RUNS], to_end[RUNS], round_trip[RUNS];

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *name, uint64_t *ticks)
{
    qsort(ticks, RUNS, sizeof(*ticks), compare);
    printf("fork %s %" PRIu64 " %d\n", name, ticks[RUNS / 2], RUNS);
}

static void check(long result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void measure_to_child(void)
{
    int p[2];
    check(pipe(p), "pipe");
    for (int run = -WARM_UP; run < RUNS; run++) {
        uint64_t stamp = 0;
        const uint64_t start = __rdtsc();
        const pid_t child = fork();
        if (child == 0) {
            stamp = __rdtsc();
            _exit(write(p[1], &stamp, sizeof(stamp)) != sizeof(stamp));
        }
        check(child, "fork");
        check(read(p[0], &stamp, sizeof(stamp)), "read");
        check(waitpid(child, NULL, 0), "waitpid");
        if (run >= 0) {
            to_child[run] = stamp - start;
        }
    }
    close(p[0]);
    close(p[1]);
}

static void measure_to_end(void)
{
    for (int run = -WARM_UP; run < RUNS; run++) {
        const uint64_t start = __rdtsc();
        const pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        check(child, "fork");
        check(waitpid(child, NULL, 0), "waitpid");
        if (run >= 0) {
            to_end[run] = __rdtsc() - start;
        }
    }
}

static void measure_pipe(void)
{
    int there[2], back[2];
    char byte = 0;
    check(pipe(there), "pipe");
    check(pipe(back), "pipe");
    const pid_t child = fork();
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {
        }
        _exit(0);
    }
    check(child, "fork");
    for (int run = -WARM_UP; run < RUNS; run++) {
        const uint64_t start = __rdtsc();
        check(write(there[1], &byte, 1), "write");
        check(read(back[0], &byte, 1), "read");
        if (run >= 0) {
            round_trip[run] = __rdtsc() - start;
        }
    }
    close(there[1]);
    check(waitpid(child, NULL, 0), "waitpid");
}

int main(void)
{
    measure_to_child();
    measure_to_end();
    measure_pipe();
    report("to_child", to_child);
    report("exit_wait", to_end);
    report("pipe_roundtrip", round_trip);
    return 0;
}
