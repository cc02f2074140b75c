/* SPDX-License-Identifier: Apache-2.0 */
/* restore.c - see restore.h. */
#include "store/restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "families/family_shadow.h"
#include "families/process.h"
#include "guests/rights.h"
#include "guests/slot.h"
#include "images/image.h"
#include "mayfly/hypercall.h"
#include "net/netback.h"
#include "store/body.h"
#include "store/lazy.h"
#include "store/medium.h"
#include "store/transfer.h"
#include "templates/template.h"
#include "text/errors.h"
#include "text/term.h"
#include "time/clock.h"

#define WHOLE_PAGES 512u /* so many are read at once: as much as a first clone makes dom0 read */
#define FAULT_BYTES                                                                                \
    4096u /* below the fault stack's top: what hv writes, and the handler at least */
#define KIB_PER_PAGE (HV_PAGE_BYTES / 1024)
#define RESERVE_SHARE 64 /* of the machine's memory, which stays free */

static struct body_reader reader;

/* The bodies to be applied, the entry's own first; and the template that they are applied to. */
struct chain {
    const struct store_entry *entries[STORE_ENTRIES_MAX];
    uint32_t count;
    uint64_t pages;
    struct template *base; /* a reference */
};

/* What becomes of it. */
struct made {
    struct store_guest guest;
    bool has_frozen;
    uint32_t frozen;
    struct lazy_source *lazy; /* borrows; NULL: all has been read */
};

static struct chain chain __attribute__((section(".bss..cold.chain")));

/* Whether a template may get this name; says why not. A warm one has the image's. */
static bool name_is_free(const struct store_entry *e, const char *name)
{
    const bool is_warm = strcmp(name, e->image) == 0;

    if (!launch_name_is_valid(name)) {
        term_printf("'%s' cannot be a name: letters, digits, - _ . only.\n", name);
        return false;
    }
    if (!is_warm && (template_find(name) != NULL || image_find(name) != NULL)) {
        term_printf("There is a template or an image '%s' already; write restore %s as NAME.\n",
                    name, e->name);
        return false;
    }
    if (!is_warm && !slot_claim_name(name)) {
        term_printf("There is a guest '%s' already; write restore %s as NAME.\n", name, e->name);
        return false;
    }
    return true;
}

/* The image that it was saved with; says why there is none. */
static struct image *find_image(const struct store_entry *e)
{
    struct image *const image = image_find(e->image);

    if (image == NULL) {
        term_printf("There is no image '%s' on the boot volume, which %s needs.\n", e->image,
                    e->name);
        return NULL;
    }
    if (memcmp(medium_image_hash(image), e->image_sha256, sizeof(e->image_sha256)) != 0) {
        term_printf("The image %s is another one than %s was saved with: boot with that one.\n",
                    e->image, e->name);
        return NULL;
    }
    const char *const problem = image_load(image, &netback_switch.plan);
    if (problem != NULL) {
        term_printf("image %s: %s.\n", e->image, problem);
        return NULL;
    }
    return image;
}

static const char *make_chain(struct catalogue *c, const struct store_entry *e)
{
    chain.count = 0;
    chain.pages = 0;
    chain.base = NULL;
    for (;;) {
        chain.entries[chain.count++] = e; /* ends: parents have lower ids */
        chain.pages += e->data_pages;
        if (e->parent == 0) {
            return NULL;
        }
        chain.base = template_get(template_find_saved(e->parent));
        if (chain.base != NULL) {
            return NULL;
        }
        e = catalogue_find_id(c, e->parent);
        if (e == NULL) {
            return "what it was saved as a difference from is missing";
        }
    }
}

/* Running out of memory in the middle would stop others. */
static bool has_memory(void)
{
    struct hv_machine_info info;
    return hv_machine_info(&info) < 0 ||
           info.free_frames > info.total_frames / RESERVE_SHARE + chain.pages + chain.pages / 256;
}

/* What cannot be read may be something else that is saved. */
static void say_which(const struct store_entry *e, const char *problem)
{
    static const char damage[] = "what is saved is damaged";
    const time_t seconds = (time_t)(e->saved_ns / MF_NS_PER_S);
    char date[32];
    struct tm tm;

    if (strncmp(problem, damage, sizeof(damage) - 1) != 0) {
        return;
    }
    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &tm));
    term_printf("%s, saved on %s (UTC), cannot be read%s:\n",
                e->name[0] == 0 ? "What was forgotten" : e->name, date,
                e == chain.entries[0] ? "" : ", and this is a difference from it");
}

static const char *apply(struct disk *d, const struct store_entry *e, uint32_t dom,
                         struct store_guest *guest)
{
    const char *problem = body_read_begin(&reader, d, e, guest, sizeof(*guest));
    if (problem == NULL) {
        problem = transfer_load(&reader, dom);
    }
    if (problem != NULL) {
        say_which(e, problem);
        body_read_abandon(&reader);
    }
    return problem;
}

