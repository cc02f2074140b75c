// SPDX-License-Identifier: Apache-2.0
// timeout: 120
// memory: 64M
// Message queues of the processes of a family: inherited and by name, waiting, notices, and what is left of
// a queue when one that uses it is killed.
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "soon.h"
#include "tap.h"

#define CHECK(condition) tap_check(condition, "%s: %s", __func__, #condition)
#define NAME "/mayfly"
#define BYTES 64
#define ROUNDS 300

static mqd_t queue, second;
static char text[BYTES], large[4096];

static bool fails_with(long result, int error)
{
    return result == -1 && errno == error;
}

static mqd_t make(const char *name, long messages)
{
    const struct mq_attr a = {.mq_maxmsg = messages, .mq_msgsize = BYTES};
    return mq_open(name, O_CREAT | O_RDWR, 0600, &a);
}

static void end(void)
{
    mq_close(queue);
    mq_unlink(NAME);
}

static bool send(mqd_t q, const char *what, unsigned int priority)
{
    return mq_send(q, what, strlen(what) + 1, priority) == 0;
}

static bool takes(mqd_t q, const char *what)
{
    return mq_receive(q, text, BYTES, NULL) == (ssize_t)strlen(what) + 1 && strcmp(text, what) == 0;
}

static long count(mqd_t q)
{
    struct mq_attr a;
    return mq_getattr(q, &a) == 0 ? a.mq_curmsgs : -1;
}

/* ---- whose queues -------------------------------------------------------------------------------- */

static int child_uses_what_it_has(void)
{
    return takes(queue, "parent's") && send(queue, "low", 1) && send(queue, "high", 9) ? 0 : 1;
}

static int grandchild(void)
{
    return in_child(child_uses_what_it_has) == 0 ? 0 : 1;
}

static void queues_are_inherited(void)
{
    queue = make(NAME, 10);
    CHECK(queue >= 0);
    CHECK(send(queue, "parent's", 0));
    CHECK(in_child(child_uses_what_it_has) == 0);
    CHECK(count(queue) == 2);
    CHECK(takes(queue, "high") && takes(queue, "low"));
    CHECK(send(queue, "parent's", 0));
    CHECK(in_child(grandchild) == 0);
    CHECK(takes(queue, "high") && takes(queue, "low"));
    end();
}

static int opens_by_name(void)
{
    const mqd_t q = mq_open(NAME, O_RDWR);
    return q >= 0 && takes(q, "one") && send(q, "two", 0) && mq_close(q) == 0 ? 0 : 1;
}

static int makes(void)
{
    const mqd_t q = make("/childs", 3);
    return q >= 0 && send(q, "one", 0) && mq_close(q) == 0 ? 0 : 1;
}

static int sibling(void)
{
    const mqd_t q = mq_open("/childs", O_RDONLY);
    return q >= 0 && takes(q, "one") && mq_unlink("/childs") == 0 &&
                   fails_with(mq_open("/childs", O_RDWR), ENOENT)
               ? 0
               : 1;
}

