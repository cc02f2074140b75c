// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// What a child writes into the window of its family's files does not harm the owner: any request of any
// user, with any arguments.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mayfly/family.h"
#include "tap.h"

#define REQUESTS 20000
#define OPERATIONS 40

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

static int send_garbage(void)
{
    struct mf_files_window *const w = (struct mf_files_window *)(uintptr_t)MF_FILES_VA;
    struct stat st;

    for (int i = 0; i < REQUESTS; i++) {
        for (int k = 0; k < 3; k++) {
            const uint32_t user = (uint32_t)(next() % 6);
            fill(w, &w->calls[user]);
            __atomic_fetch_or(&w->asked[next() % 64 == 0 ? 7 : 0], 1ul << user, __ATOMIC_SEQ_CST);
        }
        (void)stat("/tmp", &st); /* wakes the owner, and waits for it */
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

static int in_child(int (*fn)(void))
{
    int status = -1;
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(fn());
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    tap_check(in_child(use) == 0, "a_child_uses_files");
    tap_check(in_child(send_garbage) != -1, "one_sends_garbage");
    chmod("/", 0777);
    chmod("/tmp", 0777);
    tap_check(use() == 0, "files_are_there_as_before");
    tap_check(in_child(use) == 0, "others_use_them");
    return tap_done();
}
