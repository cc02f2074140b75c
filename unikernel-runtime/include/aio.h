/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aio.h - asynchronous input and output (POSIX.1-2008). Files are in memory: what is asked of them is done
 * before the call returns. What may block (pipes, sockets, the console) is done by a thread.
 */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

#define AIO_CANCELED 0
#define AIO_NOTCANCELED 1
#define AIO_ALLDONE 2

#define LIO_READ 0
#define LIO_WRITE 1
#define LIO_NOP 2

#define LIO_WAIT 0
#define LIO_NOWAIT 1

struct __mf_aio_list;

struct aiocb {
    int aio_fildes;
    int aio_lio_opcode;
    int aio_reqprio;
    off_t aio_offset;
    volatile void *aio_buf;
    size_t aio_nbytes;
    struct sigevent aio_sigevent;
    /* The runtime's. */
    int __state;
    int __error;
    ssize_t __result;
    struct aiocb *__next;
    struct __mf_aio_list *__list;
};

__BEGIN_DECLS
int aio_cancel(int fd, struct aiocb *request);
int aio_error(const struct aiocb *request);
int aio_fsync(int how, struct aiocb *request);
int aio_read(struct aiocb *request);
ssize_t aio_return(struct aiocb *request);
int aio_suspend(const struct aiocb *const requests[], int count, const struct timespec *timeout);
int aio_write(struct aiocb *request);
int lio_listio(int mode, struct aiocb *__restrict const requests[__restrict], int count,
               struct sigevent *__restrict event);
__END_DECLS
