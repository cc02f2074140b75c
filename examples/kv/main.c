/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kv - a key-value service over TCP with one thread per connection. A line is a command:
 *
 *   SET key value -> OK        GET key -> VALUE value | NONE      DEL key -> OK | NONE
 *   SAVE -> ITEM key value ... SAVED n: all that is there at that moment (save.h)
 *   COUNT -> COUNT n           QUIT -> the connection ends        anything wrong -> ERROR why
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "save.h"
#include "store.h"

#define LINE_MAX_BYTES (STORE_KEY_MAX + STORE_VALUE_MAX + 16)
#define THREADS_MAX 64

static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int thread_count; /* threads_lock */

static const char *text_of(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return "OK";
    case STORE_NONE:
        return "NONE";
    case STORE_FULL:
        return "ERROR full";
    default:
        return "ERROR key or value too long";
    }
}

/* Runs the command in `line`; the answer goes to answer[LINE_MAX_BYTES], that of SAVE to `fd`. False:
 * QUIT. */
static bool run_command(int fd, char *line, char *answer)
{
    char value[STORE_VALUE_MAX + 1];
    char *key = line;
    const char *verb = strsep(&key, " ");

    if (strcmp(verb, "QUIT") == 0) {
        return false;
    }
    if (strcmp(verb, "SAVE") == 0) {
        snprintf(answer, LINE_MAX_BYTES, "%s", save_to(fd) ? "" : "ERROR no snapshot\n");
    } else if (strcmp(verb, "COUNT") == 0) {
        snprintf(answer, LINE_MAX_BYTES, "COUNT %zu\n", store_count());
    } else if (key == NULL) {
        snprintf(answer, LINE_MAX_BYTES, "ERROR commands: SET GET DEL COUNT SAVE QUIT\n");
    } else if (strcmp(verb, "SET") == 0) {
        char *rest = key;
        strsep(&rest, " ");
        snprintf(answer, LINE_MAX_BYTES, "%s\n", text_of(store_set(key, rest != NULL ? rest : "")));
    } else if (strcmp(verb, "GET") == 0) {
        const enum store_result result = store_get(key, value);
        snprintf(answer, LINE_MAX_BYTES, result == STORE_OK ? "VALUE %s\n" : "%s\n",
                 result == STORE_OK ? value : text_of(result));
    } else if (strcmp(verb, "DEL") == 0) {
        snprintf(answer, LINE_MAX_BYTES, "%s\n", text_of(store_delete(key)));
    } else {
        snprintf(answer, LINE_MAX_BYTES, "ERROR commands: SET GET DEL COUNT SAVE QUIT\n");
    }
    return true;
}

static bool send_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t sent = send(fd, data, bytes, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

/* Reads commands until the client ends or sends a line that is too long. */
static void serve(int fd)
{
    char input[LINE_MAX_BYTES], answer[LINE_MAX_BYTES];
    size_t held = 0;

    for (;;) {
        const ssize_t got = recv(fd, input + held, sizeof(input) - held, 0);
        if (got <= 0) {
            return;
        }
        held += (size_t)got;
        char *line = input, *end;
        while ((end = memchr(line, '\n', held)) != NULL) {
            held -= (size_t)(end - line) + 1;
            *end = '\0';
            line[strcspn(line, "\r")] = '\0';
            if (!run_command(fd, line, answer) || !send_all(fd, answer, strlen(answer))) {
                return;
            }
            line = end + 1;
        }
        if (held == sizeof(input)) {
            send_all(fd, "ERROR line too long\n", 20);
            return;
        }
        memmove(input, line, held);
    }
}

static void thread_count_add(unsigned int n)
{
    pthread_mutex_lock(&threads_lock);
    thread_count += n;
    pthread_mutex_unlock(&threads_lock);
}

static void *connection_main(void *arg)
{
    const int fd = (int)(intptr_t)arg;
    serve(fd);
    close(fd);
    thread_count_add(-1u);
    return NULL;
}

static void start_connection(int fd)
{
    pthread_t thread;
    pthread_mutex_lock(&threads_lock);
    const bool full = thread_count >= THREADS_MAX;
    thread_count += full ? 0 : 1;
    pthread_mutex_unlock(&threads_lock);
    if (full) {
        send_all(fd, "ERROR too many connections\n", 27);
        close(fd);
        return;
    }
    if (pthread_create(&thread, NULL, connection_main, (void *)(intptr_t)fd) != 0) {
        thread_count_add(-1u);
        close(fd);
        return;
    }
    pthread_detach(thread);
}

int main(int argc, char **argv)
{
    const uint16_t port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 6379);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    const int one = 1;

    const int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen_fd >= 0) {
        setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    if (listen_fd < 0 || bind(listen_fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listen_fd, 64) != 0) {
        fprintf(stderr, "kv: port %u: %s\n", (unsigned int)port, strerror(errno));
        return 1;
    }
    printf("kv: listening on port %u\n", (unsigned int)port);
    fflush(stdout);
    for (;;) {
        const int fd = accept(listen_fd, NULL, NULL);
        if (fd >= 0) {
            start_connection(fd);
        }
    }
}