/* Applies the chain to `dom`. */
static const char *fill(struct disk *d, uint32_t dom, struct store_guest *guest)
{
    const char *problem = NULL;

    for (uint32_t i = chain.count; i-- > 0 && problem == NULL;) {
        problem = apply(d, chain.entries[i], dom, guest);
    }
    return problem;
}

/* Reads where everything is, and has `dom` know what is still to come. */
static const char *promise(struct lazy_plan *plan, uint32_t dom, struct store_guest *guest)
{
    const char *problem = NULL;

    plan->bodies = malloc(chain.count * sizeof(plan->bodies[0]));
    if (plan->bodies == NULL) {
        return error_text(HV_ERR_NOMEM);
    }
    for (uint32_t i = chain.count; i-- > 0 && problem == NULL;) {
        plan->bodies[plan->body_count++] = chain.entries[i]->body_id;
        problem = body_read_heads(&reader, plan->disk, chain.entries[i], guest, sizeof(*guest));
        if (problem == NULL) {
            problem = transfer_index(&reader, &plan->index);
        }
        if (problem != NULL) {
            say_which(chain.entries[i], problem);
            body_read_abandon(&reader);
        }
    }
    return problem == NULL ? transfer_promise(&plan->index, dom) : problem;
}

static bool is_sound(const struct store_guest *guest)
{
    return guest->inspect <= RIGHTS_WRITE && guest->pid <= PROCESS_PID_MAX &&
           memchr(guest->share, 0, sizeof(guest->share)) != NULL &&
           (guest->share[0] == 0 || rights_share_is_valid(guest->share));
}

/* Gives `dom` its registers and freezes a copy of it, *frozen. */
static const char *freeze(uint32_t dom, const struct store_guest *guest, uint32_t *frozen)
{
    const struct hv_dom_params params = {.flags = HV_DOM_FROZEN};

    if (!is_sound(guest)) {
        return "what is saved is damaged: its rights make no sense";
    }
    if (hv_dom_set_state(dom, 0, &guest->vcpu) < 0) {
        return "its registers do not fit this machine";
    }
    const int64_t handle = hv_dom_clone(dom, &params);
    *frozen = (uint32_t)handle;
    return handle < 0 ? error_text(handle) : NULL;
}

/* The template that has the image's name but is not the image's own. */
static struct template *find_named(const struct image *image)
{
    struct template *const t = template_find(image->name);
    return t == NULL || template_is_root(t) ? NULL : t;
}

/* Adds the template; what its guests get is in *source but for its rights. */
static const char *add(const struct store_entry *e, const char *name, struct launch_source *source,
                       const struct store_guest *guest, struct template **out)
{
    struct image *const image = source->image;
    const bool is_warm = strcmp(name, image->name) == 0;

    source->pid = guest->pid;
    source->inspect = (uint8_t)guest->inspect;
    if (guest->share[0] != 0) {
        source->share = rights_share_keep(guest->share);
    }
    struct template *const before = is_warm ? find_named(image) : NULL;
    if (before != NULL) {
        template_remove(before); /* makes room for the name */
    }
    struct template *const t =
        guest->share[0] != 0 && source->share == NULL ? NULL : template_add(name, source);
    if (t == NULL) {
        return "dom0 has no memory left for a template";
    }
    if (is_warm) {
        template_make_warm(t);
    }
    template_set_saved(t, e->id);
    *out = t;
    return NULL;
}

static void say(const char *name, const struct image *image, const struct lazy_source *lazy)
{
    term_printf("%s is restored: %" PRIu64 " KiB", name, chain.pages * KIB_PER_PAGE);
    if (lazy != NULL) {
        term_printf(", of which %" PRIu64 " KiB have been read",
                    lazy_read_pages(lazy) * KIB_PER_PAGE);
    }
    term_printf(".%s\n", strcmp(name, image->name) == 0 ? " The image is warm." : "");
}

/* What hv writes to without asking: where the guest handles its faults. And what it goes on with. */
static const char *bring_first(const struct hv_vcpu_state *v)
{
    const uint64_t wanted[] = {v->fault_stack - FAULT_BYTES, v->fault_stack - 1, v->regs.rsp};
    const char *problem = NULL;

    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && problem == NULL; i++) {
        if (wanted[i] < HV_GUEST_END &&
            lazy_is_pending((uint32_t)(wanted[i] / INDEX_REGION_BYTES))) {
            problem = lazy_bring(wanted[i]);
        }
    }
    return problem;
}

/*
 * From now on pages are brought through a copy that only dom0 has: the template may be removed before
 * all is read. Takes what the plan owns.
 */
static const char *begin_reading(struct lazy_plan *plan, uint32_t frozen,
                                 const struct store_guest *guest, struct lazy_source **lazy)
{
    const struct hv_dom_params params = {.flags = HV_DOM_FROZEN};
    const int64_t holder = hv_dom_clone(frozen, &params);

    if (holder < 0) {
        return error_text(holder);
    }
    plan->holder = (uint32_t)holder;
    *lazy = lazy_add(plan);
    if (*lazy == NULL) {
        hv_dom_destroy((uint32_t)holder);
        return error_text(HV_ERR_NOMEM);
    }
    plan->index = (struct index){0};
    plan->bodies = NULL;
    const char *const problem = bring_first(&guest->vcpu);
    return problem == NULL && lazy_has_lost(*lazy) ? "what is saved is damaged" : problem;
}