static int is_exclusive(void)
{
    const mqd_t q = mq_open(NAME, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
    return fails_with(q, EEXIST) && fails_with(mq_open("/none", O_RDWR), ENOENT) ? 0 : 1;
}

static void queues_are_found_by_name(void)
{
    queue = make(NAME, 10);
    CHECK(send(queue, "one", 0));
    CHECK(in_child(opens_by_name) == 0);
    CHECK(takes(queue, "two"));
    CHECK(in_child(is_exclusive) == 0);
    CHECK(in_child(makes) == 0);
    CHECK(in_child(sibling) == 0);
    CHECK(fails_with(mq_unlink("/childs"), ENOENT));
    end();
}

static int unlinks(void)
{
    const bool ok = mq_unlink(NAME) == 0 && send(queue, "still", 0);
    const mqd_t q = make(NAME, 1);
    return ok && q >= 0 && count(q) == 0 && mq_unlink(NAME) == 0 ? 0 : 1;
}

static void a_queue_outlives_its_name(void)
{
    queue = make(NAME, 10);
    CHECK(in_child(unlinks) == 0);
    CHECK(takes(queue, "still") && fails_with(mq_open(NAME, O_RDWR), ENOENT));
    CHECK(mq_close(queue) == 0);
}

static int other_user(void)
{
    if (setuid(7) != 0) {
        return 1;
    }
    const mqd_t q = mq_open("/open", O_WRONLY);
    return fails_with(mq_open(NAME, O_RDONLY), EACCES) && fails_with(mq_unlink(NAME), EACCES) &&
                   fails_with(mq_open("/open", O_RDWR), EACCES) && q >= 0 && send(q, "one", 0) &&
                   fails_with(mq_receive(q, text, BYTES, NULL), EBADF)
               ? 0
               : 1;
}

static void rights_count(void)
{
    const struct mq_attr a = {.mq_maxmsg = 2, .mq_msgsize = BYTES};
    queue = make(NAME, 10);
    const mode_t mask = umask(0);
    const mqd_t open = mq_open("/open", O_CREAT | O_RDONLY, 0622, &a);
    umask(mask);
    CHECK(in_child(other_user) == 0);
    CHECK(takes(open, "one") && mq_close(open) == 0 && mq_unlink("/open") == 0);
    end();
}

static void what_does_not_fit_is_refused(void)
{
    const struct mq_attr a = {.mq_maxmsg = 65536, .mq_msgsize = 1 << 20};
    CHECK(fails_with(mq_open(NAME, O_CREAT | O_RDWR, 0600, &a), ENOSPC));
    CHECK(fails_with(mq_open(NAME, O_RDWR), ENOENT));
}

/* ---- waiting ------------------------------------------------------------------------------------ */

static int echoes(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        const ssize_t n = mq_receive(queue, text, BYTES, NULL);
        if (n < 0 || mq_send(second, text, (size_t)n, 0) != 0) {
            return 1;
        }
    }
    return 0;
}

static void messages_go_there_and_back(void)
{
    int good = 0;
    queue = make(NAME, 10);
    second = make("/second", 10);
    const pid_t pid = child(echoes);
    for (int i = 0; i < ROUNDS; i++) {
        char number[BYTES];
        snprintf(number, sizeof(number), "number %d", i);
        good += send(queue, number, 0) && takes(second, number);
    }
    CHECK(good == ROUNDS);
    CHECK(status_of(pid) == 0);
    mq_close(second);
    mq_unlink("/second");
    end();
}

/* Alone, it would not end. */
static int sends_all(void)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        if (mq_send(queue, (const char *)&i, sizeof(i), 0) != 0) {
            return 1;
        }
    }
    return 0;
}

static void senders_wait_for_room(void)
{
    unsigned int sum = 0, value;
    pid_t pids[3];
    queue = make(NAME, 2);
    for (int i = 0; i < 3; i++) {
        pids[i] = child(sends_all);
    }
    for (int i = 0; i < 3 * ROUNDS; i++) {
        if (mq_receive(queue, text, BYTES, NULL) == sizeof(value)) {
            memcpy(&value, text, sizeof(value));
            sum += value;
        }
    }
    CHECK(sum == 3 * ROUNDS * (ROUNDS - 1) / 2);
    CHECK(status_of(pids[0]) == 0 && status_of(pids[1]) == 0 && status_of(pids[2]) == 0);
    CHECK(count(queue) == 0);
    end();
}

static int sends_later(void)
{
    usleep(30000);
    return send(queue, "late", 0) ? 0 : 1;
}

static int takes_later(void)
{
    usleep(30000);
    return takes(queue, "1") ? 0 : 1;
}

static void waits_end(void)
{
    struct timespec t = in_ms(CLOCK_REALTIME, 20);
    queue = make(NAME, 2);
    CHECK(fails_with(mq_timedreceive(queue, text, BYTES, NULL, &t), ETIMEDOUT));
    pid_t pid = child(sends_later);
    t = in_ms(CLOCK_REALTIME, 5000);
    CHECK(mq_timedreceive(queue, text, BYTES, NULL, &t) == 5);
    CHECK(status_of(pid) == 0);
    send(queue, "1", 0);
    send(queue, "2", 0);
    t = in_ms(CLOCK_REALTIME, 20);
    CHECK(fails_with(mq_timedsend(queue, "3", 2, 0, &t), ETIMEDOUT));
    pid = child(takes_later);
    t = in_ms(CLOCK_REALTIME, 5000);
    CHECK(mq_timedsend(queue, "3", 2, 0, &t) == 0);
    CHECK(status_of(pid) == 0);
    end();
}

