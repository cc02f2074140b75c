/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.c - see interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
#define NUMBERS_COUNT (sizeof(numbers) / sizeof(numbers[0]))

static volatile sig_atomic_t arrived;
static sigset_t open_mask; /* the mask from before interrupt_catch() */
static bool caught;

static void on_signal(int number)
{
    arrived = number;
}

void interrupt_catch(void)
{
    if (caught) {
        return;
    }
    sigset_t ours;
    sigemptyset(&ours);
    for (size_t i = 0; i < NUMBERS_COUNT; i++) {
        struct sigaction old;
        const struct sigaction action = {.sa_handler = on_signal};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(numbers[i], &action, NULL); /* an ignored one (nohup) stays ignored */
        }
        sigaddset(&ours, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &ours, &open_mask);
    caught = true;
}

int interrupt_pending(void)
{
    if (caught && arrived == 0) {
        interrupt_poll(NULL, 0, 0);
    }
    return arrived;
}

int interrupt_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    const struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000l};
    return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, caught ? &open_mask : NULL);
}

void interrupt_finish(void)
{
    const int number = interrupt_pending();
    if (number != 0) {
        signal(number, SIG_DFL);
        sigprocmask(SIG_SETMASK, &open_mask, NULL);
        raise(number);
    }
}
