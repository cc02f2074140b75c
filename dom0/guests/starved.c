/* SPDX-License-Identifier: Apache-2.0 */
/* starved.c - see starved.h. */
#include "guests/starved.h"

#include "guests/queue.h"
#include "mayfly/hypercall.h"
#include "text/term.h"

#define AT_ONCE 8                   /* guests that go on at a time: they may need all there is */
#define SOON_NS (10 * MF_NS_PER_MS) /* then the next ones, if there is memory */
#define LATER_NS MF_NS_PER_S /* while there is none: guests also give memory back as they run */
#define ENOUGH_FRAMES 1024u  /* more than what hv keeps back */

static struct queue starved;
static void look_again(struct mf_timer *t);
static struct mf_timer timer = {.expire = look_again};

void starved_add(struct guest *g)
{
    g->is_starved = true;
    queue_add(&starved, g);
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
    if (g->is_starved) {
        g->is_starved = false;
        queue_remove(&starved, g);
    }
}

static void look_again(struct mf_timer *t)
{
    struct hv_machine_info info;

    if (hv_machine_info(&info) >= 0 && info.free_frames >= ENOUGH_FRAMES) {
        starved_feed();
    } else if (queue_first(&starved) != NULL) {
        mf_timer_set(t, mf_clock_deadline(LATER_NS));
    }
}

void starved_feed(void)
{
    struct guest *g;

    for (uint32_t i = 0; i < AT_ONCE && (g = queue_first(&starved)) != NULL; i++) {
        starved_remove(g);
        hv_dom_start(g->handle); /* it tells again if that was not enough */
    }
    if (queue_first(&starved) != NULL) {
        mf_timer_set(&timer, mf_clock_deadline(SOON_NS));
    }
}