static void descriptors_become_ready(void)
{
    queue = make(NAME, 2);
    struct pollfd p = {.fd = queue, .events = POLLIN};
    pid_t pid = child(sends_later);
    CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLIN);
    CHECK(status_of(pid) == 0 && takes(queue, "late"));

    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    const int fd = epoll_create1(0);
    epoll_ctl(fd, EPOLL_CTL_ADD, queue, &e);
    CHECK(epoll_wait(fd, &e, 1, 0) == 0);
    pid = child(sends_later);
    CHECK(epoll_wait(fd, &e, 1, 5000) == 1 && e.events == EPOLLIN);
    CHECK(status_of(pid) == 0 && takes(queue, "late"));
    close(fd);

    send(queue, "1", 0);
    send(queue, "2", 0);
    p.events = POLLOUT;
    pid = child(takes_later);
    CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLOUT);
    CHECK(status_of(pid) == 0);
    end();
}

static void nothing(int number)
{
    (void)number;
}

static int signals_parent(void)
{
    usleep(30000);
    return kill(getppid(), SIGUSR2);
}

static void a_signal_interrupts(void)
{
    const struct sigaction a = {.sa_handler = nothing};
    sigaction(SIGUSR2, &a, NULL);
    queue = make(NAME, 2);
    const pid_t pid = child(signals_parent);
    CHECK(fails_with(mq_receive(queue, text, BYTES, NULL), EINTR));
    CHECK(status_of(pid) == 0);
    end();
}

/* ---- notices ------------------------------------------------------------------------------------- */

static volatile sig_atomic_t notified, sender, value;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    notified += info->si_code == SI_MESGQ;
    sender = info->si_pid;
    value = info->si_value.sival_int;
}

static void on_thread(union sigval v)
{
    value = v.sival_int;
    notified++;
}

static const struct sigevent by_signal = {
    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
static const struct sigevent by_thread = {
    .sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_thread, .sigev_value.sival_int = 8};

static bool is_notified_within(int ms)
{
    for (; notified == 0 && ms > 0; ms -= 5) {
        usleep(5000);
    }
    return notified != 0;
}

static int wish_is_taken(void)
{
    return fails_with(mq_notify(queue, &by_signal), EBUSY) && mq_notify(queue, NULL) == 0 &&
                   fails_with(mq_notify(queue, &by_signal), EBUSY)
               ? 0
               : 1;
}

static void another_process_sends(void)
{
    const struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &a, NULL);
    queue = make(NAME, 2);

    notified = 0;
    CHECK(mq_notify(queue, &by_signal) == 0);
    CHECK(in_child(wish_is_taken) == 0);
    pid_t pid = child(sends_later);
    CHECK(is_notified_within(5000) && sender == pid && value == 7);
    CHECK(status_of(pid) == 0 && takes(queue, "late"));

    notified = 0;
    pid = child(sends_later);
    CHECK(status_of(pid) == 0 && takes(queue, "late"));
    CHECK(!is_notified_within(50));

    CHECK(mq_notify(queue, &by_thread) == 0);
    pid = child(sends_later);
    CHECK(is_notified_within(5000) && value == 8);
    CHECK(status_of(pid) == 0 && takes(queue, "late"));

    notified = 0;
    CHECK(mq_notify(queue, &by_signal) == 0);
    pid = child(sends_later);
    for (const time_t until = time(NULL) + 5; notified == 0 && time(NULL) < until;) {
    } /* who computes is told, too */
    CHECK(notified == 1);
    CHECK(status_of(pid) == 0 && takes(queue, "late"));
    end();
}

static int wishes(void)
{
    return mq_notify(queue, &by_signal) == 0 ? 0 : 1;
}

static int receives(void)
{
    return mq_receive(queue, text, BYTES, NULL) > 0 ? 0 : 1;
}

