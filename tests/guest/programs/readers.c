// SPDX-License-Identifier: Apache-2.0
// For tests/fork_console.bats: a kind of shell. Reads lines; for each a child takes from the same input:
//   read   the next line, blocking; poll, after it has waited for it; below, in a child of its own
//   end    all up to the end
//   many N writes N lines
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 100

/* Returns false at the end. */
static bool read_line(char line[LINE_BYTES])
{
    size_t bytes = 0;
    while (bytes < LINE_BYTES - 1 && read(0, line + bytes, 1) == 1) {
        if (line[bytes] == '\n') {
            line[bytes] = 0;
            return true;
        }
        bytes++;
    }
    return false;
}

static void take_line(const char *how)
{
    struct pollfd p = {.fd = 0, .events = POLLIN};
    char line[LINE_BYTES] = "";
    int waiting = 0;

    if (how[0] == 'p') {
        const int n = poll(&p, 1, 30000);
        ioctl(0, FIONREAD, &waiting);
        printf("poll says %d, %x, %s\n", n, (unsigned int)p.revents, waiting > 0 ? "some" : "none");
    }
    const bool more = read_line(line);
    printf("%d got %s%s\n", (int)getpid(), line, more ? "" : "nothing");
}

static void in_child(const char *command)
{
    if (strcmp(command, "below") == 0) {
        if (fork() == 0) {
            take_line(command);
        } else {
            wait(NULL);
        }
    } else if (strcmp(command, "end") == 0) {
        char line[LINE_BYTES];
        int lines = 0;
        while (read_line(line)) {
            lines++;
        }
        printf("%d lines, then %zd\n", lines, read(0, line, 1));
    } else if (strncmp(command, "many", 4) == 0) {
        for (int i = 0; i < atoi(command + 4); i++) {
            printf("line %d of many\n", i);
        }
    } else {
        take_line(command);
    }
}

int main(void)
{
    char command[LINE_BYTES];

    fclose(fopen("/tmp/readers", "w")); /* a program with files */
    puts("reads");
    fflush(stdout);
    while (read_line(command)) {
        const pid_t pid = fork();
        if (pid == 0) {
            in_child(command);
            exit(0);
        }
        waitpid(pid, NULL, 0);
        printf("%s is done\n", command);
        fflush(stdout);
    }
    puts("the end");
    return 0;
}
