/* SPDX-License-Identifier: Apache-2.0 */
/* sigset.c - signal sets, POSIX.1-2017 sigaddset() and its family. Bit n is signal n. */
#include <errno.h>
#include <signal.h>

static int check(int sig)
{
    if (sig <= 0 || sig >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~(sigset_t)1;
    return 0;
}

int sigaddset(sigset_t *set, int sig)
{
    const int err = check(sig);
    if (err == 0) {
        *set |= (sigset_t)1 << sig;
    }
    return err;
}

int sigdelset(sigset_t *set, int sig)
{
    const int err = check(sig);
    if (err == 0) {
        *set &= ~((sigset_t)1 << sig);
    }
    return err;
}

int sigismember(const sigset_t *set, int sig)
{
    return check(sig) != 0 ? -1 : (int)(*set >> sig & 1);
}
