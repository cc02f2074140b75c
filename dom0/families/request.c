/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - see request.h. */
#include "families/request.h"

#include <stddef.h>
#include <string.h>

#include "guests/create.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"

static int64_t echo(struct guest *g, const struct request *r, uint64_t *value)
{
    (void)g;
    *value = r->args[0] + strlen(r->text);
    return 0;
}

static struct {
    request_handler_t handler;
    bool takes_memory;
} operations[REQUEST_OPS] = {[MF_REQUEST_ECHO] = {echo, false}};

static volatile struct mf_request *page_of(const struct guest *g)
{
    return &info_of(g)->request;
}

void request_register(uint32_t op, request_handler_t handler, bool takes_memory)
{
    operations[op].handler = handler;
    operations[op].takes_memory = takes_memory;
}

static int64_t carry_out(struct guest *g, const struct request *r, uint64_t *value)
{
    if (r->op >= REQUEST_OPS || operations[r->op].handler == NULL) {
        return HV_ERR_NOSYS;
    }
    if (operations[r->op].takes_memory && !create_has_memory()) {
        return HV_ERR_NOMEM;
    }
    return operations[r->op].handler(g, r, value);
}

typedef uint64_t __attribute__((may_alias)) word_t;
_Static_assert(offsetof(struct mf_request, text) % sizeof(word_t) == 0,
               "the text is read in words");

static void take(volatile const struct mf_request *from, struct request *r)
{
    r->op = from->op;
    r->args[0] = from->args[0];
    r->args[1] = from->args[1];
    volatile const word_t *const text = (volatile const void *)from->text;
    for (size_t i = 0; i < sizeof(from->text) / sizeof(*text); i++) {
        const word_t part = text[i];
        memcpy(r->text + i * sizeof(part), &part, sizeof(part));
    }
    r->text[sizeof(from->text)] = 0;
}

bool request_is_open(const struct guest *g, uint32_t serial)
{
    return g->request_is_open && g->request_serial == serial;
}

void request_answer(struct guest *g, int64_t error, uint64_t value)
{
    volatile struct mf_request *const page = page_of(g);

    if (!g->request_is_open) {
        return;
    }
    g->request_is_open = false;
    page->error = (int32_t)error;
    page->value = value;
    __atomic_store_n(&page->answered, g->request_number, __ATOMIC_RELEASE);
    hv_event_send(g->console.port);
}

void request_event(struct guest *g)
{
    volatile struct mf_request *const page = page_of(g);
    const uint32_t asked = __atomic_load_n(&page->asked, __ATOMIC_ACQUIRE);
    struct request r;
    uint64_t value = 0;

    if (g->request_is_open || asked == g->request_number) {
        return;
    }
    g->request_is_open = true;
    g->request_number = asked;
    g->request_serial++;
    take(page, &r);
    const int64_t err = carry_out(g, &r, &value);
    if (err != REQUEST_LATER) {
        request_answer(g, err, value);
    }
}

void request_reset(struct guest *g)
{
    g->request_is_open = false;
    g->request_number = 0;
}
