// SPDX-License-Identifier: Apache-2.0
// Forks as its arguments say: many N, bomb, fill MIB, or watch: one child until somebody ends it.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB 1048576

static void many(int count)
{
    int good = 0;
    for (int i = 0; i < count; i++) {
        int status = -1, p[2];
        char c = 0;
        if (pipe(p) != 0) {
            break;
        }
        const pid_t pid = fork();
        if (pid == 0) {
            (void)!write(p[1], "x", 1);
            _exit(i & 0x7f);
        }
        good += pid > 0 && read(p[0], &c, 1) == 1 && waitpid(pid, &status, 0) == pid &&
                status == (i & 0x7f) << 8;
        close(p[0]);
        close(p[1]);
    }
    printf("forker: %d of %d\n", good, count);
}

/* Children that touch so much memory, one after the other, and stay; until no more can be made. */
static void fill(size_t bytes)
{
    int count = 0, done[2];
    pid_t pid;
    char c;
    if (pipe(done) != 0) {
        return;
    }
    while ((pid = fork()) > 0 && read(done[0], &c, 1) == 1) {
        count++;
    }
    if (pid == 0) {
        char *const memory = malloc(bytes);
        if (memory != NULL) {
            for (size_t at = 0; at < bytes; at += 4096) {
                ((volatile char *)memory)[at] = 1;
            }
        }
        (void)!write(done[1], "d", 1);
        for (;;) {
            pause();
        }
    }
    printf("forker: %d children, then: %s\n", count,
           errno == ENOMEM   ? "ENOMEM"
           : errno == EAGAIN ? "EAGAIN"
                             : "?");
    fflush(stdout);
    kill(-1, SIGKILL);
    while (wait(NULL) > 0) {
        count--;
    }
    printf("forker: %d are left\n", count);
}

/* A child that waits; says how it was stopped, and ended. */
static void watch(void)
{
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    printf("forker: child %d\n", (int)pid);
    fflush(stdout);
    while (waitpid(pid, &status, WUNTRACED | WCONTINUED) == pid &&
           (WIFSTOPPED(status) || WIFCONTINUED(status))) {
        if (WIFSTOPPED(status)) {
            printf("forker: it was stopped by signal %d\n", WSTOPSIG(status));
        } else {
            printf("forker: it goes on\n");
        }
        fflush(stdout);
    }
    printf("forker: it ended by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "many") == 0) {
        many(atoi(argv[2]));
    } else if (argc > 2 && strcmp(argv[1], "fill") == 0) {
        fill((size_t)atoi(argv[2]) * MIB);
    } else if (argc > 1 && strcmp(argv[1], "bomb") == 0) {
        fill(0);
    } else {
        watch();
    }
    return 0;
}
