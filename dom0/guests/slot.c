/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c - see slot.h. */
#include "guests/slot.h"

#include <stdlib.h>
#include <string.h>

#include "guests/names.h"
#include "guests/queue.h"
#include "mayfly/layout.h"
#include "templates/template.h"

#define NAME_TRIES 1000 /* http-1 .. http-1000 may be taken by names that the user gave */

static struct guest guests[PLAN_GUESTS_MAX] __attribute__((section(".bss..cold.guests")));
static uint32_t free_list; /* slot + 1 */
static uint32_t slots;     /* below: used before */
static struct queue ended;
static uint32_t kept; /* of them */

struct guest *guest_at(uint32_t slot)
{
    return &guests[slot];
}

uint32_t guest_slots(void)
{
    return slots;
}

void *guest_window(uint32_t slot)
{
    return (void *)(uintptr_t)(HV_WINDOW_HIGH_VA + (uint64_t)slot * HV_WINDOW_BYTES);
}

struct guest *slot_allocate(void)
{
    struct guest *g;
    if (free_list != 0) {
        g = &guests[free_list - 1];
        free_list = g->next;
    } else if (slots < PLAN_GUESTS_MAX) {
        g = &guests[slots++];
    } else {
        return NULL;
    }
    g->life++;
    g->has_network = false;
    g->is_ready = false;
    g->was_starved = false;
    g->is_first = false;
    g->process = NULL;
    g->has_exited = false;
    g->is_child = false;
    g->pid = 0;
    g->is_paused = false;
    g->absent_region = 0;
    g->shares = NULL;
    g->given = NULL;
    g->is_serving = false;
    g->request_is_open = false;
    g->request_number = 0;
    g->top_cpu_ns = 0;
    return g;
}

struct guest_ref guest_ref(const struct guest *g)
{
    return (struct guest_ref){slot_of(g), g->life};
}

struct guest *guest_of_ref(struct guest_ref ref)
{
    struct guest *const g = guest_at(ref.slot);
    const bool is_alive = g->state == GUEST_CREATED || g->state == GUEST_RUNNING;
    return is_alive && g->life == ref.life ? g : NULL;
}

void slot_free(struct guest *g)
{
    g->state = GUEST_FREE;
    free(g->origin);
    g->origin = NULL;
    g->next = free_list;
    free_list = slot_of(g) + 1;
}

/* Forgets an ended guest: its slot is free. */
static void forget(uint32_t slot)
{
    queue_remove(&ended, &guests[slot]);
    kept--;
    names_remove(slot);
    console_free(&guests[slot].console);
    slot_free(&guests[slot]);
}

void slot_keep(struct guest *g)
{
    queue_add(&ended, g);
    if (++kept > GUEST_KEPT) {
        forget(slot_of(queue_first(&ended)));
    }
}

bool slot_number_name(char name[LAUNCH_NAME_BYTES], const char *first, size_t bytes, char separator,
                      uint32_t number)
{
    char digits[12];
    size_t digit_count = 0;

    do {
        digits[digit_count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    if (bytes + 1 + digit_count >= LAUNCH_NAME_BYTES) {
        return false;
    }
    memcpy(name, first, bytes);
    name[bytes] = separator;
    for (size_t i = 0; i < digit_count; i++) {
        name[bytes + 1 + i] = digits[digit_count - 1 - i];
    }
    name[bytes + 1 + digit_count] = 0;
    return true;
}

bool slot_claim_name(const char *name)
{
    const uint32_t hash = names_hash(name), slot = names_find_hashed(name, hash);
    if (template_owns_name(name, hash)) {
        return false;
    }
    if (slot == PLAN_NO_GUEST) {
        return true;
    }
    if (guests[slot].state != GUEST_ENDED) {
        return false;
    }
    forget(slot);
    return true;
}

bool slot_choose_name(struct image *image, char name[LAUNCH_NAME_BYTES])
{
    for (uint32_t i = 0; i < NAME_TRIES; i++) {
        const uint32_t number = ++image->started;
        if (number == 1) {
            memcpy(name, image->name, sizeof(image->name));
        } else if (!slot_number_name(name, image->name, strlen(image->name), '-', number)) {
            return false;
        }
        if (slot_claim_name(name)) {
            return true;
        }
    }
    return false;
}
