/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c - see lock.h. */
#include "files/lock.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>

#include "files/node.h"
#include "thread/thread.h"

static void release(struct mf_file_lock *l, int *held)
{
    if (*held == 0) {
        return;
    }
    if (*held == LOCK_EX) {
        l->exclusive = false;
    } else {
        l->shared--;
    }
    *held = 0;
    mf_file_notify(&l->wait, POLLIN);
}

static bool take(struct mf_file_lock *l, int *held, int wanted)
{
    if (l->exclusive || (wanted == LOCK_EX && l->shared != 0)) {
        return false;
    }
    l->exclusive = wanted == LOCK_EX;
    l->shared += wanted == LOCK_SH;
    *held = wanted;
    return true;
}

int mf_file_lock(struct mf_node *n, int *held, int wanted, bool try)
{
    if (n->lock == NULL) {
        n->lock = wanted == 0 ? NULL : calloc(1, sizeof(*n->lock));
        if (n->lock == NULL) {
            return wanted == 0 ? 0 : -ENOLCK;
        }
    }
    if (*held == wanted) {
        return 0;
    }
    release(n->lock, held);
    int err = 0;
    while (wanted != 0 && err == 0 && !take(n->lock, held, wanted)) {
        err = try ? -EWOULDBLOCK : mf_file_wait_always(NULL, &n->lock->wait, POLLIN, MF_NEVER);
    }
    return err;
}
