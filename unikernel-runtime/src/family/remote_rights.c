/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_rights.c - descriptors in control messages (SCM_RIGHTS) of sockets of AF_UNIX that are the
 * owner's: between here and there they are numbers. What is this process's own cannot be sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "family/remote.h"
#include "fd/fd_internal.h"
#include "net/calls.h"

static char *data_of(struct cmsghdr *c)
{
    return (char *)(c + 1);
}

static size_t count_of(const struct cmsghdr *c)
{
    return (c->cmsg_len - sizeof(*c)) / sizeof(int);
}

static bool has_rights(const struct cmsghdr *c)
{
    return c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
}

/* ---- sending ------------------------------------------------------------------------------------- */

static int number_of(int fd)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    struct mf_remote *const r = mf_remote_of(f);

    if (r != NULL) {
        r->is_shared = true;
        return r->number;
    }
    return f == NULL ? -EBADF : mf_family_file_of(fd);
}

static int to_numbers(struct cmsghdr *c)
{
    for (size_t i = 0; i < count_of(c); i++) {
        int fd;
        memcpy(&fd, data_of(c) + i * sizeof(fd), sizeof(fd));
        const int number = number_of(fd);
        if (number < 0) {
            return number;
        }
        memcpy(data_of(c) + i * sizeof(fd), &number, sizeof(number));
    }
    return 0;
}

int mf_remote_send_control(const struct mf_message *m, char *data)
{
    struct msghdr h = {.msg_control = data, .msg_controllen = m->control_bytes};

    memcpy(data, m->control, m->control_bytes);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c)) {
        if (c->cmsg_len < sizeof(*c) ||
            c->cmsg_len > m->control_bytes - (size_t)((char *)c - data)) {
            return -EINVAL;
        }
        const int err = has_rights(c) ? to_numbers(c) : 0;
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

/* ---- receiving ----------------------------------------------------------------------------------- */

/* A descriptor for it, or a negative errno number; then it is closed. */
static int descriptor_for(int number, uint32_t flags)
{
    struct mf_files_call *const c = mf_family_begin(MF_FAMILY_KIND, NULL);

    if (c == NULL) {
        return -EIO;
    }
    c->args[0] = number;
    const int64_t kind = mf_family_ask(c);
    const uint32_t file_flags = (uint32_t)c->args[1];
    mf_family_end(c);
    if (kind < 0) {
        (void)mf_family_call(MF_FAMILY_CLOSE, number, 0, 0);
        return (int)kind;
    }
    return kind == 0 ? mf_remote_install(number, file_flags, flags)
                     : mf_remote_open(number, (enum mf_io_kind)(kind & 0xff), (int)(kind >> 8),
                                      flags | (file_flags & O_NONBLOCK));
}

/* They are in the last control message. */
void mf_remote_receive_control(struct mf_message *m, bool is_cloexec)
{
    struct msghdr h = {.msg_control = m->control, .msg_controllen = m->control_bytes};

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c)) {
        if (!has_rights(c) || c->cmsg_len < sizeof(*c)) {
            continue;
        }
        size_t good = 0;
        const size_t count = count_of(c);
        for (size_t i = 0; i < count; i++) {
            int number;
            memcpy(&number, data_of(c) + i * sizeof(number), sizeof(number));
            const int fd = descriptor_for(number, is_cloexec ? O_CLOEXEC : 0);
            if (fd >= 0) {
                memcpy(data_of(c) + good++ * sizeof(fd), &fd, sizeof(fd));
            }
        }
        if (good < count) {
            m->flags |= MSG_CTRUNC;
            c->cmsg_len = CMSG_LEN(good * sizeof(int));
            m->control_bytes = (size_t)((char *)c - (char *)m->control) +
                               (good == 0 ? 0 : CMSG_SPACE(good * sizeof(int)));
        }
        return;
    }
}
