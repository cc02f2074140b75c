/* SPDX-License-Identifier: Apache-2.0 */
/* kill.c - signals to other processes, and what dom0 has to know of SIGCHLD. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "mayfly/abi.h"
#include "process/process.h"
#include "start/info.h"
#include "start/request.h"

#define DIGITS 16

void mf_process_tell_zombies(void)
{
    struct sigaction action;

    sigaction(SIGCHLD, NULL, &action);
    const unsigned int flags = (unsigned int)action.sa_flags;
    mf_info()->process.flags =
        (action.sa_handler == SIG_IGN || (flags & SA_NOCLDWAIT) != 0 ? MF_PROCESS_NO_ZOMBIES : 0) |
        ((flags & SA_NOCLDSTOP) != 0 ? MF_PROCESS_NO_STOPS : 0);
}

static void print_hex(uint64_t value, char text[DIGITS + 1])
{
    for (int i = DIGITS - 1; i >= 0; i--) {
        text[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    text[DIGITS] = 0;
}

int mf_process_kill(uint64_t to, const siginfo_t *info, bool *is_mine)
{
    char text[DIGITS + 1];
    uint64_t value = 0;

    if (info->si_code == SI_QUEUE) {
        print_hex((uint64_t)(uintptr_t)info->si_value.sival_ptr, text);
    }
    const int64_t err = mf_request(MF_REQUEST_KILL, to | MF_KILL_AS(info->si_uid),
                                   MF_KILL_SIGNAL(info->si_signo, info->si_code),
                                   info->si_code == SI_QUEUE ? text : NULL, &value);
    *is_mine = err == 0 && (value & MF_KILL_SELF) != 0;
    if (err == HV_ERR_NOENT || err == HV_ERR_NOSYS) {
        return ESRCH;
    }
    return mf_request_errno(err);
}
