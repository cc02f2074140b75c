// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// FIFOs: mkfifo(), mknod(), what open() waits for, and what their readers and writers see.
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static bool fails_with(long result, int error)
{
    return result == -1 && errno == error;
}

static short events_of(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    poll(&p, 1, 0);
    return p.revents;
}

static void test_nodes(void)
{
    struct stat st;

    umask(022);
    tap_check(mkfifo("fifo", 0666) == 0 && stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode) &&
                  (st.st_mode & 07777) == 0644 && st.st_size == 0 && st.st_nlink == 1,
              "mkfifo makes a FIFO, without the bits of the mask");
    tap_check(fails_with(mkfifo("fifo", 0600), EEXIST), "mkfifo of what is there: EEXIST");
    tap_check(fails_with(mkfifo("nowhere/fifo", 0600), ENOENT), "in no folder: ENOENT");
    tap_check(fails_with(mkfifo("fifo/fifo", 0600), ENOTDIR), "in a FIFO: ENOTDIR");
    mkdir("folder", 0755);
    const int dir = open("folder", O_RDONLY | O_DIRECTORY);
    tap_check(mkfifoat(dir, "other", 0600) == 0 && stat("folder/other", &st) == 0 &&
                  S_ISFIFO(st.st_mode),
              "mkfifoat starts at the folder");
    tap_check(mknod("node", S_IFIFO | 0600, 0) == 0 && stat("node", &st) == 0 &&
                  S_ISFIFO(st.st_mode),
              "mknod makes FIFOs");
    tap_check(mknodat(dir, "plain", S_IFREG | 0600, 0) == 0 && stat("folder/plain", &st) == 0 &&
                  S_ISREG(st.st_mode),
              "and plain files");
    tap_check(fails_with(mknod("device", S_IFCHR | 0600, 1), EPERM), "but no devices: EPERM");
    tap_check(link("node", "second") == 0 && unlink("node") == 0 && stat("second", &st) == 0 &&
                  st.st_nlink == 1 && unlink("second") == 0,
              "it has names as any other file");
    tap_check(fails_with(truncate("fifo", 0), EINVAL), "truncate: EINVAL");
    close(dir);
}

static void test_without_waiting(void)
{
    tap_check(fails_with(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO),
              "to write without waiting, without a reader: ENXIO");
    const int in = open("fifo", O_RDONLY | O_NONBLOCK);
    char text[8];
    tap_check(in >= 0 && read(in, text, sizeof(text)) == 0 && events_of(in) == 0,
              "a reader need not wait, it has the end of the file and no event");
    const int out = open("fifo", O_WRONLY | O_NONBLOCK | O_TRUNC);
    tap_check(out >= 0 && fails_with(read(in, text, sizeof(text)), EAGAIN) && events_of(in) == 0 &&
                  events_of(out) == POLLOUT,
              "with a writer it may wait");
    tap_check(write(out, "abc", 3) == 3 && events_of(in) == POLLIN, "what is written arrives");
    int bytes = 0;
    tap_check(ioctl(in, FIONREAD, &bytes) == 0 && bytes == 3, "FIONREAD tells how much");
    tap_check(fails_with(lseek(in, 0, SEEK_CUR), ESPIPE) &&
                  fails_with(pread(in, text, 1, 0), ESPIPE) &&
                  fails_with(ftruncate(out, 0), EINVAL),
              "there are no positions: ESPIPE");
    tap_check(fails_with(read(out, text, 1), EBADF) && fails_with(write(in, text, 1), EBADF),
              "each end has one direction");
    close(out);
    tap_check(events_of(in) == (POLLIN | POLLHUP) && read(in, text, sizeof(text)) == 3 &&
                  memcmp(text, "abc", 3) == 0 && read(in, text, 1) == 0 && events_of(in) == POLLHUP,
              "when the last writer is gone, what it wrote and then the end");
    const int again = open("fifo", O_WRONLY);
    tap_check(again >= 0 && write(again, "d", 1) == 1 && read(in, text, 8) == 1 && *text == 'd',
              "until another one comes");
    close(in);
    signal(SIGPIPE, count);
    tap_check(fails_with(write(again, "x", 1), EPIPE) && signals == 1 &&
                  (events_of(again) & POLLERR) != 0,
              "without a reader: SIGPIPE, EPIPE, POLLERR");
    close(again);
    signal(SIGPIPE, SIG_DFL);
}

static void test_both(void)
{
    struct stat a, b;
    char text[8];
    const int fd = open("fifo", O_RDWR);
    tap_check(fd >= 0 && write(fd, "xy", 2) == 2 && events_of(fd) == (POLLIN | POLLOUT) &&
                  read(fd, text, 8) == 2,
              "one open for both needs nobody else");
    const int second = open("fifo", O_RDONLY | O_NONBLOCK);
    tap_check(write(fd, "z", 1) == 1 && read(second, text, 8) == 1, "all readers share what comes");
    close(fd);
    write(open("fifo", O_WRONLY), "lost", 4);
    tap_check(fstat(second, &a) == 0 && stat("fifo", &b) == 0 && a.st_ino == b.st_ino &&
                  S_ISFIFO(a.st_mode) && fchmod(second, 0600) == 0 && stat("fifo", &b) == 0 &&
                  (b.st_mode & 0777) == 0600,
              "a descriptor is of the node");
    unlink("fifo");
    tap_check(read(second, text, 8) == 4 && fstat(second, &a) == 0 && a.st_nlink == 0,
              "which lives as long as it is open");
    close(second);
    close(second + 1);
}

