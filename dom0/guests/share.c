/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.c - see share.h. Offers that wait are in two hash tables: by share, guest and peer, where an
 * offer to a certain peer finds the other one at once; and by share and peer, where one to anybody
 * looks at those who want it, too.
 */
#include "guests/share.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "families/request.h"
#include "fault/touch.h"
#include "guests/hold.h"
#include "guests/names.h"
#include "guests/rights.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"

#define BUCKETS 1024u
#define ANYBODY "*"

struct chain {
    struct chain *next, **at; /* at: NULL when it is in none */
};

/* One guest's side. */
struct share {
    struct share *next;           /* of the guest's */
    struct chain pair, by_peer;   /* while it waits */
    struct share *other;          /* borrows; NULL: waits, or is alone */
    struct guest *guest;          /* borrows */
    uint32_t index, pages;        /* index: the guest's */
    uint32_t state;               /* enum mf_share_state */
    uint32_t port;                /* the guest's; MF_NO_PORT: none */
    char peer[LAUNCH_NAME_BYTES]; /* a guest, or ANYBODY */
    char name[LAUNCH_NAME_BYTES];
};

static struct chain *of_pair[BUCKETS] __attribute__((section(".bss..cold.shares")));
static struct chain *of_peer[BUCKETS] __attribute__((section(".bss..cold.shares")));

/* ---- lists --------------------------------------------------------------------------------- */

/* The chain of offers of a share by a guest to a peer... */
static struct chain **pair_bucket(const char *name, const char *guest, const char *peer)
{
    const uint32_t hash = names_hash(name) * 3 + names_hash(guest) * 5 + names_hash(peer) * 7;
    return &of_pair[hash % BUCKETS];
}

/* ...and of those by anybody to a peer. */
static struct chain **peer_bucket(const char *name, const char *peer)
{
    return &of_peer[(names_hash(name) * 3 + names_hash(peer)) % BUCKETS];
}

static void chain_put(struct chain **bucket, struct chain *c)
{
    c->next = *bucket;
    c->at = bucket;
    if (c->next != NULL) {
        c->next->at = &c->next;
    }
    *bucket = c;
}

static void chain_take(struct chain *c)
{
    if (c->at == NULL) {
        return;
    }
    *c->at = c->next;
    if (c->next != NULL) {
        c->next->at = c->at;
    }
    c->at = NULL;
}

static void start_waiting(struct share *s)
{
    chain_put(pair_bucket(s->name, s->guest->name, s->peer), &s->pair);
    chain_put(peer_bucket(s->name, s->peer), &s->by_peer);
}

static void stop_waiting(struct share *s)
{
    chain_take(&s->pair);
    chain_take(&s->by_peer);
}

static struct share *find(const struct guest *g, uint64_t index)
{
    struct share *s = g->shares; /* at most MF_SHARES_MAX */
    while (s != NULL && s->index != index) {
        s = s->next;
    }
    return s;
}

/* ---- what the guest sees ------------------------------------------------------------------- */

/* Whether the machine has memory for the states; then it stays. */
static bool area_is_there(const struct guest *g)
{
    return mf_touch(area_of(g), MF_SHARES_MAX * sizeof(struct mf_share));
}

static void show(const struct share *s)
{
    volatile struct mf_info *const info = info_of(s->guest);
    volatile struct mf_share *const shown = (volatile void *)area_of(s->guest);

    if (!area_is_there(s->guest)) {
        return; /* only after a rollback: NONE, as in a copy */
    }
    shown[s->index].port = s->port;
    __atomic_store_n(&shown[s->index].state, s->state, __ATOMIC_RELEASE);
    info->share_changes = info->share_changes + 1;
    hv_event_send(s->guest->console.port);
}

/* Unlinks a side; the other one, if there is one, is alone from now on. */
static void leave(struct share *s)
{
    struct share **at = &s->guest->shares;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    stop_waiting(s);
    if (s->other != NULL) {
        s->other->other = NULL;
        s->other->state = MF_SHARE_ALONE;
        show(s->other);
    }
}

/* ---- connecting ---------------------------------------------------------------------------- */

static bool wants(const struct share *s, const struct guest *g)
{
    return (strcmp(s->peer, ANYBODY) == 0 || strcmp(s->peer, g->name) == 0) &&
           rights_share_allows(s->guest->share, g->name);
}

static struct share *of_chain(struct chain *c, bool pair)
{
    const size_t offset = pair ? offsetof(struct share, pair) : offsetof(struct share, by_peer);
    return (struct share *)(void *)((char *)c - offset);
}

/* The first in a chain that is an offer of the same share to `peer`, and goes with `s`. */
static struct share *match(struct chain *c, bool pair, const struct share *s, const char *peer)
{
    for (; c != NULL; c = c->next) {
        struct share *const o = of_chain(c, pair);
        if (o->guest != s->guest && strcmp(o->name, s->name) == 0 && strcmp(o->peer, peer) == 0 &&
            wants(s, o->guest) && wants(o, s->guest)) {
            return o;
        }
    }
    return NULL;
}

/* It wants this guest by its name, or anybody. */
static struct share *find_partner(const struct share *s)
{
    const char *const peers[] = {s->guest->name, ANYBODY};
    const bool is_named = strcmp(s->peer, ANYBODY) != 0;
    struct share *o = NULL;

    for (size_t i = 0; i < 2 && o == NULL; i++) {
        struct chain *const first =
            is_named ? *pair_bucket(s->name, s->peer, peers[i]) : *peer_bucket(s->name, peers[i]);
        o = match(first, is_named, s, peers[i]);
    }
    return o;
}

