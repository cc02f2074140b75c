/* SPDX-License-Identifier: Apache-2.0 */
/* starved.c - see starved.h. A list through guest.next and guest.previous; slot + 1. */
#include "starved.h"

#include "mayfly/hypercall.h"
#include "slot.h"
#include "term.h"

#define AT_ONCE 8                   /* guests that go on at a time: they may need all there is */
#define SOON_NS (10 * MF_NS_PER_MS) /* then the next ones, if there is memory */
#define LATER_NS MF_NS_PER_S /* while there is none: guests also give memory back as they run */
#define ENOUGH_FRAMES 1024u  /* more than what hv keeps back */

static uint32_t first, last;
static void look_again(struct mf_timer *t);
static struct mf_timer timer = {.expire = look_again};

void starved_add(struct guest *g)
{
    const uint32_t link = slot_of(g) + 1;

    g->is_starved = true;
    g->next = 0;
    g->previous = last;
    *(last != 0 ? &guest_at(last - 1)->next : &first) = link;
    last = link;
    if (!g->was_starved) {
        g->was_starved = true;
        term_say(
            "%s: paused, the machine has no memory left; it goes on when some is freed (`kill` "
            "a guest)\n",
            g->name);
    }
    if (!mf_timer_is_set(&timer)) {
        mf_timer_set(&timer, mf_clock_deadline(LATER_NS));
    }
}

void starved_remove(struct guest *g)
{
    if (!g->is_starved) {
        return;
    }
    g->is_starved = false;
    *(g->previous != 0 ? &guest_at(g->previous - 1)->next : &first) = g->next;
    *(g->next != 0 ? &guest_at(g->next - 1)->previous : &last) = g->previous;
}

static void look_again(struct mf_timer *t)
{
    struct hv_machine_info info;

    if (hv_machine_info(&info) >= 0 && info.free_frames >= ENOUGH_FRAMES) {
        starved_feed();
    } else if (first != 0) {
        mf_timer_set(t, mf_clock_deadline(LATER_NS));
    }
}

void starved_feed(void)
{
    for (uint32_t i = 0; i < AT_ONCE && first != 0; i++) {
        struct guest *g = guest_at(first - 1);
        starved_remove(g);
        hv_dom_start(g->handle); /* it tells again if that was not enough */
    }
    if (first != 0) {
        mf_timer_set(&timer, mf_clock_deadline(SOON_NS));
    }
}
