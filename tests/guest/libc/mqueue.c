// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// Message queues: names and attributes, order, waiting, notices, and their descriptors in poll().
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME "/mayfly"

static bool fails_with(long result, int error)
{
    return result == -1 && errno == error;
}

static mqd_t make(long messages, long bytes, int flags)
{
    const struct mq_attr a = {.mq_maxmsg = messages, .mq_msgsize = bytes};
    return mq_open(NAME, O_CREAT | O_RDWR | flags, 0600, &a);
}

static short events_of(mqd_t q)
{
    struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
    poll(&p, 1, 0);
    return p.revents;
}

static struct timespec soon(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 20000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void test_names(void)
{
    struct mq_attr a = {0};
    tap_check(sysconf(_SC_MESSAGE_PASSING) >= 200112 && sysconf(_SC_MQ_PRIO_MAX) == MQ_PRIO_MAX,
              "the option is there");
    tap_check(fails_with(mq_open(NAME, O_RDWR), ENOENT), "no such queue: ENOENT");
    const mqd_t q = make(3, 16, 0);
    tap_check(q != (mqd_t)-1 && mq_getattr(q, &a) == 0 && a.mq_maxmsg == 3 && a.mq_msgsize == 16 &&
                  a.mq_curmsgs == 0 && a.mq_flags == 0,
              "it has the attributes that it was made with");
    tap_check(fails_with(make(3, 16, O_EXCL), EEXIST), "O_EXCL: EEXIST");
    tap_check(fails_with(mq_open("/other", O_CREAT | O_RDWR, 0600, &(struct mq_attr){0}), EINVAL),
              "no room for messages: EINVAL");
    tap_check(fails_with(mq_open("other", O_RDWR), EINVAL) &&
                  fails_with(mq_open("/a/b", O_RDWR), EINVAL),
              "names begin with their only slash");
    char name[NAME_MAX + 3];
    memset(name, 'n', sizeof(name));
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    tap_check(fails_with(mq_open(name, O_RDWR), ENAMETOOLONG), "and are not too long");
    seteuid(7);
    tap_check(fails_with(mq_open(NAME, O_RDONLY), EACCES) && fails_with(mq_unlink(NAME), EACCES),
              "rights count: EACCES");
    seteuid(0);
    const mqd_t reader = mq_open(NAME, O_RDONLY), writer = mq_open(NAME, O_WRONLY);
    char text[16];
    tap_check(fails_with(mq_send(reader, "x", 1, 0), EBADF) &&
                  fails_with(mq_receive(writer, text, 16, NULL), EBADF),
              "access counts: EBADF");
    tap_check(mq_send(writer, "hello", 5, 2) == 0 && mq_unlink(NAME) == 0 &&
                  fails_with(mq_unlink(NAME), ENOENT) && fails_with(mq_open(NAME, O_RDWR), ENOENT),
              "unlink takes the name");
    unsigned int priority = 0;
    tap_check(mq_receive(reader, text, 16, &priority) == 5 && memcmp(text, "hello", 5) == 0 &&
                  priority == 2,
              "the queue lives as long as it is open");
    tap_check(mq_close(q) == 0 && fails_with(mq_close(q), EBADF) && close(reader) == 0 &&
                  mq_close(writer) == 0 && fails_with(mq_close(0), EBADF),
              "close");
}

static void test_order(void)
{
    char text[16] = "";
    char all[8] = "";
    const mqd_t q = make(6, 16, O_NONBLOCK);
    const char *const sent = "c1a3b2d1e3f0";
    for (int i = 0; i < 6; i++) {
        mq_send(q, sent + 2 * i, 1, (unsigned int)(sent[2 * i + 1] - '0'));
    }
    tap_check(fails_with(mq_send(q, "x", 1, 0), EAGAIN) && events_of(q) == POLLIN,
              "a full queue: EAGAIN");
    for (int i = 0; i < 6 && mq_receive(q, text, 16, NULL) == 1; i++) {
        all[i] = text[0];
    }
    tap_check(strcmp(all, "aebcdf") == 0, "by priority, then as they came: %s", all);
    tap_check(fails_with(mq_receive(q, text, 16, NULL), EAGAIN) && events_of(q) == POLLOUT,
              "an empty one: EAGAIN");
    tap_check(mq_send(q, "", 0, 0) == 0 && mq_receive(q, text, 16, NULL) == 0, "no bytes are some");
    tap_check(fails_with(mq_send(q, text, 17, 0), EMSGSIZE) &&
                  fails_with(mq_receive(q, text, 15, NULL), EMSGSIZE),
              "sizes: EMSGSIZE");
    tap_check(fails_with(mq_send(q, text, 1, MQ_PRIO_MAX), EINVAL) &&
                  mq_send(q, text, 1, MQ_PRIO_MAX - 1) == 0,
              "priorities end below MQ_PRIO_MAX");
    struct mq_attr a = {0}, before;
    tap_check(mq_setattr(q, &a, &before) == 0 && before.mq_flags == O_NONBLOCK &&
                  before.mq_curmsgs == 1 && mq_getattr(q, &a) == 0 && a.mq_flags == 0,
              "only O_NONBLOCK can be set");
    mq_close(q);
    mq_unlink(NAME);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void *receive_later(void *arg)
{
    char text[16];
    return mq_receive(*(mqd_t *)arg, text, 16, NULL) == 1 ? (void *)(intptr_t)text[0] : NULL;
}

static void *send_later(void *arg)
{
    return (void *)(intptr_t)(mq_send(*(mqd_t *)arg, "s", 1, 0) == 0);
}

static void nothing(int number)
{
    (void)number;
}

static void test_waiting(void)
{
    pthread_t t;
    void *got;
    char text[16];
    struct timespec limit = soon();
    mqd_t q = make(1, 16, 0);
    tap_check(fails_with(mq_timedreceive(q, text, 16, NULL, &limit), ETIMEDOUT),
              "a receiver waits until its time: ETIMEDOUT");
    limit.tv_nsec = -1;
    tap_check(fails_with(mq_timedreceive(q, text, 16, NULL, &limit), EINVAL), "no time: EINVAL");
    pthread_create(&t, NULL, receive_later, &q);
    usleep(20000);
    mq_send(q, "r", 1, 0);
    pthread_join(t, &got);
    tap_check(got == (void *)'r', "or for a message");
    mq_send(q, "1", 1, 0);
    tap_check(mq_timedsend(q, "x", 1, MQ_PRIO_MAX, &limit) == -1 && errno == EINVAL &&
                  fails_with(mq_timedsend(q, "x", 1, 0, &limit), EINVAL),
              "a sender, likewise");
    limit = soon();
    tap_check(fails_with(mq_timedsend(q, "x", 1, 0, &limit), ETIMEDOUT), "waits for room");
    pthread_create(&t, NULL, send_later, &q);
    usleep(20000);
    mq_receive(q, text, 16, NULL);
    pthread_join(t, &got);
    tap_check(got != NULL && mq_receive(q, text, 16, NULL) == 1 && text[0] == 's', "and gets it");
    const struct sigaction a = {.sa_handler = nothing};
    sigaction(SIGALRM, &a, NULL);
    ualarm(20000, 0);
    tap_check(fails_with(mq_receive(q, text, 16, NULL), EINTR), "a signal interrupts: EINTR");
    pthread_create(&t, NULL, receive_later, &q);
    usleep(20000);
    tap_check(pthread_cancel(t) == 0 && pthread_join(t, &got) == 0 && got == PTHREAD_CANCELED,
              "a waiting thread can be cancelled");
    tap_check(mq_send(q, "k", 1, 0) == 0 && mq_receive(q, text, 16, NULL) == 1,
              "and takes no message along");
    mq_close(q);
    mq_unlink(NAME);
}

/* ---- notices --------------------------------------------------------------------------------- */

static volatile int notified, code;
static volatile bool ran;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    notified = info->si_value.sival_int;
    code = info->si_code;
}

static void on_thread(union sigval value)
{
    ran = value.sival_int == 9;
}

static void test_notices(void)
{
    char text[16];
    pthread_t t;
    mqd_t q = make(4, 16, 0);
    const struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &a, NULL);
    const struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
    tap_check(mq_notify(q, &event) == 0 && fails_with(mq_notify(q, &event), EBUSY),
              "one at a time may be notified");
    mq_send(q, "a", 1, 0);
    tap_check(notified == 7 && code == SI_MESGQ, "it is, of a message in an empty queue");
    notified = 0;
    mq_send(q, "b", 1, 0);
    mq_receive(q, text, 16, NULL);
    mq_receive(q, text, 16, NULL);
    mq_send(q, "c", 1, 0);
    tap_check(notified == 0, "once");
    mq_notify(q, &event);
    mq_send(q, "d", 1, 0);
    tap_check(notified == 0, "not when it was not empty");
    mq_receive(q, text, 16, NULL);
    mq_receive(q, text, 16, NULL);
    pthread_create(&t, NULL, receive_later, &q);
    usleep(20000);
    mq_send(q, "e", 1, 0);
    pthread_join(t, NULL);
    tap_check(notified == 0, "nor when somebody waits for it");
    tap_check(mq_notify(q, NULL) == 0 && mq_send(q, "f", 1, 0) == 0 && notified == 0,
              "nor when the wish was taken back");
    mq_receive(q, text, 16, NULL);
    const struct sigevent thread = {.sigev_notify = SIGEV_THREAD,
                                    .sigev_notify_function = on_thread,
                                    .sigev_value.sival_int = 9};
    mq_notify(q, &thread);
    mq_send(q, "g", 1, 0);
    usleep(20000);
    tap_check(ran, "a thread runs the function");
    const mqd_t second = mq_open(NAME, O_RDWR);
    mq_notify(second, &event);
    mq_close(second);
    tap_check(mq_notify(q, &event) == 0, "closing takes a wish back");
    mq_close(q);
    mq_unlink(NAME);
}

int main(void)
{
    test_names();
    test_order();
    test_waiting();
    test_notices();
    return tap_done();
}