static void who_waits_comes_first(void)
{
    queue = make(NAME, 2);
    notified = 0;
    CHECK(mq_notify(queue, &by_signal) == 0);
    pid_t pid = child(receives);
    usleep(50000);
    CHECK(send(queue, "for it", 0) && status_of(pid) == 0);
    CHECK(!is_notified_within(50));

    pid = child(receives);
    usleep(50000);
    kill(pid, SIGKILL);
    CHECK(status_of(pid) == SIGKILL);
    CHECK(send(queue, "for nobody", 0) && is_notified_within(5000)); /* it waits no more */
    CHECK(takes(queue, "for nobody"));
    end();
}

static void a_wish_ends_with_its_process_or_descriptor(void)
{
    queue = make(NAME, 2);
    CHECK(in_child(wishes) == 0);
    second = mq_open(NAME, O_RDONLY);
    CHECK(mq_notify(second, &by_signal) == 0 && in_child(wishes) == 0x100);
    CHECK(mq_close(second) == 0 && in_child(wishes) == 0);
    end();
}

/* ---- who is killed ---------------------------------------------------------------------------------- */

/* Its end is within the call, while it has the queue locked. */
static int sends_what_is_not_there(void)
{
    return mq_send(queue, (const char *)(uintptr_t)0x2f00000000, sizeof(large), 9);
}

static int receives_to_nowhere(void)
{
    return (int)mq_receive(queue, (char *)(uintptr_t)0x2f00000000, sizeof(large), NULL);
}

/* Each time room for a message could get lost; then later ones would lie in the second queue. */
static void a_queue_survives_who_dies_within(void)
{
    const struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = sizeof(large)};
    int good = 0;
    queue = mq_open(NAME, O_CREAT | O_RDWR, 0600, &a);
    second = mq_open("/second", O_CREAT | O_RDWR, 0600, &a);
    send(second, "intact", 1);
    send(queue, "b", 1);
    send(queue, "a", 2);
    for (int i = 0; i < 12; i++) {
        good += in_child(sends_what_is_not_there) == SIGSEGV;
        good += in_child(receives_to_nowhere) == SIGSEGV;
        good += mq_send(queue, large, sizeof(large), 3) == 0;
        good += mq_receive(queue, large, sizeof(large), NULL) == sizeof(large);
    }
    CHECK(good == 4 * 12 && count(queue) == 2);
    CHECK(count(second) == 1 && mq_receive(second, large, sizeof(large), NULL) == 7);
    CHECK(mq_receive(queue, large, sizeof(large), NULL) == 2 && large[0] == 'a');
    CHECK(mq_receive(queue, large, sizeof(large), NULL) == 2 && large[0] == 'b');
    mq_close(second);
    mq_unlink("/second");
    end();
}

static int sends_for_ever(void)
{
    for (unsigned int i = 0;; i++) {
        if (mq_send(queue, (const char *)&i, sizeof(i), i % 5) != 0) {
            return 1;
        }
    }
}

static void a_queue_survives_kills(void)
{
    int good = 0;
    queue = make(NAME, 8);
    for (int i = 0; i < 30; i++) {
        const pid_t pid = child(sends_for_ever);
        for (int j = 0; j < 20 + i; j++) {
            good += mq_receive(queue, text, BYTES, NULL) == sizeof(unsigned int);
        }
        kill(pid, SIGKILL);
        good += status_of(pid) == SIGKILL;
        while (count(queue) > 0) {
            mq_receive(queue, text, BYTES, NULL);
        }
    }
    CHECK(good == 30 * (20 + 1) + 29 * 30 / 2);
    for (int i = 0; i < 8; i++) {
        send(queue, "room", 0);
    }
    CHECK(count(queue) == 8);
    end();
}

int main(void)
{
    setbuf(stdout, NULL);
    queues_are_inherited();
    queues_are_found_by_name();
    a_queue_outlives_its_name();
    rights_count();
    what_does_not_fit_is_refused();
    messages_go_there_and_back();
    senders_wait_for_room();
    waits_end();
    descriptors_become_ready();
    a_signal_interrupts();
    another_process_sends();
    who_waits_comes_first();
    a_wish_ends_with_its_process_or_descriptor();
    a_queue_survives_who_dies_within();
    a_queue_survives_kills();
    return tap_done();
}
