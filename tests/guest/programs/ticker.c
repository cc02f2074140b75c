/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticker - wakes every millisecond; at SIGUSR1 it says for how long it was kept from that at most, and
 * begins anew. A clone of it only sleeps.
 */
#include <mayfly.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static volatile int is_clone;

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

static void on_clone(void *arg)
{
    (void)arg;
    is_clone = 1;
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(void)
{
    int64_t most_us = 0, before_us = now_us();

    signal(SIGUSR1, on_signal);
    mf_on_clone(on_clone, NULL);
    printf("ticker: running\n");
    while (!is_clone) {
        usleep(1000);
        const int64_t us = now_us();
        most_us = us - before_us > most_us ? us - before_us : most_us;
        before_us = us;
        if (asked) {
            asked = 0;
            printf("ticker: at most %lld us\n", (long long)most_us);
            most_us = 0;
        }
    }
    pause();
    return 0;
}
