// SPDX-License-Identifier: Apache-2.0
// memory: 32M
/*
 * brood - forks when it is told: each line of standard input is `TOKEN WORD`; makes a pipe and a child
 * that writes into it and ends. The answer is `=TOKEN done`, or why there is no child.
 */
#include <errno.h>
#include <mayfly.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *have_child(void)
{
    int p[2], status = -1;
    char c = 0;

    if (pipe(p) != 0) {
        return strerror(errno);
    }
    const pid_t pid = fork();
    const int error = errno;
    if (pid == 0) {
        _exit(write(p[1], "x", 1) == 1 ? 7 : 1);
    }
    const int good = pid > 0 && read(p[0], &c, 1) == 1 && c == 'x' &&
                     waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
                     WEXITSTATUS(status) == 7;
    close(p[0]);
    close(p[1]);
    if (waitpid(-1, &status, 0) != -1 || errno != ECHILD) {
        return "wrong: there is a child that never was";
    }
    return good ? "done" : pid < 0 ? strerror(error) : "wrong";
}

int main(void)
{
    char token[16], word[16];

    setvbuf(stdout, NULL, _IOLBF, 0);
    mf_ready();
    while (scanf("%15s %15s", token, word) == 2) {
        printf("=%s %s\n", token, have_child());
    }
    return 1;
}