static void test_full(void)
{
    static char block[PIPE_BUF], many[100000];
    mkfifo("full", 0600);
    const int in = open("full", O_RDONLY | O_NONBLOCK), out = open("full", O_WRONLY | O_NONBLOCK);
    ssize_t n, all = 0;
    while ((n = write(out, block, sizeof(block))) > 0) {
        all += n;
    }
    tap_check(fails_with(n, EAGAIN) && all >= PIPE_BUF && events_of(out) == 0, "it gets full");
    tap_check(read(in, block, 10) == 10 && fails_with(write(out, block, 11), EAGAIN) &&
                  write(out, block, 10) == 10,
              "up to PIPE_BUF bytes are written at once or not at all");
    n = read(in, many, sizeof(many));
    tap_check(n == all && write(out, many, sizeof(many)) == all, "more as far as there is room");
    close(in);
    close(out);
    const int next = open("full", O_RDONLY | O_NONBLOCK);
    tap_check(read(next, many, 1) == 0, "what nobody has open is empty");
    close(next);
    unlink("full");
}

/* ---- with a second thread ------------------------------------------------------------------- */

struct job {
    int flags;
    bool closes; /* at once */
    int fd;
    volatile bool is_done;
};

static void *open_it(void *arg)
{
    struct job *const j = arg;
    j->fd = open("wait", j->flags);
    if (j->closes) {
        close(j->fd);
    }
    j->is_done = true;
    return NULL;
}

static pthread_t begin(struct job *j)
{
    pthread_t t;
    pthread_create(&t, NULL, open_it, j);
    usleep(20000);
    return t;
}

static void test_waiting(void)
{
    char text[4];
    mkfifo("wait", 0600);
    struct job reader = {.flags = O_RDONLY};
    pthread_t t = begin(&reader);
    tap_check(!reader.is_done, "a reader's open waits for a writer");
    int fd = open("wait", O_WRONLY);
    pthread_join(t, NULL);
    tap_check(fd >= 0 && reader.fd >= 0 && write(fd, "ok", 2) == 2 && read(reader.fd, text, 4) == 2,
              "and goes on with it");
    close(fd);
    close(reader.fd);

    struct job writer = {.flags = O_WRONLY};
    t = begin(&writer);
    tap_check(!writer.is_done, "a writer's open waits for a reader");
    fd = open("wait", O_RDONLY | O_NONBLOCK);
    pthread_join(t, NULL);
    tap_check(writer.fd >= 0 && write(writer.fd, "ok", 2) == 2 && read(fd, text, 4) == 2,
              "and goes on with it, too");
    close(fd);
    close(writer.fd);

    struct job brief = {.flags = O_RDONLY};
    t = begin(&brief);
    fd = open("wait", O_WRONLY);
    close(fd);
    pthread_join(t, NULL);
    tap_check(brief.fd >= 0 && read(brief.fd, text, 1) == 0,
              "even when the writer closes before the reader has run");
    close(brief.fd);

    struct job both = {.flags = O_RDONLY};
    t = begin(&both);
    fd = open("wait", O_RDWR);
    pthread_join(t, NULL);
    tap_check(both.fd >= 0, "one that is open for both is a writer");
    close(fd);
    close(both.fd);
}

static void *read_one(void *arg)
{
    char c = 0;
    return read(*(int *)arg, &c, 1) == 1 ? (void *)(intptr_t)c : NULL;
}

static void test_blocking(void)
{
    pthread_t t;
    void *got;
    int in = open("wait", O_RDONLY | O_NONBLOCK);
    const int out = open("wait", O_WRONLY);
    fcntl(in, F_SETFL, 0);
    pthread_create(&t, NULL, read_one, &in);
    usleep(20000);
    write(out, "q", 1);
    pthread_join(t, &got);
    tap_check(got == (void *)'q', "read waits for a writer's bytes");
    const int ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    tap_check(epoll_ctl(ep, EPOLL_CTL_ADD, in, &e) == 0 && epoll_wait(ep, &e, 1, 0) == 0 &&
                  write(out, "r", 1) == 1 && epoll_wait(ep, &e, 1, 1000) == 1 &&
                  e.events == EPOLLIN && epoll_wait(ep, &e, 1, 0) == 0,
              "epoll tells of them");
    close(out);
    tap_check(epoll_wait(ep, &e, 1, 1000) == 1 && (e.events & EPOLLHUP) != 0, "and of the end");
    close(in);
    close(ep);
}

static void test_interrupted(void)
{
    struct sigaction a = {.sa_handler = count};
    sigaction(SIGALRM, &a, NULL);
    ualarm(20000, 0);
    tap_check(fails_with(open("wait", O_RDONLY), EINTR), "a signal ends the waiting: EINTR");
    tap_check(fails_with(open("wait", O_WRONLY | O_NONBLOCK), ENXIO), "and nothing is left of it");
    seteuid(7);
    tap_check(fails_with(open("wait", O_RDONLY | O_NONBLOCK), EACCES), "rights count: EACCES");
    seteuid(0);
}

int main(void)
{
    char folder[] = "/tmp/fifo-XXXXXX";
    chdir(mkdtemp(folder));
    test_nodes();
    test_without_waiting();
    test_both();
    test_full();
    test_waiting();
    test_blocking();
    test_interrupted();
    return tap_done();
}
