/* SPDX-License-Identifier: Apache-2.0 */
/* sys/signalfd.h - signals read from a descriptor, as Linux' signalfd(2). */
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/cdefs.h>
#include <sys/fcntl.h>

#define SFD_CLOEXEC O_CLOEXEC
#define SFD_NONBLOCK O_NONBLOCK

struct signalfd_siginfo {
    uint32_t ssi_signo;
    int32_t ssi_errno;
    int32_t ssi_code;
    uint32_t ssi_pid;
    uint32_t ssi_uid;
    int32_t ssi_fd;
    uint32_t ssi_tid;
    uint32_t ssi_band;
    uint32_t ssi_overrun;
    uint32_t ssi_trapno;
    int32_t ssi_status;
    int32_t ssi_int;
    uint64_t ssi_ptr;
    uint64_t ssi_utime;
    uint64_t ssi_stime;
    uint64_t ssi_addr;
    uint8_t __reserved[48];
};

__BEGIN_DECLS
int signalfd(int fd, const sigset_t *mask, int flags);
__END_DECLS