/* An address of dom0 that no guest's window has ever used; there is one unless all slots are. */
static uint64_t scratch(void)
{
    const uint32_t slot = guest_slots() < PLAN_GUESTS_MAX ? guest_slots() : PLAN_GUESTS_MAX - 1;
    return (uint64_t)(uintptr_t)guest_window(slot);
}

/* Window and ports, both guests standing still. On an error nothing is left. */
static int64_t link(struct share *a, struct share *b)
{
    const uint32_t ha = a->guest->handle, hb = b->guest->handle;
    const uint64_t va_a = MF_SHARE_VA(a->index), va_b = MF_SHARE_VA(b->index), own = scratch();
    int64_t err = hv_window_create(ha, va_a, own, 0, a->pages);

    if (err < 0) {
        return err;
    }
    err = hv_window_share(HV_SELF, own, hb, va_b);
    hv_window_close(HV_SELF, own);
    if (err >= 0) {
        err = hv_event_bind(ha, MF_TAG_SHARE + a->index, hb, MF_TAG_SHARE + b->index, &b->port);
        a->port = (uint32_t)err;
        if (err >= 0) {
            return 0;
        }
        hv_window_close(hb, va_b);
    }
    hv_window_close(ha, va_a);
    a->port = b->port = MF_NO_PORT;
    return err;
}

static int64_t connect(struct share *a, struct share *b)
{
    bool a_ran, b_ran = false;
    int64_t err = hold_stop(a->guest, HOLD_NOW, &a_ran);

    if (err >= 0) {
        err = hold_stop(b->guest, HOLD_NOW, &b_ran);
    }
    if (err >= 0) {
        err = link(a, b);
    }
    hold_resume(b->guest, b_ran);
    hold_resume(a->guest, a_ran);
    if (err >= 0) {
        a->other = b;
        b->other = a;
        a->state = b->state = MF_SHARE_CONNECTED;
        stop_waiting(a);
        stop_waiting(b);
        show(a);
        show(b);
    }
    return err;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* PEER:NAME */
static bool take_names(struct share *s, const char *text)
{
    const char *const colon = strchr(text, ':');
    const size_t bytes = colon == NULL ? 0 : (size_t)(colon - text);

    if (bytes == 0 || bytes >= sizeof(s->peer) || strlen(colon + 1) >= sizeof(s->name)) {
        return false;
    }
    memcpy(s->peer, text, bytes);
    memcpy(s->name, colon + 1, strlen(colon + 1) + 1);
    return launch_name_is_valid(s->name) &&
           (strcmp(s->peer, ANYBODY) == 0 || launch_name_is_valid(s->peer));
}

static int64_t check(const struct share *s, const struct request *r)
{
    const struct guest *const g = s->guest;

    if (r->args[0] == 0 || r->args[0] > HV_WINDOW_BYTES || r->args[1] >= MF_SHARES_MAX) {
        return HV_ERR_RANGE;
    }
    if (g->share == NULL || strcmp(g->share, "no") == 0 ||
        (strcmp(s->peer, ANYBODY) != 0 && !rights_share_allows(g->share, s->peer))) {
        return HV_ERR_PERM;
    }
    for (const struct share *o = g->shares; o != NULL; o = o->next) {
        if (o->index == r->args[1] ||
            (strcmp(o->peer, s->peer) == 0 && strcmp(o->name, s->name) == 0)) {
            return HV_ERR_EXISTS;
        }
    }
    return 0;
}

static int64_t share_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct share new = {.guest = g, .state = MF_SHARE_OFFERED, .port = MF_NO_PORT};
    int64_t err = take_names(&new, r->text) ? check(&new, r) : HV_ERR_INVAL;

    if (err < 0) {
        return err;
    }
    new.index = (uint32_t)r->args[1];
    new.pages = (uint32_t)((r->args[0] + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES);
    struct share *const partner = find_partner(&new);
    if (partner != NULL && partner->pages != new.pages) {
        return HV_ERR_RANGE;
    }
    struct share *const s = area_is_there(g) ? malloc(sizeof(*s)) : NULL;
    if (s == NULL) {
        return HV_ERR_NOMEM;
    }
    *s = new;
    if (partner != NULL) {
        err = connect(s, partner);
        if (err < 0) {
            free(s);
            return err;
        }
    } else {
        start_waiting(s);
        show(s);
    }
    s->next = g->shares;
    g->shares = s;
    *value = s->state;
    return 0;
}

/* The runtime has unmapped the window itself: one that did not cannot use its index again. */
static int64_t close_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct share *const s = find(g, r->args[0]);

    (void)value;
    if (s == NULL) {
        return HV_ERR_NOENT;
    }
    leave(s);
    free(s);
    return 0;
}

void share_end(struct guest *g)
{
    while (g->shares != NULL) {
        struct share *const s = g->shares;
        leave(s);
        free(s);
    }
}

void share_roll_back(struct guest *g)
{
    while (g->shares != NULL) {
        struct share *const s = g->shares;
        leave(s);
        hv_window_close(g->handle, MF_SHARE_VA(s->index));
        s->state = MF_SHARE_LOST;
        show(s);
        free(s);
    }
}

void share_init(void)
{
    request_register(MF_REQUEST_SHARE, share_asked, true);
    request_register(MF_REQUEST_SHARE_CLOSE, close_asked, false);
}
