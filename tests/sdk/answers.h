/* SPDX-License-Identifier: Apache-2.0 */
/* answers.h - what a build system found out, in one line; each sample prints it as a guest. */
#pragma once

#include <pthread.h>
#include <stdio.h>

static void *other_thread(void *argument)
{
    return argument;
}

static int print_answers(const char *who)
{
    static const struct {
        const char *name;
        int found;
    } answers[] = {
#ifdef HAVE_EPOLL_CREATE1
        {"epoll_create1", 1},
#endif
#ifdef HAVE_GETADDRINFO
        {"getaddrinfo", 1},
#endif
#ifdef HAVE_SQRT
        {"sqrt", 1},
#endif
#ifdef HAVE_INOTIFY_INIT
        {"inotify_init", 1},
#endif
#ifdef HAVE_PTRACE
        {"ptrace", 1},
#endif
#ifdef HAVE_SYS_EPOLL_H
        {"sys/epoll.h", 1},
#endif
#ifdef HAVE_SYS_INOTIFY_H
        {"sys/inotify.h", 1},
#endif
#ifdef HAVE_LIBSODIUM
        {"libsodium", 1},
#endif
        {"end", 0},
    };
    pthread_t thread;
    void *result = NULL;
    if (pthread_create(&thread, NULL, other_thread, &thread) != 0 ||
        pthread_join(thread, &result) != 0 || result != &thread) {
        return 1;
    }
    printf("%s:", who);
    for (int i = 0; answers[i].found; i++) {
        printf(" %s", answers[i].name);
    }
    putchar('\n');
    return 0;
}
