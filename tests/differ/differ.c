/* SPDX-License-Identifier: Apache-2.0 */
#include "differ.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

int differ_begin(int argc, char **argv)
{
    state = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < 8; i++) {
        (void)pick(2);
    }
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    return argc > 2 ? atoi(argv[2]) : 500;
}

unsigned int pick(unsigned int count)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned int)(state >> 33) % count;
}

void differ_step(const struct differ_call *calls, unsigned int count)
{
    unsigned int total = 0;

    for (unsigned int i = 0; i < count; i++) {
        total += calls[i].weight;
    }
    for (unsigned int at = pick(total); at >= calls->weight; calls++) {
        at -= calls->weight;
    }
    printf("%s", calls->name);
    calls->call();
    printf("\n");
}

const char *error_name(int error)
{
#define NAME(e)                                                                                    \
    {                                                                                              \
        e, #e                                                                                      \
    }
    static const struct {
        int number;
        const char *name;
    } names[] = {
        NAME(EPERM),           NAME(ENOENT),       NAME(EINTR),           NAME(EIO),
        NAME(ENXIO),           NAME(EBADF),        NAME(ECHILD),          NAME(EAGAIN),
        NAME(ENOMEM),          NAME(EACCES),       NAME(EFAULT),          NAME(EBUSY),
        NAME(EEXIST),          NAME(EXDEV),        NAME(ENODEV),          NAME(ENOTDIR),
        NAME(EISDIR),          NAME(EINVAL),       NAME(ENFILE),          NAME(EMFILE),
        NAME(ENOTTY),          NAME(ETXTBSY),      NAME(EFBIG),           NAME(ENOSPC),
        NAME(ESPIPE),          NAME(EROFS),        NAME(EMLINK),          NAME(EPIPE),
        NAME(ERANGE),          NAME(EDEADLK),      NAME(ENAMETOOLONG),    NAME(ENOSYS),
        NAME(ENOTEMPTY),       NAME(ELOOP),        NAME(EOVERFLOW),       NAME(EOPNOTSUPP),
        NAME(ENOTSOCK),        NAME(EDESTADDRREQ), NAME(EMSGSIZE),        NAME(EPROTOTYPE),
        NAME(ENOPROTOOPT),     NAME(EAFNOSUPPORT), NAME(EADDRINUSE),      NAME(EADDRNOTAVAIL),
        NAME(ECONNABORTED),    NAME(ECONNRESET),   NAME(ENOBUFS),         NAME(EISCONN),
        NAME(ENOTCONN),        NAME(ETIMEDOUT),    NAME(ECONNREFUSED),    NAME(EALREADY),
        NAME(EINPROGRESS),     NAME(EOWNERDEAD),   NAME(ENOTRECOVERABLE), NAME(ECANCELED),
        NAME(EPROTONOSUPPORT),
    };
#undef NAME
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == error) {
            return names[i].name;
        }
    }
    return "another error";
}

long result(long value)
{
    if (value < 0) {
        printf(" = %ld %s", value, error_name(errno));
    } else {
        printf(" = %ld", value);
    }
    return value;
}

int result_of(int error)
{
    printf(" = %s", error == 0 ? "0" : error_name(error));
    return error;
}
