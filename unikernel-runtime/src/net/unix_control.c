/* SPDX-License-Identifier: Apache-2.0 */
/* unix_control.c - descriptors and credentials in control messages: unix(7), cmsg(3). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/unix_socket.h"

extern uint32_t mf_family_user __attribute__((weak));
extern uint32_t mf_family_user_pid __attribute__((weak));

/* Of the process that is served (family/family.h), if there is one. */
static pid_t own_pid(void)
{
    const bool is_served = &mf_family_user != NULL && mf_family_user != 0;
    return is_served ? (pid_t)mf_family_user_pid : getpid();
}

struct ucred unix_own_credentials(void)
{
    return (struct ucred){.pid = own_pid(), .uid = getuid(), .gid = getgid()};
}

void unix_files_free(struct unix_files *files)
{
    if (files == NULL) {
        return;
    }
    for (size_t i = 0; i < files->count; i++) {
        mf_file_put(files->file[i]);
    }
    free(files);
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Adds the descriptors of one control message. */
static int read_rights(const struct cmsghdr *c, struct unix_files **files)
{
    const size_t count = (c->cmsg_len - sizeof(*c)) / sizeof(int);
    const size_t before = *files == NULL ? 0 : (*files)->count;

    if (count > UNIX_FILES_MAX - before) {
        return -EINVAL;
    }
    struct unix_files *const list =
        realloc(*files, sizeof(*list) + (before + count) * sizeof(void *));
    if (list == NULL) {
        return -ENOMEM;
    }
    *files = list;
    list->count = before;
    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, (const char *)(c + 1) + i * sizeof(fd), sizeof(fd));
        struct mf_open_file *const f = mf_fd_get(fd);
        if (f == NULL) {
            return -EBADF;
        }
        list->file[list->count++] = f;
    }
    return 0;
}

/* There is one process, which may only say the truth about itself. */
static int read_credentials(const struct cmsghdr *c, struct ucred *sender)
{
    const struct ucred own = unix_own_credentials();
    struct ucred said;

    if (c->cmsg_len != CMSG_LEN(sizeof(said))) {
        return -EINVAL;
    }
    memcpy(&said, c + 1, sizeof(said));
    if (said.pid != own.pid || said.uid != own.uid || said.gid != own.gid) {
        return -EPERM;
    }
    *sender = said;
    return 0;
}

int unix_control_read(const struct mf_message *m, struct unix_files **files, struct ucred *sender)
{
    struct msghdr h = {.msg_control = m->control, .msg_controllen = m->control_bytes};
    int r = 0;

    *files = NULL;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL && r == 0; c = CMSG_NXTHDR(&h, c)) {
        if (c->cmsg_len < sizeof(*c) ||
            c->cmsg_len > m->control_bytes - (size_t)((char *)c - (char *)m->control)) {
            r = -EINVAL;
        } else if (c->cmsg_level != SOL_SOCKET) {
            r = 0; /* of another level: not for us */
        } else if (c->cmsg_type == SCM_RIGHTS) {
            r = read_rights(c, files);
        } else {
            r = c->cmsg_type == SCM_CREDENTIALS ? read_credentials(c, sender) : -EINVAL;
        }
    }
    if (r < 0) {
        unix_files_free(*files);
        *files = NULL;
    }
    return r;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Installs what fits; the rest is closed (or stays, with MSG_PEEK). */
static void write_rights(struct mf_message *m, size_t *room, const struct unix_files *files,
                         bool is_cloexec)
{
    int fds[UNIX_FILES_MAX];
    size_t count = 0;
    const size_t fit = *room < CMSG_LEN(sizeof(int)) ? 0 : (*room - CMSG_LEN(0)) / sizeof(int);

    while (count < files->count && count < fit) {
        const int fd =
            mf_fd_install(mf_file_get(files->file[count]), 0, is_cloexec ? SOCK_CLOEXEC : 0);
        if (fd < 0) {
            mf_file_put(files->file[count]);
            break;
        }
        fds[count++] = fd;
    }
    if (count > 0) {
        mf_message_add_control(m, room, SOL_SOCKET, SCM_RIGHTS, fds, count * sizeof(int));
    }
    m->flags |= count < files->count ? MSG_CTRUNC : 0;
}

void unix_control_write(struct unix_socket *s, struct mf_message *m, struct unix_message *from,
                        bool peek)
{
    const bool is_cloexec = (m->flags & MSG_CMSG_CLOEXEC) != 0;
    size_t room = m->control_bytes;

    m->control_bytes = 0;
    m->flags = 0;
    if (s->passes_credentials) {
        mf_message_add_control(m, &room, SOL_SOCKET, SCM_CREDENTIALS, &from->sender,
                               sizeof(from->sender));
    }
    if (from->files != NULL) {
        write_rights(m, &room, from->files, is_cloexec);
        if (!peek) {
            unix_files_free(from->files);
            from->files = NULL;
        }
    }
}
