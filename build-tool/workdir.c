/* SPDX-License-Identifier: Apache-2.0 */
/* workdir.c - see workdir.h. */
#include "workdir.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "interrupt.h"
#include "report.h"

static char *folder; /* NULL: none */

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
    atexit(workdir_remove);
    return folder;
}
