/* SPDX-License-Identifier: Apache-2.0 */
/* workdir.c - see workdir.h. */
#include "workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "interrupt.h"
#include "process.h"
#include "report.h"

static char *folder; /* NULL: none */
static pid_t keeper; /* 0: none; removes the folder when keeper_pipe closes: when we are gone */
static int keeper_pipe;

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    remove(path);
    return 0;
}

void workdir_remove(void)
{
    if (folder != NULL) {
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(folder);
        folder = NULL;
    }
    if (keeper > 0) {
        close(keeper_pipe); /* for what a compiler that was just killed may have made since */
        keeper = 0;
    }
}

/* In the child. The signals that end us orderly are blocked already. */
static void keep(int until_closed)
{
    char nothing;
    setsid();
    dup2(until_closed, STDIN_FILENO);
    close_range(STDIN_FILENO + 1, ~0u, 0); /* nobody who reads our output is to wait for it */
    until_closed = STDIN_FILENO;
    while (read(until_closed, &nothing, 1) < 0 && errno == EINTR) {
    }
    keeper = 0;
    workdir_remove();
    _exit(0);
}

/* Best effort: without a keeper only SIGKILL leaves the folder behind. */
static void start_keeper(void)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return;
    }
    keeper_pipe = fds[1];
    keeper = fork();
    if (keeper == 0) {
        close(fds[1]);
        keep(fds[0]);
    }
    close(fds[0]);
    process_pass_on(fds[1]); /* it waits until nobody has this open */
}

const char *workdir_path(void)
{
    if (folder != NULL) {
        return folder;
    }
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0') {
        base = "/tmp";
    }
    interrupt_catch();
    char *path = alloc_format("%s/mayfly-XXXXXX", base);
    if (mkdtemp(path) == NULL) {
        report_error("cannot make a folder in %s: %s%s", base, strerror(errno),
                     errno == ENOSPC ? "; free some space, or set TMPDIR to another disk" : "");
        free(path);
        return NULL;
    }
    folder = realpath(path, NULL); /* compilers run elsewhere */
    free(path);
    setenv("TMPDIR", folder, 1); /* what a compiler that is killed leaves goes, too */
    start_keeper();
    atexit(workdir_remove);
    return folder;
}
