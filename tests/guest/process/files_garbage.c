// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// What a child writes into the window of its family's files does not harm the owner: any request in the
// name of another one, with any arguments. Its own requests wake the owner and wait for it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "mayfly/family.h"
#include "tap.h"

#define REQUESTS 20000
#define OPERATIONS 60
#define CLOSE 4u /* unikernel-runtime/src/family/family.h */

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Often what may be meant, often what may not. */
static int64_t argument(void)
{
    static const int64_t some[] = {0, 1, 3, 4, -1, -100, 4096, 32768, 32769, INT64_MAX, INT64_MIN};
    const uint64_t kind = next();
    return kind % 4 == 0 ? (int64_t)next() : some[next() % (sizeof(some) / sizeof(some[0]))];
}

static void write_path(char *to)
{
    static const char *const some[] = {"/tmp",  "/tmp/x",      ".",          "..",
                                       "",      "/dev/fd/3",   "/dev/null",  "/",
                                       "x/y/z", "/dev/stdout", "/tmp/x/../x"};
    strcpy(to, some[next() % (sizeof(some) / sizeof(some[0]))]);
}

static void fill(struct mf_files_window *w, struct mf_files_call *c)
{
    const uint32_t buffer = (uint32_t)(next() % (MF_FILES_BUFFERS + 4));
    char *const data =
        (char *)w + MF_FILES_DATA + buffer % MF_FILES_BUFFERS * MF_FILES_BUFFER_BYTES;

    c->op = (uint32_t)(next() % OPERATIONS);
    c->buffer = buffer;
    c->member = (uint32_t)next();
    c->uid = (uint32_t)next() % 2;
    c->mask = (uint32_t)next();
    for (int i = 0; i < MF_FILES_ARGS; i++) {
        c->args[i] = argument();
    }
    if (next() % 8 == 0) {
        for (size_t i = 0; i < MF_FILES_BUFFER_BYTES / 8; i++) {
            ((uint64_t *)(void *)data)[i] = next();
        }
    } else {
        write_path(data);
        write_path(data + 4096);
    }
    __atomic_store_n(&c->asked, c->answered + 1, __ATOMIC_RELEASE);
}

/* The caller's number as a user: whose call has its process number. */
static uint32_t own_user(const struct mf_files_window *w)
{
    struct stat st;
    uint32_t user = 1;
    (void)stat("/tmp", &st);
    while (user < 8 && w->calls[user].pid != (uint32_t)getpid()) {
        user++;
    }
    return user;
}

static int send_garbage(void)
{
    struct mf_files_window *const w = (struct mf_files_window *)(uintptr_t)MF_FILES_VA;
    const uint32_t own = own_user(w);
    struct stat st;

    for (int i = 0; i < REQUESTS; i++) {
        for (int k = 0; k < 3; k++) {
            const uint32_t user = (uint32_t)(next() % 6);
            if (user == own) {
                continue;
            }
            fill(w, &w->calls[user]);
            __atomic_fetch_or(&w->asked[next() % 64 == 0 ? 7 : 0], 1ul << user, __ATOMIC_SEQ_CST);
        }
        (void)stat("/tmp", &st); /* wakes the owner, and waits for it */
    }
    return 0;
}

/* More than a buffer holds, or from no buffer at all, of files that are open for it. */
static int go_over_the_end(void)
{
    static const int64_t bytes[] = {MF_FILES_BUFFER_BYTES + 1, 4 << 20, INT64_MAX, INT64_MIN, -1};
    struct mf_files_window *const w = (struct mf_files_window *)(uintptr_t)MF_FILES_VA;
    const uint32_t own = own_user(w);
    struct stat st;

    for (uint32_t op = 0; op < OPERATIONS; op++) {
        if (op == CLOSE) {
            continue;
        }
        for (int i = 0; i < 5 * 8 * 3; i++) {
            static const uint32_t buffers[] = {0, MF_FILES_BUFFERS - 1, UINT32_MAX};
            for (uint32_t user = 1; user < 3; user++) {
                if (user == own) {
                    continue;
                }
                struct mf_files_call *const c = &w->calls[user];
                c->op = op;
                c->args[0] = i / 5 % 8;
                c->args[1] = bytes[i % 5];
                c->args[2] = i / 40 == 2 ? -1 : 0;
                c->buffer = buffers[i / 40];
                __atomic_store_n(&c->asked, c->answered + 1, __ATOMIC_RELEASE);
                __atomic_fetch_or(&w->asked[0], 1ul << user, __ATOMIC_SEQ_CST);
            }
            (void)stat("/tmp", &st);
        }
    }
    return 0;
}

static int use(void)
{
    char text[8] = {0};
    const int fd = open("/fine", O_RDWR | O_CREAT, 0600);
    return fd >= 0 && write(fd, "fine", 4) == 4 && pread(fd, text, 7, 0) == 4 &&
                   strcmp(text, "fine") == 0
               ? 0
               : 1;
}

/* In whose name it is asked. */
static pid_t start_victim(void)
{
    char c;
    int p[2];
    pipe(p);
    const pid_t pid = fork();
    if (pid == 0) {
        const int fd = open("/large", O_RDWR | O_CREAT, 0600);
        ftruncate(fd, 8 << 20);
        (void)!write(p[1], "r", 1);
        for (;;) {
            pause();
        }
    }
    (void)!read(p[0], &c, 1);
    return pid;
}

/* Descriptors 3 to 9 or so of all of them. */
static int open_sockets(int pair[2])
{
    const struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int s = socket(AF_INET, SOCK_STREAM, 0);

    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && eventfd(1, 0) >= 0 &&
                   bind(s, (const struct sockaddr *)&a, sizeof(a)) == 0 && listen(s, 3) == 0 &&
                   socket(AF_INET, SOCK_DGRAM, 0) >= 0
               ? 0
               : -1;
}

int main(void)
{
    int pair[2], own[2];
    char text[4];

    setvbuf(stdout, NULL, _IONBF, 0);
    tap_check(open_sockets(pair) == 0, "sockets_are_open");
    const pid_t victim = start_victim();
    tap_check(in_child(use) == 0, "a_child_uses_files");
    tap_check(in_child(go_over_the_end) == 0, "one_asks_for_more_than_there_is");
    tap_check(in_child(send_garbage) == 0, "one_sends_garbage");
    tap_check(kill(victim, SIGKILL) == 0 && waitpid(victim, NULL, 0) == victim, "in_anothers_name");
    chmod("/", 0777);
    chmod("/tmp", 0777);
    tap_check(use() == 0, "files_are_there_as_before");
    tap_check(in_child(use) == 0, "others_use_them");
    tap_check(socketpair(AF_UNIX, SOCK_STREAM, 0, own) == 0 && write(own[0], "ok", 2) == 2 &&
                  read(own[1], text, 4) == 2,
              "sockets_work");
    return tap_done();
}
