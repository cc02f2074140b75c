/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c - from the wish for a guest to a domain that only has to be started: clone, window, event
 * ports, info page, published ports. Each step that fails undoes those before it.
 */
#include "guests/create.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families/family_shadow.h"
#include "families/process.h"
#include "guests/given.h"
#include "guests/names.h"
#include "guests/rights.h"
#include "guests/room.h"
#include "guests/share.h"
#include "guests/slot.h"
#include "guests/window.h"
#include "mayfly/hypercall.h"
#include "tags.h"
#include "templates/prefault.h"
#include "templates/template.h"
#include "text/errors.h"
#include "text/term.h"

#define ERROR_BYTES 128
#define RESERVE_SHARE 128        /* of the machine's memory, kept free when guests are created... */
#define RESERVE_MIN_FRAMES 1024u /* ...but at least this */
#define CREATE_FRAMES 64u        /* more than one creation takes */
#define REQUEST_COST 4u          /* creations that a request counts as: who asks grows, too */
#define FRAME_NS 200u            /* that a CPU needs at least to give a guest a frame */
#define START_PAGES 3u           /* at least, that a guest comes to have beside its template's */

static uint32_t alive;          /* CREATED or RUNNING */
static const struct plan *plan; /* borrows */
static bool show_output;

void create_init(const struct plan *p, bool show)
{
    plan = p;
    show_output = show;
}

uint32_t guest_count(void)
{
    return alive;
}

