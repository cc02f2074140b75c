// SPDX-License-Identifier: Apache-2.0
// memory: 32M
// Each thread has its own errno and its own state of the C library; streams are shared.
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

enum { THREADS = 8 };

static _Thread_local int number = 7;
static _Thread_local _Alignas(64) char aligned[64];
static FILE *shared;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static int finished;

static void *run(void *arg)
{
    const int mine = (int)(intptr_t)arg;
    bool good = number == 7 && (uintptr_t)aligned % 64 == 0;
    char text[32];
    snprintf(text, sizeof(text), "a%d b%d c%d", mine, mine, mine);
    char expected[8];
    snprintf(expected, sizeof(expected), "b%d", mine);
    number = mine;
    errno = mine;
    char *word = strtok(text, " ");
    for (int i = 0; i < 5; i++) {
        sched_yield();
        good = good && errno == mine && number == mine;
    }
    word = strtok(NULL, " ");
    good = good && word != NULL && strcmp(word, expected) == 0;
    fprintf(shared, "%d\n", mine);
    void *block = malloc(100000);
    good = good && block != NULL;
    free(block);
    pthread_mutex_lock(&counting);
    finished++;
    pthread_mutex_unlock(&counting);
    return (void *)(intptr_t)good;
}

int main(void)
{
    pthread_t threads[THREADS];
    char *text = NULL;
    size_t bytes = 0;
    bool started = true, good = true;
    shared = open_memstream(&text, &bytes);
    errno = 99;
    for (int i = 0; i < THREADS; i++) {
        started = started && pthread_create(&threads[i], NULL, run, (void *)(intptr_t)(i + 1)) == 0;
    }
    tap_check(started, "threads start");
    for (int i = 0; started && i < THREADS; i++) {
        void *result = NULL;
        started = pthread_join(threads[i], &result) == 0;
        good = good && result != NULL;
    }
    tap_check(started, "and end");
    tap_equal(errno, 99, "errno of main() is its own");
    tap_equal(number, 7, "so is its thread-local data");
    tap_check(good, "each thread has errno, strtok and thread-local data of its own");
    tap_equal(finished, THREADS, "all counted");
    fclose(shared);
    tap_equal(bytes, 2 * THREADS, "a stream is shared by all");
    free(text);
    return tap_done();
}
