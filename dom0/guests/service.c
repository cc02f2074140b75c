/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - see service.h. */
#include "guests/service.h"

#include <errno.h>
#include <string.h>

#include "families/process.h"
#include "fault/touch.h"
#include "guests/hold.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"

#define PATIENCE_NS (2 * MF_NS_PER_S)

static struct {
    service_told_t told; /* NULL: nothing is asked */
    struct guest *guest; /* borrows */
    uint32_t number;
    bool is_writing;
} asked;

static uint8_t data[MF_AREA_DATA_BYTES] __attribute__((section(".bss..cold.service")));

static volatile struct mf_service *page_of(const struct guest *g)
{
    return &info_of(g)->service;
}

static void expired(struct mf_timer *t);
static struct mf_timer timer = {.expire = expired};

static void finish(const struct service_answer *a)
{
    const service_told_t told = asked.told;
    mf_timer_cancel(&timer);
    asked.told = NULL;
    told(a);
}

/* A paused guest stands still again, whatever it did. */
static void stop_again(const struct guest *g)
{
    if (g->is_paused) {
        hv_dom_pause(g->handle);
        page_of(g)->exclusive = 0;
    }
}

static void fail(const char *problem)
{
    const struct service_answer a = {.problem = problem};
    finish(&a);
}

static void expired(struct mf_timer *t)
{
    (void)t;
    stop_again(asked.guest);
    page_of(asked.guest)->op = MF_SERVICE_NONE; /* it is not to be done later */
    fail(asked.guest->is_paused
             ? "the guest did not answer; `resume` it"
             : "the guest does not answer: it computes and does not wait for anything");
}

bool service_is_asked(const struct guest *g)
{
    return asked.told != NULL && asked.guest == g;
}

void service_ended(const struct guest *g)
{
    if (asked.told != NULL && asked.guest == g) {
        fail("the guest has ended");
    }
}

void service_event(struct guest *g)
{
    volatile struct mf_service *const page = page_of(g);
    struct service_answer a = {.data = data};

    if (asked.told == NULL || asked.guest != g ||
        __atomic_load_n(&page->answered, __ATOMIC_ACQUIRE) != asked.number) {
        return;
    }
    stop_again(g);
    g->is_serving = g->is_paused;
    const int32_t error = page->error;
    a.next = page->next;
    a.mode = page->mode;
    a.done = page->done;
    a.done = a.done < sizeof(data) ? a.done : (uint32_t)sizeof(data);
    if (error != 0) {
        a.problem = error == ENOSYS ? "its program opens no files: it has none" : strerror(error);
        a.problem = a.problem == NULL || *a.problem == 0 ? "unknown error" : a.problem;
    } else if (!asked.is_writing) {
        memcpy(data, area_of(g) + MF_AREA_DATA, a.done);
    }
    finish(&a);
}

static void write_question(const struct guest *g, const struct service_question *q)
{
    volatile struct mf_service *const page = page_of(g);

    memcpy(area_of(g) + MF_AREA_PATH, q->path, strlen(q->path) + 1);
    if (asked.is_writing) {
        memcpy(area_of(g) + MF_AREA_DATA, q->data, q->bytes);
    }
    page->op = q->op;
    page->offset = q->offset;
    page->bytes = q->bytes;
    page->exclusive = g->is_paused;
    __atomic_store_n(&page->asked, ++asked.number, __ATOMIC_RELEASE);
}

void service_ask(struct guest *of, const struct service_question *q, service_told_t told)
{
    struct guest *const g = process_files_of(of);

    asked.told = told;
    asked.guest = g;
    asked.is_writing = q->op == MF_SERVICE_WRITE || q->op == MF_SERVICE_CREATE;
    if (strlen(q->path) >= MF_AREA_PATH_BYTES) {
        fail("the path is too long");
        return;
    }
    if (g->is_paused && !hold_is_at_rest(g)) {
        fail("the guest was paused in the middle of its work: `resume` it, and ask again");
        return;
    }
    if (!mf_touch(area_of(g), MF_AREA_BYTES)) {
        fail("the machine has no memory left for the answer");
        return;
    }
    write_question(g, q);
    mf_timer_set(&timer, mf_clock_deadline(PATIENCE_NS));
    hv_event_send(g->console.port);
    if (g->is_paused) {
        hv_dom_start(g->handle);
    }
}
