/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes - what making, having and ending a Linux process costs. /stamp and /idle are the guests
 * of bench/guest compiled for Linux (static glibc), /tiny is a program without a C library.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define FIRST 200
#define FEW 1000 /* idle processes, as bench/run has idle guests */
#define GIB (1024ul << 20)
#define FORK_1024MIB_WARM_UP 4
#define FORK_1024MIB_RUNS 101
#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)

static volatile uint64_t *shared; /* with children: when did it start, when did it end? */
static int null_fd, stamp_pipe[2];
static uint64_t ends[RUNS], wholes[RUNS];
static pid_t idle[MANY];

static void nap(unsigned int ms)
{
    usleep(ms * 1000);
}

/* ---- fork ------------------------------------------------------------------------------------ */

/*
 * From the call of fork until the child's first instruction, and from the child's end until the
 * parent knows of it; and, if it has a name, the whole. The bare system call, without what the C library does around it.
 */
static void measure_fork(const char *fork_name, const char *end_name, const char *whole_name,
                         int warm_up, int runs)
{
    for (int run = -warm_up; run < runs; run++) {
        const uint64_t start = ticks();
        const pid_t child = (pid_t)syscall(SYS_fork);
        if (child == 0) {
            shared[0] = ticks();
            shared[1] = ticks();
            syscall(SYS_exit_group, 0);
        }
        check(waitpid(child, NULL, 0), "fork, waitpid");
        const uint64_t end = ticks();
        if (run >= 0) {
            samples[run] = shared[0] - start;
            ends[run] = end - shared[1];
            wholes[run] = end - start;
        }
    }
    report(fork_name, (unsigned int)runs, 1);
    memcpy(samples, ends, sizeof(ends));
    report(end_name, (unsigned int)runs, 1);
    memcpy(samples, wholes, sizeof(wholes));
    if (whole_name != NULL) {
        report(whole_name, (unsigned int)runs, 1);
    }
}

/* `advice` chooses pages of 4 KiB, as Mayfly's, or those of 2 MiB that Linux prefers here. */
static void measure_fork_1024MiB(const char *fork_name, const char *end_name, int advice)
{
    char *const area = mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(area == MAP_FAILED ? -1 : 0, "mmap of 1 GiB");
    check(madvise(area, GIB, advice), "madvise");
    for (size_t at = 0; at < GIB; at += 4096) {
        area[at] = 1;
    }
    measure_fork(fork_name, end_name, NULL, FORK_1024MIB_WARM_UP, FORK_1024MIB_RUNS);
    munmap(area, GIB);
}

/* ---- exec ------------------------------------------------------------------------------------ */

static void execute(const char *path, int output)
{
    char *const arguments[] = {(char *)(uintptr_t)path, NULL};
    char *const environment[] = {NULL};
    dup2(output, STDOUT_FILENO);
    execve(path, arguments, environment);
    _exit(127);
}

static int execute_stamp(void *path)
{
    execute(path, stamp_pipe[1]);
    return 127;
}

/* A child that shares our memory until it executes `path`; in namespaces of its own if asked for. */
static pid_t start_stamp(const char *path, int namespaces)
{
    static char stack[16384] __attribute__((aligned(16)));
    return (pid_t)check(clone(execute_stamp, stack + sizeof(stack),
                              CLONE_VM | CLONE_VFORK | SIGCHLD | namespaces,
                              (void *)(uintptr_t)path),
                        "clone");
}

/* What the child printed: the time-stamp counter at its first instruction or at that of main(). */
static uint64_t read_stamp(void)
{
    char text[32] = {0};
    check(read(stamp_pipe[0], text, sizeof(text) - 1), "read");
    return strtoull(text, NULL, 10);
}

static void measure_exec(const char *name, const char *path, int namespaces)
{
    for (int run = -WARM_UP; run < RUNS; run++) {
        const uint64_t start = ticks();
        const pid_t child = start_stamp(path, namespaces);
        const uint64_t stamp = read_stamp();
        check(waitpid(child, NULL, 0), "waitpid");
        if (run >= 0) {
            samples[run] = stamp - start;
        }
        if (namespaces != 0) {
            nap(100); /* the kernel's threads remove the namespaces */
        }
    }
    report(name, RUNS, 1);
}

/* ---- idle processes -------------------------------------------------------------------------- */

/* Once all that was started or ended has come to rest. */
static uint64_t free_bytes(void)
{
    struct sysinfo info;
    uint64_t last = 0, now = 1;
    while (now != last) {
        nap(1000);
        last = now;
        check(sysinfo(&info), "sysinfo");
        now = info.freeram * (uint64_t)info.mem_unit;
    }
    return now;
}

static void start_idle(const char *path, int from, int to)
{
    for (int i = from; i < to; i++) {
        idle[i] = (pid_t)check(vfork(), "vfork");
        if (idle[i] == 0) {
            execute(path, null_fd);
        }
    }
}

static void kill_idle(const char *name, int count)
{
    for (int i = 0; i < count; i++) {
        const uint64_t start = ticks();
        kill(idle[i], SIGKILL);
        check(waitpid(idle[i], NULL, 0), "waitpid");
        samples[i] = ticks() - start;
    }
    report(name, (unsigned int)count, 1);
}

/* The first ones use up what the kernel's own free lists hold: they are not counted. */
static void measure_density(void)
{
    start_idle("/idle", 0, FIRST);
    uint64_t before = free_bytes();
    start_idle("/idle", FIRST, FIRST + FEW);
    report_value("linux_idle_process_bytes", (before - free_bytes()) / FEW, FEW);
    measure_exec("linux_vfork_exec_to_main_insns_at_1000", "/stamp", 0);
    start_idle("/idle", FIRST + FEW, MANY);
    report_value("linux_idle_process_bytes_at_10000", (before - free_bytes()) / (MANY - FIRST),
                 MANY - FIRST);
    measure_exec("linux_vfork_exec_to_main_insns_at_10000", "/stamp", 0);
    kill_idle("linux_kill_idle_insns", MANY);

    start_idle("/tiny-idle", 0, FIRST);
    before = free_bytes();
    start_idle("/tiny-idle", FIRST, FIRST + FEW);
    report_value("linux_idle_nolibc_process_bytes", (before - free_bytes()) / FEW, FEW);
    kill_idle("linux_kill_nolibc_idle_insns", FIRST + FEW);
}

void measure_processes(void)
{
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(shared == MAP_FAILED ? -1 : 0, "mmap");
    null_fd = (int)check(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null");
    check(pipe2(stamp_pipe, O_CLOEXEC), "pipe");
    measure_fork("linux_fork_to_child_insns", "linux_destroy_insns", "linux_fork_exit_wait_insns",
                 WARM_UP, RUNS);
    measure_exec("linux_vfork_exec_to_first_insn_insns", "/tiny-stamp", 0);
    measure_exec("linux_vfork_exec_to_main_insns", "/stamp", 0);
    measure_exec("linux_container_to_main_insns", "/stamp", NAMESPACES);
    measure_density();
    measure_fork_1024MiB("linux_fork_1024MiB_insns", "linux_destroy_1024MiB_insns",
                         MADV_NOHUGEPAGE);
    measure_fork_1024MiB("linux_fork_1024MiB_thp_insns", "linux_destroy_1024MiB_thp_insns",
                         MADV_HUGEPAGE);
}
