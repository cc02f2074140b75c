/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sockets.c - what stands in for functions of sockets in programs that fork: see descriptors.c. Sockets
 * are the owner's in all of a family, so that everybody finds their names and ports, and inherits them.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "family/family.h"
#include "family/server.h"
#include "fd/fd.h"
#include "files/own.h"
#include "thread/idle.h"

#pragma weak mf_own_inet_make
#pragma weak mf_own_unix_make
#pragma weak mf_own_unix_pair
#pragma weak mf_own_net_finish
#pragma weak mf_family_is_serving

const char mf_family_sockets;

/* One that has lost its owner has a network of its own. */
int mf_inet_make(int domain, int type, int protocol)
{
    if (mf_family_role == MF_FAMILY_CHILD) {
        return mf_family_files.socket_make(domain, type, protocol);
    }
    return &mf_own_inet_make == NULL ? -EAFNOSUPPORT : mf_own_inet_make(domain, type, protocol);
}

int mf_unix_make(int type, int protocol)
{
    if (mf_family_is_remote()) {
        return mf_family_files.socket_make(AF_UNIX, type, protocol);
    }
    return &mf_own_unix_make == NULL ? -EAFNOSUPPORT : mf_own_unix_make(type, protocol);
}

int mf_unix_pair(int type, int protocol, int fds[2])
{
    if (mf_family_is_remote()) {
        return mf_family_files.unix_pair(type, protocol, fds);
    }
    return &mf_own_unix_pair == NULL ? -EAFNOSUPPORT : mf_own_unix_pair(type, protocol, fds);
}

/* Within the owner, if both are its: no byte goes through the window. */
ssize_t sendfile(int out, int in, off_t *offset, size_t bytes)
{
    const ssize_t r = mf_family_is_remote() && mf_family_has_files()
                          ? mf_family_files.send_file(out, in, offset, bytes)
                          : -EINVAL;
    return r == -EINVAL ? mf_own_sendfile(out, in, offset, bytes) : mf_ret(r);
}

/* Connections that others use go on (server.c: linger()). */
void mf_net_finish(void)
{
    const bool goes_on =
        mf_family_role == MF_FAMILY_ALONE && mf_family_has_files() && mf_family_files.is_serving();
    if (!goes_on && &mf_own_net_finish != NULL) {
        mf_own_net_finish();
    }
}

/* What is served looks like the process's own meanwhile: nothing else must run. */
void mf_idle_poll(void)
{
    if (&mf_family_is_serving == NULL || !mf_family_is_serving) {
        mf_own_idle_poll();
    }
}
