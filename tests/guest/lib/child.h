/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - for guest tests with fork(): children that run a function, and what became of them. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child: exits with the line of the first check that fails. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            dprintf(2, "# line %d: %s, errno %d\n", __LINE__, #condition, errno);                  \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* A child that runs fn and exits with what that returns. */
static inline pid_t child(int (*fn)(void))
{
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(fn());
    }
    return pid;
}

/* As waitpid() gives it; -1: there is no such child. */
static inline int status_of(pid_t pid)
{
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static inline bool ends_well(pid_t pid)
{
    return status_of(pid) == 0;
}

/* Runs fn in a child; its status. */
static inline int in_child(int (*fn)(void))
{
    return status_of(child(fn));
}

/* Runs fn in a child; what it returned, or -1: it did not exit. */
static inline int value_in_child(int (*fn)(void))
{
    const int status = in_child(fn);
    return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool say(int fd, const char *text)
{
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Whether exactly this text is read. */
static inline bool says(int fd, const char *text)
{
    char found[64] = "";
    const ssize_t n = read(fd, found, sizeof(found) - 1);
    return n == (ssize_t)strlen(text) && memcmp(found, text, (size_t)n) == 0;
}