static uint64_t memory_pages(const struct launch *l, const struct image *image,
                             const struct launch_source *source)
{
    if (l->memory_bytes == 0 && source != NULL) {
        return source->memory_pages;
    }
    return l->memory_bytes != 0 ? (l->memory_bytes + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES
                                : image->memory_pages;
}

/* Event ports for console and network. Returns the console's, or HV_ERR_*: then dom0 has none. */
static int64_t bind_ports(struct guest *g, struct info_guest *info)
{
    const uint32_t slot = slot_of(g);
    const int64_t console = hv_event_bind(HV_SELF, TAG_GUEST_CONSOLE + slot, g->handle,
                                          MF_TAG_CONSOLE, &info->console_port);

    info->net_port = MF_NO_PORT;
    if (console < 0 || !g->has_network) {
        return console;
    }
    const int64_t net =
        hv_event_bind(HV_SELF, TAG_GUEST_NET + slot, g->handle, MF_TAG_NET, &info->net_port);
    if (net < 0) {
        hv_event_close((uint32_t)console);
        return net;
    }
    g->net.port = (uint32_t)net;
    return console;
}

/* Clone, window and ports. On an error nothing is left. */
static int64_t make_domain(struct guest *g, const struct launch *l,
                           const struct launch_source *source, const struct infopage *proto,
                           struct info_guest *info)
{
    const struct hv_dom_params params = {
        .memory_pages = g->memory_pages,
        .weight = l->weight,
        .cap_percent = l->cap_percent,
        .end_tag = TAG_GUEST_END + slot_of(g),
        .flags = HV_DOM_END_EVENT,
    };
    const int64_t handle =
        hv_dom_clone(source != NULL ? source->handle : g->image->template, &params);
    if (handle < 0) {
        return handle;
    }
    g->handle = (uint32_t)handle;
    int64_t err = source != NULL && source->has_shadow ? shadow_clear(g->handle) : 0;
    if (err >= 0) {
        err = window_make(g, proto);
    }
    if (err < 0) {
        hv_dom_destroy(g->handle);
        return err;
    }
    const int64_t port = bind_ports(g, info);
    if (port < 0) {
        hv_dom_destroy(g->handle);
        window_close(g);
        return port;
    }
    console_open(&g->console, guest_window(slot_of(g)), g->name, (uint32_t)port,
                 show_output && !l->is_quiet);
    return 0;
}

static int64_t fill_domain(struct guest *g, const struct launch *l,
                           const struct launch_source *source)
{
    struct infopage *own = NULL;
    struct info_guest guest = {
        .guest = slot_of(g),
        .name = g->name,
        .has_network = g->has_network,
        .memory_bytes = g->memory_pages * HV_PAGE_BYTES,
    };

    const bool reads_page = source == NULL || source->is_new; /* later, it has its own copy */
    if ((g->given != NULL && reads_page) || (g->has_network && !g->image->has_network)) {
        own = given_make_page(g->given, g->image, plan, g->has_network);
        if (own == NULL) {
            return HV_ERR_LIMIT;
        }
    }
    if (source != NULL) {
        guest.generation = source->generation;
        guest.clock_offset_ns = source->clock_offset_ns;
        guest.is_ready = source->is_ready;
        guest.pid = source->pid;
    }
    const struct infopage *const proto = own != NULL ? own : &g->image->proto;
    const int64_t err = make_domain(g, l, source, proto, &guest);
    if (err >= 0) {
        window_fill(g, proto, &guest);
        if (guest.generation != 0) {
            hv_event_send(g->console.port); /* it may be about to sleep: it is to look around */
        }
    }
    if (own != NULL) {
        infopage_free(own);
        free(own);
    }
    return err;
}

/* Publishes the ports of the launch, which must be free, or those of the manifest, if they are. */
static bool publish(struct guest *g, const struct launch *l, char error[ERROR_BYTES])
{
    const struct manifest *m = &g->image->manifest;
    const bool own = l->port_count > 0;
    const uint32_t count = own ? l->port_count : (l->is_private ? 0 : m->port_count);

    if (g->has_network) {
        nat_add_guest(&netback_switch.nat, slot_of(g));
    }
    for (uint32_t i = 0; i < count && g->has_network; i++) {
        const struct launch_port *p = own ? &l->ports[i] : &m->ports[i];
        const enum nat_publish_result r =
            nat_publish(&netback_switch.nat, slot_of(g), p->protocol, p->host, p->guest);
        if (r == NAT_PUBLISHED) {
            continue;
        }
        if (!own && l->count > 1) {
            continue; /* of many, only one can have it: no news */
        }
        const uint32_t owner = nat_owner(&netback_switch.nat, p->protocol, p->host);
        const char *by = r == NAT_PORT_TAKEN && owner != PLAN_NO_GUEST ? guest_at(owner)->name : "";
        if (own) {
            snprintf(error, ERROR_BYTES, "port %u is published already%s%.40s; choose another one",
                     (unsigned int)p->host, *by != 0 ? " by " : "", by);
            return false;
        }
        term_say("%s: port %u is taken%s%s: not published\n", g->name, (unsigned int)p->host,
                 *by != 0 ? " by " : "", by);
    }
    return true;
}

static uint64_t creations; /* that need no further look... */
static uint64_t look_ns;   /* ...until then */

/*
 * Whether there is memory for so many more guests. What is left to those that run and to dom0 itself is
 * more than nothing: without a page for it, dom0 would end. Looks only as often as it can matter: of what
 * is free, one half is for creations and the other for what guests can take meanwhile.
 */
static bool has_memory(uint64_t count)
{
    struct hv_machine_info info;
    const uint64_t now_ns = mf_clock_ns();

    if (creations < count || now_ns >= look_ns) {
        if (hv_machine_info(&info) < 0) {
            return true;
        }
        uint64_t reserve = info.total_frames / RESERVE_SHARE;
        reserve = reserve > RESERVE_MIN_FRAMES ? reserve : RESERVE_MIN_FRAMES;
        if (info.free_frames < reserve + count * CREATE_FRAMES) {
            return false;
        }
        const uint64_t spare = info.free_frames - reserve;
        creations = spare / 2 / CREATE_FRAMES;
        creations = creations > count ? creations : count;
        look_ns = now_ns + spare / 2 * FRAME_NS / info.cpu_count;
    }
    creations -= count;
    return true;
}

bool create_has_memory(void)
{
    return has_memory(REQUEST_COST);
}

static bool find_image(const struct launch *l, struct image **image, char error[ERROR_BYTES])
{
    if (l->source != NULL) {
        *image = l->source->image;
        return true;
    }
    *image = image_find(l->image);
    if (*image == NULL) {
        snprintf(error, ERROR_BYTES, "there is no image '%.60s'; `list -i` shows the images",
                 l->image);
        return false;
    }
    /* Without memory the first step that fails would say something else of the image. */
    const bool is_possible = (*image)->is_loaded || room_is_there(0);
    const char *problem =
        is_possible ? image_load(*image, plan) : "the machine has no memory left for it";
    if (problem != NULL) {
        snprintf(error, ERROR_BYTES, "image %.40s: %.70s", l->image, problem);
        return false;
    }
    return true;
}

void create_undo(struct guest *g)
{
    const uint32_t slot = slot_of(g);

    prefault_ended(g);
    mf_timer_cancel(&g->stop_timer);
    share_end(g);
    if (g->has_network) {
        netback_close(slot);
        nat_forget_guest(&netback_switch.nat, slot);
        hv_event_close(g->net.port);
    }
    console_close(&g->console);
    hv_event_close(g->console.port);
    hv_dom_destroy(g->handle);
    window_close(g);
    template_put(&g->from);
    given_put(&g->given);
    free(g->origin);
    g->origin = NULL;
    alive--;
}

/* What it is cloned from: what the launch says, or the warm template of what it was given. */
static const struct launch_source *choose_source(const struct guest *g, const struct launch *l,
                                                 struct launch_source *warm)
{
    const struct template *const t = l->source != NULL || l->is_cold
                                         ? NULL
                                         : template_find_warm(g->image, g->given, g->has_network);
    if (t == NULL) {
        return l->source;
    }
    template_source(t, warm);
    return warm;
}

/* Sets what the guest is given; its image is set. Returns false when there is no memory. */
static bool take_given(struct guest *g, const struct launch *l)
{
    if (l->source != NULL) {
        g->given = given_get(l->source->given);
        g->has_network = l->source->has_network;
        return true;
    }
    g->has_network =
        l->net == LAUNCH_NET_YES || (l->net == LAUNCH_NET_AUTO && g->image->has_network);
    return given_make(l, g->image, &g->given);
}

/* Whether its limit is more than it begins with: else it would end before its main(). */
static bool has_enough(const struct guest *g, const struct launch *l,
                       const struct launch_source *source, char error[ERROR_BYTES])
{
    uint64_t least = g->image->resident_pages;
    struct hv_dom_info info;

    if (g->memory_pages == 0 || (source != NULL && l->memory_bytes == 0)) {
        return true; /* a copy has the limit of its origin */
    }
    if (source != NULL) {
        least = hv_dom_info(source->handle, &info) >= 0 ? info.resident_pages : 0;
    }
    if (g->memory_pages >= least + START_PAGES) {
        return true;
    }
    snprintf(error, ERROR_BYTES, "%.60s needs more memory: memory=%uK at the very least",
             source != NULL && source->origin != NULL ? source->origin : g->image->name,
             (unsigned int)((least + START_PAGES) * HV_PAGE_BYTES / 1024));
    return false;
}

/* Gives back the slot of a guest that is not created. */
static void drop_slot(struct guest *g)
{
    given_put(&g->given);
    slot_free(g);
}

static void note_source(struct guest *g, const struct launch_source *source)
{
    g->from = source == NULL ? NULL : template_get(source->template);
    g->generation = source == NULL ? 0 : source->generation;
    g->clock_offset_ns = source == NULL ? 0 : source->clock_offset_ns;
    g->is_ready = source != NULL && source->is_ready;
    g->snapshots = 0;
    g->pid = source == NULL ? 0 : source->pid;
    if (source != NULL && source->origin != NULL) {
        g->origin = strdup(source->origin); /* without memory, it is not told */
    }
}

/* Who may fork how often: as the launch says, else its origin, else the manifest. */
static uint32_t fork_limit(const struct launch *l, const struct launch_source *source,
                           const struct manifest *m)
{
    if (l->has_fork_limit) {
        return l->fork_limit;
    }
    if (source != NULL && source->has_fork_limit) {
        return source->fork_limit;
    }
    return m->has_fork_limit ? m->fork_limit : PROCESS_FORK_DEFAULT;
}

/* What lies in its template: hv leaves windows out. */
static bool copy_shared_memory(struct guest *g, const struct launch_source *source,
                               char error[ERROR_BYTES])
{
    const bool has_any = source != NULL && source->has_shadow;
    const int64_t err = has_any ? process_thaw_memory(source->handle, g) : 0;

    if (err < 0) {
        snprintf(error, ERROR_BYTES, "its shared memory cannot be copied: %s", error_text(err));
    }
    return err >= 0;
}

static bool set_name(struct guest *g, const struct launch *l, char error[ERROR_BYTES])
{
    if (l->name != NULL && slot_claim_name(l->name)) {
        memcpy(g->name, l->name, strlen(l->name) + 1);
        return true;
    }
    if (l->name != NULL && !l->is_name_wished) {
        snprintf(error, ERROR_BYTES, "there is a %s '%.60s' already; choose another name",
                 names_find(l->name) == PLAN_NO_GUEST ? "template" : "guest", l->name);
        return false;
    }
    if (!slot_choose_name(g->image, g->name)) {
        snprintf(error, ERROR_BYTES, "no name is free for it; write name=NAME");
        return false;
    }
    return true;
}

/* All that there is to know before there is a domain. *source: what it is cloned from; perhaps `warm`. */
static bool settle(struct guest *g, const struct launch *l, const struct launch_source **source,
                   struct launch_source *warm, char error[ERROR_BYTES])
{
    if (!take_given(g, l)) {
        snprintf(error, ERROR_BYTES, "dom0 has no memory left for its arguments");
        return false;
    }
    *source = choose_source(g, l, warm);
    g->memory_pages = memory_pages(l, g->image, *source);
    g->weight = (uint16_t)l->weight;
    g->cap_percent = (uint8_t)l->cap_percent;
    if (!has_enough(g, l, *source, error)) {
        return false;
    }
    if (g->has_network && slot_of(g) >= plan_guest_count(plan)) {
        snprintf(error, ERROR_BYTES, "all addresses are in use; set a larger guest-net");
        return false;
    }
    return set_name(g, l, error);
}

bool guest_create(const struct launch *l, uint32_t *slot, char error[ERROR_BYTES])
{
    const struct launch_source *source;
    struct launch_source warm;
    struct image *image;

    if (!find_image(l, &image, error)) {
        return false;
    }
    if (!has_memory(1)) {
        snprintf(error, ERROR_BYTES, "the machine has no memory left for another guest");
        return false;
    }
    struct guest *const g = slot_allocate();
    if (g == NULL) {
        snprintf(error, ERROR_BYTES, "there are %u guests: no room for more", (unsigned int)alive);
        return false;
    }
    g->image = image;
    if (!settle(g, l, &source, &warm, error)) {
        drop_slot(g);
        return false;
    }
    const int64_t err = rights_give(g, l, source) ? fill_domain(g, l, source) : HV_ERR_NOMEM;
    if (err < 0) {
        drop_slot(g);
        snprintf(error, ERROR_BYTES, "%.60s cannot be created: %s", l->image, error_text(err));
        return false;
    }
    g->state = GUEST_CREATED;
    note_source(g, source);
    g->fork_limit = fork_limit(l, source, &image->manifest);
    alive++;
    names_add(slot_of(g));
    if (!publish(g, l, error) || !copy_shared_memory(g, source, error)) {
        create_undo(g);
        names_remove(slot_of(g));
        console_free(&g->console);
        slot_free(g);
        return false;
    }
    prefault_created(source == NULL ? &image->prefault : source->prefault, g,
                     source == NULL ? image->template : source->handle);
    *slot = slot_of(g);
    return true;
}

bool guest_launch(const struct launch *l, uint32_t limit, uint32_t *slot, uint32_t *done,
                  char error[ERROR_BYTES])
{
    for (; *done < l->count && limit > 0; ++*done, limit--) {
        if (!guest_create(l, slot, error)) {
            return false;
        }
        const int64_t err = l->is_created_only ? 0 : guest_start(*slot);
        if (err < 0) {
            snprintf(error, ERROR_BYTES, "%.60s cannot be started: %s", l->image, error_text(err));
            guest_kill(*slot);
            return false;
        }
    }
    return true;
}
