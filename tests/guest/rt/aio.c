// SPDX-License-Identifier: Apache-2.0
// timeout: 30
// Asynchronous input and output (POSIX.1-2008, aio.h): of files and pipes, lists, notices, cancelling.
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static volatile sig_atomic_t count, code, value;
static volatile int thread_value;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    code = info->si_code;
    value = info->si_value.sival_int;
    count++;
}

static void in_thread(union sigval v)
{
    thread_value = v.sival_int;
}

static int finish(const struct aiocb *r)
{
    const struct aiocb *const list[] = {r};
    const struct timespec second = {.tv_sec = 5};
    while (aio_error(r) == EINPROGRESS) {
        if (aio_suspend(list, 1, &second) != 0) {
            return -1;
        }
    }
    return aio_error(r);
}

static void files(void)
{
    char in[16] = "";
    const int fd = open("/tmp/aio", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct aiocb w = {.aio_fildes = fd, .aio_buf = "hello", .aio_nbytes = 5, .aio_offset = 3};
    tap_check(aio_write(&w) == 0 && finish(&w) == 0 && aio_return(&w) == 5, "a_file_is_written");
    errno = 0;
    tap_check(aio_return(&w) == -1 && errno == EINVAL, "a_result_is_returned_once");
    struct aiocb r = {.aio_fildes = fd, .aio_buf = in, .aio_nbytes = sizeof(in)};
    tap_check(aio_read(&r) == 0 && finish(&r) == 0 && aio_return(&r) == 8 &&
                  memcmp(in, "\0\0\0hello", 8) == 0,
              "and_read_at_its_offset");
    tap_check(aio_fsync(O_SYNC, &w) == 0 && finish(&w) == 0 && aio_return(&w) == 0,
              "it_is_synchronised");
    errno = 0;
    tap_check(aio_fsync(77, &w) == -1 && errno == EINVAL, "but_not_somehow");
    tap_check(aio_cancel(fd, NULL) == AIO_ALLDONE, "all_is_done_then");
    const int appended = open("/tmp/aio", O_WRONLY | O_APPEND);
    struct aiocb a = {.aio_fildes = appended, .aio_buf = "!", .aio_nbytes = 1};
    tap_check(aio_write(&a) == 0 && finish(&a) == 0 && lseek(fd, 0, SEEK_END) == 9,
              "o_append_appends");
    close(appended);
    close(fd);
}

static void errors(void)
{
    char c;
    const int fd = open("/tmp/aio", O_RDONLY);
    struct aiocb r = {.aio_fildes = -1, .aio_buf = &c, .aio_nbytes = 1};
    errno = 0;
    tap_check(aio_read(&r) == -1 && errno == EBADF, "no_file_is_ebadf");
    r.aio_fildes = fd;
    tap_check(aio_write(&r) == -1 && errno == EBADF, "not_open_for_it_is_ebadf");
    r.aio_offset = -1;
    tap_check(aio_read(&r) == -1 && errno == EINVAL, "a_negative_offset_is_einval");
    r.aio_offset = 0;
    r.aio_reqprio = -1;
    tap_check(aio_read(&r) == -1 && errno == EINVAL, "a_negative_priority_is_einval");
    tap_check(aio_cancel(-1, NULL) == -1 && errno == EBADF, "cancelling_nothing_is_ebadf");
    tap_check(lio_listio(77, NULL, 0, NULL) == -1 && errno == EINVAL, "a_mode_is_checked");
    close(fd);
}

static void pipes_are_waited_for(void)
{
    char in[4] = "";
    int ends[2];
    struct timespec soon = {.tv_nsec = 20000000};
    pipe(ends);
    struct aiocb r = {.aio_fildes = ends[0],
                      .aio_buf = in,
                      .aio_nbytes = sizeof(in),
                      .aio_sigevent = {.sigev_notify = SIGEV_SIGNAL,
                                       .sigev_signo = SIGUSR1,
                                       .sigev_value.sival_int = 42}};
    const struct aiocb *const list[] = {NULL, &r};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    tap_check(aio_read(&r) == 0 && aio_error(&r) == EINPROGRESS, "a_read_of_a_pipe_waits");
    errno = 0;
    tap_check(aio_suspend(list, 2, &soon) == -1 && errno == EAGAIN, "aio_suspend_has_a_limit");
    tap_check(aio_cancel(ends[0], &r) == AIO_NOTCANCELED, "who_reads_is_not_cancelled");
    write(ends[1], "abc", 3);
    tap_check(finish(&r) == 0 && aio_return(&r) == 3 && strcmp(in, "abc") == 0,
              "then_it_has_what_came");
    tap_check(count == 1 && code == SI_ASYNCIO && value == 42, "and_a_signal_says_so");

    r.aio_sigevent = (struct sigevent){.sigev_notify = SIGEV_THREAD,
                                       .sigev_notify_function = in_thread,
                                       .sigev_value.sival_int = 7};
    tap_check(aio_read(&r) == 0 && aio_cancel(ends[0], NULL) == AIO_CANCELED &&
                  aio_error(&r) == ECANCELED && aio_return(&r) == -1,
              "what_has_not_begun_is_cancelled");
    for (int i = 0; i < 1000 && thread_value != 7; i++) {
        usleep(1000);
    }
    tap_check(thread_value == 7, "and_a_thread_is_told");
    close(ends[0]);
    close(ends[1]);
}

static void lists(void)
{
    char a[4] = "", b[4] = "";
    int ends[2];
    pipe(ends);
    const int fd = open("/tmp/aio", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct aiocb w = {
        .aio_fildes = fd, .aio_buf = "123", .aio_nbytes = 3, .aio_lio_opcode = LIO_WRITE};
    struct aiocb r = {.aio_fildes = fd, .aio_buf = a, .aio_nbytes = 3, .aio_lio_opcode = LIO_READ};
    struct aiocb p = {
        .aio_fildes = ends[0], .aio_buf = b, .aio_nbytes = 3, .aio_lio_opcode = LIO_READ};
    struct aiocb nop = {.aio_lio_opcode = LIO_NOP};
    struct aiocb *const both[] = {&w, NULL, &nop, &r}, *const all[] = {&r, &p};
    tap_check(lio_listio(LIO_WAIT, both, 4, NULL) == 0 && aio_return(&w) == 3 &&
                  aio_return(&r) == 3 && strcmp(a, "123") == 0,
              "a_list_is_waited_for");
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    count = 0;
    tap_check(lio_listio(LIO_NOWAIT, all, 2, &event) == 0 && count == 0 &&
                  aio_error(&p) == EINPROGRESS,
              "or_not");
    write(ends[1], "xyz", 3);
    tap_check(finish(&p) == 0 && count == 1 && aio_return(&p) == 3, "then_a_signal_tells_its_end");
    p.aio_fildes = -1;
    errno = 0;
    tap_check(lio_listio(LIO_WAIT, all, 2, NULL) == -1 && errno == EIO && aio_error(&p) == EBADF &&
                  aio_error(&r) == 0,
              "one_that_fails_is_eio");
    close(fd);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    files();
    errors();
    pipes_are_waited_for();
    lists();
    tap_check(sysconf(_SC_ASYNCHRONOUS_IO) == 200809, "sysconf_says_so");
    return tap_done();
}
