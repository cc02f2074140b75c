/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prctl.c - see <sys/prctl.h>. There are no core files and no exec(), so that being dumpable and
 * wanting no new privileges are answers that are kept, and nothing else.
 */
#include <sys/prctl.h>

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#include "fd/fd.h"

#define NAME_BYTES 16

static int is_not_dumpable, has_no_new_privileges;

static int set_name(const char *name)
{
    char copy[NAME_BYTES] = "";
    strncpy(copy, name, sizeof(copy) - 1);
    return -pthread_setname_np(pthread_self(), copy);
}

/* 1 only: it cannot be taken back. */
static int forbid_privileges(unsigned long value)
{
    if (value != 1) {
        return -EINVAL;
    }
    has_no_new_privileges = 1;
    return 0;
}

static int set_dumpable(unsigned long value)
{
    if (value > 1) {
        return -EINVAL;
    }
    is_not_dumpable = value == 0;
    return 0;
}

int prctl(int option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    const unsigned long value = va_arg(arguments, unsigned long);
    va_end(arguments);
    switch (option) {
    case PR_SET_NAME:
        return (int)mf_ret(set_name((const char *)value));
    case PR_GET_NAME:
        return (int)mf_ret(-pthread_getname_np(pthread_self(), (char *)value, NAME_BYTES));
    case PR_SET_DUMPABLE:
        return (int)mf_ret(set_dumpable(value));
    case PR_GET_DUMPABLE:
        return !is_not_dumpable;
    case PR_SET_NO_NEW_PRIVS:
        return (int)mf_ret(forbid_privileges(value));
    case PR_GET_NO_NEW_PRIVS:
        return has_no_new_privileges;
    default:
        return (int)mf_ret(-EINVAL);
    }
}
