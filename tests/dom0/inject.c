/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.c - makes dom0's N-th step from now on fail that needs memory: a hypercall that may say
 * NOMEM, malloc(), a page of a window, a page of dom0's own. `list #N.` in the shell asks for it;
 * each `list` tells whether it has happened, and counts what dom0 has and has not given back.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mayfly/hypercall.h"
#include "shell/show.h"
#include "text/term.h"

static uint32_t left, calls; /* until the one that fails; 0: none will */
static bool has_failed;
static int64_t ports, windows, blocks;

static bool fails(void)
{
    calls++;
    if (left == 0 || --left != 0) {
        return false;
    }
    has_failed = true;
    return true;
}

/* ---- hypercalls ---------------------------------------------------------------------------- */

static bool may_fail(uint64_t number)
{
    switch (number) {
    case HC_EVENT_BIND:
    case HC_DOM_CREATE:
    case HC_DOM_CLONE:
    case HC_DOM_MAP:
    case HC_DOM_WRITE:
    case HC_DOM_ROLLBACK:
    case HC_DOM_SET_STATE:
    case HC_DOM_POPULATE:
    case HC_WINDOW_CREATE:
    case HC_WINDOW_SHARE:
        return true;
    default:
        return false;
    }
}

/* Takes note of `#N.` in what is typed. */
static void look(const char *typed, int64_t bytes)
{
    static bool is_number;
    static uint32_t number;

    for (int64_t i = 0; i < bytes; i++) {
        if (typed[i] == '#') {
            is_number = true;
            number = 0;
        } else if (is_number && typed[i] >= '0' && typed[i] <= '9') {
            number = number * 10 + (uint32_t)(typed[i] - '0');
        } else if (is_number) {
            is_number = false;
            left = number;
            has_failed = number == 0 && has_failed;
            calls = 0;
        }
    }
}

static void count(uint64_t number, const uint64_t args[5])
{
    switch (number) {
    case HC_EVENT_BIND:
        ports += args[0] == HV_SELF;
        break;
    case HC_EVENT_CLOSE:
        ports--;
        break;
    case HC_WINDOW_CREATE:
        windows++;
        break;
    case HC_WINDOW_CLOSE:
        windows -= args[0] == HV_SELF;
        break;
    default:
        break;
    }
}

struct hv_result inject_call(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t number);
struct hv_result inject_call(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t number)
{
    const uint64_t args[] = {a0, a1, a2, a3, a4};

    if (may_fail(number) && fails()) {
        return (struct hv_result){HV_ERR_NOMEM, 0};
    }
    const struct hv_result r = hv_call((enum hv_hypercall)number, a0, a1, a2, a3, a4);
    if (number == HC_CONSOLE_READ) {
        look((const char *)(uintptr_t)a0, r.value);
    } else if (r.value >= 0) {
        count(number, args);
    }
    return r;
}

/* ---- functions that the linker wraps ------------------------------------------------------- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
bool __real_mf_touch(const void *p, size_t bytes);
bool __real_room_claim(void *p, size_t bytes);
void __real_show_guests(bool all);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);
bool __wrap_mf_touch(const void *p, size_t bytes);
bool __wrap_room_claim(void *p, size_t bytes);
void __wrap_show_guests(bool all);

void *__wrap_malloc(size_t bytes)
{
    void *const block = fails() ? NULL : __real_malloc(bytes);
    blocks += block != NULL;
    return block;
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    void *const block = fails() ? NULL : __real_calloc(n, bytes);
    blocks += block != NULL;
    return block;
}

void *__wrap_realloc(void *block, size_t bytes)
{
    void *const grown = fails() ? NULL : __real_realloc(block, bytes);
    blocks += block == NULL && grown != NULL;
    return grown;
}

char *__wrap_strdup(const char *text)
{
    char *const copy = __wrap_malloc(strlen(text) + 1);
    return copy == NULL ? NULL : strcpy(copy, text);
}

void __wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

bool __wrap_mf_touch(const void *p, size_t bytes)
{
    return !fails() && __real_mf_touch(p, bytes);
}

bool __wrap_room_claim(void *p, size_t bytes)
{
    return !fails() && __real_room_claim(p, bytes);
}

void __wrap_show_guests(bool all)
{
    struct hv_machine_info machine = {0};
    struct hv_dom_info self = {0};

    hv_machine_info(&machine);
    hv_dom_info(HV_SELF, &self);
    term_printf("inject: failed %d calls %u frames %llu own %llu domains %llu ports %lld windows "
                "%lld blocks %lld\n",
                has_failed, (unsigned int)calls, (unsigned long long)machine.free_frames,
                (unsigned long long)self.resident_pages, (unsigned long long)machine.domain_count,
                (long long)ports, (long long)windows, (long long)blocks);
    __real_show_guests(all);
}
