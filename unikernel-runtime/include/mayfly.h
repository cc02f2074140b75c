/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly.h - what a guest can say that POSIX has no words for. */
#pragma once

#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
/**
 * Tells dom0 that the application serves now. The first accept() or epoll_wait() says so too; later
 * calls do nothing.
 */
void mf_ready(void);

/**
 * Has fn(arg) called when this guest finds itself to be a clone of a running one (or rolled back):
 * before the program goes on, after its network has new addresses and its connections are reset.
 * Functions are called in the order of registration, for ever, on the stack of whatever thread
 * notices first; they must not block. In clones of clones they are called again. Returns 0, or -1
 * with errno ENOMEM.
 */
int mf_on_clone(void (*fn)(void *), void *arg);

/**
 * Shares `bytes` (1 to 2 MiB) of memory with the guest called `peer` ("*": with any), under `name`,
 * which both sides choose alike, as they do the size. Waits until the other one has done the same,
 * at most timeout_ms (-1: for ever). Both have to be started with a share= that allows the other.
 *
 * Returns a descriptor and in *memory where the memory is: zero at first, at addresses that the two
 * guests need not have in common. The other guest may write to it at any moment: read what matters
 * once, check the copy, use only the copy. For order there are C11's atomics.
 *
 * The descriptor can be polled for and read after the other side's mf_share_notify(): read() of 8
 * bytes gives how many notifications came (several may come as one). When the other side has closed
 * it, or has ended, read() gives 0 and poll() says POLLHUP; the memory stays. In a clone of this
 * guest, or after a rollback, it is the same, but the memory is gone: touching it is a fault.
 * close() gives the memory back.
 *
 * -1 with errno: EPERM (share= does not allow it), EEXIST (offered already), EINVAL (a size, or one
 * that is not the other's; a name), ENAMETOOLONG (peer and name have more than 62 characters),
 * EMFILE (8 shares, or no descriptor), ENOMEM, ETIMEDOUT, EINTR, ECONNRESET (cloned meanwhile),
 * ENOSYS (no dom0).
 */
int mf_share_open(const char *peer, const char *name, size_t bytes, int timeout_ms, void **memory);

/**
 * Wakes whoever reads or polls the other side of a share. Cheap: a hypercall, dom0 has no part in it.
 * Returns 0, or -1 with errno EBADF, EINVAL (no share), EPIPE (nobody is there).
 */
int mf_share_notify(int fd);
__END_DECLS
