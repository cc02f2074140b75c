/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - fork() makes the snapshot: the child has the table as it is at that moment and writes it
 * into a pipe; the parent passes that on, and serves its other clients meanwhile. */
#include "save.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store.h"

#define PART_BYTES 4096

/* In the child. Its other threads, and with them all connections, are not there. */
static void __attribute__((noreturn)) write_table(int fd)
{
    FILE *const out = fdopen(fd, "w");
    const bool good = out != NULL && store_print(out) && fclose(out) == 0;
    _exit(good ? 0 : 1);
}

static bool pass_on(int from, int to)
{
    char part[PART_BYTES];
    ssize_t got;

    while ((got = read(from, part, sizeof(part))) > 0) {
        for (ssize_t done = 0, sent; done < got; done += sent) {
            sent = send(to, part + done, (size_t)(got - done), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
        }
    }
    return got == 0;
}

bool save_to(int fd)
{
    int ends[2], status = -1;

    if (pipe(ends) != 0) {
        return false;
    }
    const pid_t pid = store_fork();
    if (pid == 0) {
        close(ends[0]);
        write_table(ends[1]);
    }
    close(ends[1]);
    const bool good = pid > 0 && pass_on(ends[0], fd);
    close(ends[0]); /* a child whose reader is gone ends by SIGPIPE */
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && good;
}