/* Clones copy shared memory and cannot wait for it: all of it is read. What is saved may be forged. */
static const char *check_shadow(uint32_t frozen)
{
    const uint64_t end = SHADOW_VA + SHADOW_BYTES;
    const char *problem = NULL;

    for (uint64_t va = SHADOW_VA; va < end && problem == NULL; va += INDEX_REGION_BYTES) {
        if (lazy_is_pending((uint32_t)(va / INDEX_REGION_BYTES))) {
            problem = lazy_bring(va);
        }
    }
    if (problem != NULL) {
        return problem;
    }
    struct shadow *const s = malloc(sizeof(*s));
    const int64_t err = s == NULL ? HV_ERR_NOMEM : shadow_read(frozen, s);
    free(s);
    return err == HV_ERR_INVAL || err == HV_ERR_NOENT
               ? "what is saved is damaged: its shared memory makes no sense"
               : (err < 0 ? error_text(err) : NULL);
}

/* Applies the chain to a copy of `base` and freezes that, *frozen; it is whole if *lazy is NULL. */
static const char *make(struct disk *d, const struct store_entry *e, uint32_t base,
                        enum restore_how how, struct made *made)
{
    struct lazy_plan plan = {
        .name = e->name, .disk = d, .pages = chain.pages, .only_needed = how == RESTORE_NEEDED};
    const struct hv_dom_params params = {0};
    const int64_t dom = hv_dom_clone(base, &params);

    if (dom < 0) {
        return error_text(dom);
    }
    const char *problem = how != RESTORE_WHOLE ? promise(&plan, (uint32_t)dom, &made->guest)
                                               : fill(d, (uint32_t)dom, &made->guest);
    if (problem == NULL) {
        problem = freeze((uint32_t)dom, &made->guest, &made->frozen);
        made->has_frozen = problem == NULL;
    }
    hv_dom_destroy((uint32_t)dom);
    if (problem == NULL && how != RESTORE_WHOLE) {
        problem = begin_reading(&plan, made->frozen, &made->guest, &made->lazy);
    }
    if (problem == NULL && (e->flags & STORE_HAS_SHADOW) != 0) {
        problem = check_shadow(made->frozen);
    }
    index_free(&plan.index);
    free(plan.bodies);
    return problem;
}

static const char *restore_chain(struct catalogue *c, const struct store_entry *e, const char *name,
                                 struct image *image, enum restore_how how)
{
    static struct made made;
    struct launch_source base = {.handle = image->template};
    struct launch_source source = {
        .generation = e->generation,
        .clock_offset_ns = e->clock_ns - mf_clock_machine_ns(),
        .memory_pages = e->memory_pages,
        .image = image,
        .template = chain.base,
        .has_network = (e->flags & STORE_HAS_NETWORK) != 0,
        .is_ready = (e->flags & STORE_IS_READY) != 0,
        .has_shadow = (e->flags & STORE_HAS_SHADOW) != 0,
    };
    struct template *t;

    if (chain.base != NULL) {
        template_source(chain.base, &base);
    }
    made.has_frozen = false;
    made.lazy = NULL;
    const char *problem = make(c->disk, e, base.handle, how, &made);
    if (problem == NULL) {
        source.handle = made.frozen;
        problem = add(e, name, &source, &made.guest, &t);
    }
    if (problem == NULL) {
        say(name, image, made.lazy);
    } else if (made.has_frozen) {
        hv_dom_destroy(made.frozen);
    }
    if (made.lazy != NULL) {
        if (problem == NULL) {
            lazy_appears(made.lazy, t);
        } else {
            lazy_drop(made.lazy);
        }
    }
    return problem;
}

const char *restore_template(struct catalogue *c, const struct store_entry *e, const char *name,
                             enum restore_how how)
{
    if (!name_is_free(e, name)) {
        return NULL;
    }
    struct image *const image = find_image(e);
    if (image == NULL) {
        return NULL;
    }
    if (e->abi_version != HV_ABI_VERSION) {
        return "it was saved by another version of Mayfly";
    }
    const char *problem = how == RESTORE_WHOLE ? lazy_finish(0) : NULL; /* what it stands on, too */
    if (problem == NULL) {
        problem = make_chain(c, e);
    }
    if (problem == NULL && how != RESTORE_NEEDED && !has_memory()) {
        problem = "the machine has not enough free memory for it; end some guests";
    }
    if (problem == NULL) {
        const bool is_small = how == RESTORE_AUTO && chain.pages <= WHOLE_PAGES;
        problem = restore_chain(c, e, name, image, is_small ? RESTORE_WHOLE : how);
    }
    template_put(&chain.base);
    return problem;
}
