/* SPDX-License-Identifier: Apache-2.0 */
/* unix_option.c - options of AF_UNIX sockets; what there is not is ENOPROTOOPT. */
#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include "net/unix_socket.h"
#include "time/clock.h"

#define BUFFER_BYTES_MIN 4608
/* They mean nothing here, or have nothing to do; what was set can be asked for. */
#define STORED                                                                                     \
    (1u << SO_DEBUG | 1u << SO_REUSEADDR | 1u << SO_BROADCAST | 1u << SO_KEEPALIVE |               \
     1u << SO_OOBINLINE | 1u << SO_DONTROUTE)

static int set_time(uint64_t *ns, const void *value, socklen_t bytes)
{
    struct timeval t;

    if (bytes < sizeof(t)) {
        return -EINVAL;
    }
    memcpy(&t, value, sizeof(t));
    if (t.tv_usec < 0 || t.tv_usec >= 1000000) {
        return -EDOM;
    }
    *ns = t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * MF_NS_PER_S + (uint64_t)t.tv_usec * 1000;
    return 0;
}

static int set_number(struct unix_socket *s, int name, int number)
{
    switch (name) {
    case SO_SNDBUF:
        s->send_bytes = number < BUFFER_BYTES_MIN ? BUFFER_BYTES_MIN : number;
        return 0;
    case SO_RCVBUF:
        s->receive_bytes = number < BUFFER_BYTES_MIN ? BUFFER_BYTES_MIN : number;
        return 0;
    case SO_PASSCRED:
        s->passes_credentials = number != 0;
        return 0;
    default:
        if (name < 0 || name > 31 || (STORED & 1u << name) == 0) {
            return -ENOPROTOOPT;
        }
        s->flags = (s->flags & ~(1u << name)) | (number != 0 ? 1u << name : 0);
        return 0;
    }
}

int unix_set_option(struct mf_open_file *f, int level, int name, const void *value, socklen_t bytes)
{
    struct unix_socket *const s = unix_of(f);
    int number;

    if (level != SOL_SOCKET) {
        return level == 0 ? -EOPNOTSUPP : -ENOPROTOOPT;
    }
    if (value == NULL) {
        return -EFAULT;
    }
    switch (name) {
    case SO_RCVTIMEO:
        return set_time(&s->receive_timeout_ns, value, bytes);
    case SO_SNDTIMEO:
        return set_time(&s->send_timeout_ns, value, bytes);
    case SO_LINGER:
        if (bytes < sizeof(s->linger)) {
            return -EINVAL;
        }
        memcpy(&s->linger, value, sizeof(s->linger));
        return 0;
    default:
        if (bytes < sizeof(number)) {
            return -EINVAL;
        }
        memcpy(&number, value, sizeof(number));
        return set_number(s, name, number);
    }
}

static int get_number(struct unix_socket *s, int name, int *number)
{
    switch (name) {
    case SO_TYPE:
        *number = s->type;
        return 0;
    case SO_DOMAIN:
        *number = AF_UNIX;
        return 0;
    case SO_PROTOCOL:
        *number = 0;
        return 0;
    case SO_ERROR:
        *number = s->error;
        s->error = 0;
        return 0;
    case SO_ACCEPTCONN:
        *number = s->state == UNIX_LISTENING;
        return 0;
    case SO_SNDBUF:
        *number = s->send_bytes;
        return 0;
    case SO_RCVBUF:
        *number = s->receive_bytes;
        return 0;
    case SO_PASSCRED:
        *number = s->passes_credentials;
        return 0;
    default:
        if (name < 0 || name > 31 || (STORED & 1u << name) == 0) {
            return -ENOPROTOOPT;
        }
        *number = (s->flags & 1u << name) != 0;
        return 0;
    }
}

static int give(void *value, socklen_t *bytes, const void *from, socklen_t length)
{
    *bytes = *bytes < length ? *bytes : length;
    memcpy(value, from, *bytes);
    return 0;
}

static struct timeval time_of(uint64_t ns)
{
    return (struct timeval){.tv_sec = (time_t)(ns / MF_NS_PER_S),
                            .tv_usec = (suseconds_t)(ns % MF_NS_PER_S / 1000)};
}

int unix_get_option(struct mf_open_file *f, int level, int name, void *value, socklen_t *bytes)
{
    struct unix_socket *const s = unix_of(f);
    int number = 0;

    if (level != SOL_SOCKET) {
        return level == 0 ? -EOPNOTSUPP : -ENOPROTOOPT;
    }
    if ((int)*bytes < 0) {
        return -EINVAL;
    }
    if (name == SO_RCVTIMEO || name == SO_SNDTIMEO) {
        const struct timeval t =
            time_of(name == SO_RCVTIMEO ? s->receive_timeout_ns : s->send_timeout_ns);
        return give(value, bytes, &t, sizeof(t));
    }
    if (name == SO_LINGER) {
        return give(value, bytes, &s->linger, sizeof(s->linger));
    }
    if (name == SO_PEERCRED) {
        return give(value, bytes, &s->peer_credentials, sizeof(s->peer_credentials));
    }
    const int r = get_number(s, name, &number);
    return r < 0 ? r : give(value, bytes, &number, sizeof(number));
}
