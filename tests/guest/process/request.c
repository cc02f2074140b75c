// SPDX-License-Identifier: Apache-2.0
// cflags: -Itop/unikernel-runtime/src -Itop/include
// What a guest asks dom0 for: one thread or many, unknown requests, a text that is too long.
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "mayfly/abi.h"
#include "start/info.h"
#include "start/request.h"
#include "tap.h"

#define THREADS 8
#define ROUNDS 50

static void *ask_often(void *arg)
{
    const uint64_t base = (uint64_t)(uintptr_t)arg << 32;
    uint64_t good = 0;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t value = 0;
        if (mf_request(MF_REQUEST_ECHO, base + i, 0, "four", &value) == 0 &&
            value == base + i + 4) {
            good++;
        }
    }
    return (void *)(uintptr_t)good;
}

int main(void)
{
    char text[100];
    uint64_t value = 0;
    pthread_t threads[THREADS];
    uint64_t good = 0;

    tap_check(mf_request(MF_REQUEST_ECHO, 40, 0, "ab", &value) == 0 && value == 42,
              "an_answer_comes");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    tap_check(mf_request(MF_REQUEST_ECHO, 0, 0, text, &value) == 0 && value == 63,
              "a_long_text_is_cut");
    tap_check(mf_request(12345678, 0, 0, NULL, NULL) == HV_ERR_NOSYS, "unknown_requests_are_told");
    tap_check(mf_request_errno(HV_ERR_NOSYS) == ENOSYS, "errors_have_a_number");
    tap_check(mf_request_alone(MF_REQUEST_ECHO, 7, 0, NULL, &value) == 0 && value == 7,
              "alone_is_answered_too");
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, ask_often, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        good += (uintptr_t)result;
    }
    tap_check(good == THREADS * ROUNDS, "threads_take_turns");
    return tap_done();
}
