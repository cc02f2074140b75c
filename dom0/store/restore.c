/* SPDX-License-Identifier: Apache-2.0 */
/* restore.c - see restore.h. */
#include "store/restore.h"

#include <inttypes.h>
#include <string.h>

#include "body.h"
#include "errors.h"
#include "image.h"
#include "mayfly/hypercall.h"
#include "netback.h"
#include "process.h"
#include "rights.h"
#include "store/medium.h"
#include "store/transfer.h"
#include "template.h"
#include "term.h"
#include "time/clock.h"

#define RESERVE_SHARE 64 /* of the machine's memory, which stays free */

static struct body_reader reader;

/* The bodies to be applied, the entry's own first; and the template that they are applied to. */
struct chain {
    const struct store_entry *entries[STORE_ENTRIES_MAX];
    uint32_t count;
    uint64_t pages;
    struct template *base; /* a reference */
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

static const char *apply(struct disk *d, const struct store_entry *e, uint32_t dom,
                         struct store_guest *guest)
{
    const char *problem = body_read_begin(&reader, d, e, guest, sizeof(*guest));
    if (problem == NULL) {
        problem = transfer_load(&reader, dom);
    }
    if (problem != NULL) {
        body_read_abandon(&reader);
    }
    return problem;
}

/* Applies the chain to `dom` and freezes a copy of it, *frozen. */
static const char *fill(struct disk *d, uint32_t dom, struct store_guest *guest, uint32_t *frozen)
{
    const struct hv_dom_params params = {.flags = HV_DOM_FROZEN};
    const char *problem = NULL;

    for (uint32_t i = chain.count; i-- > 0 && problem == NULL;) {
        problem = apply(d, chain.entries[i], dom, guest);
    }
    if (problem != NULL) {
        return problem;
    }
    if (guest->inspect > RIGHTS_WRITE || guest->pid > PROCESS_PID_MAX ||
        memchr(guest->share, 0, sizeof(guest->share)) == NULL ||
        (guest->share[0] != 0 && !rights_share_is_valid(guest->share))) {
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
                       const struct store_guest *guest)
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
        hv_dom_destroy(source->handle);
        return "dom0 has no memory left for a template";
    }
    if (is_warm) {
        template_make_warm(t);
    }
    template_set_saved(t, e->id);
    term_printf("%s is restored: %" PRIu64 " KiB.%s\n", name, chain.pages * HV_PAGE_BYTES / 1024,
                is_warm ? " The image is warm." : "");
    return NULL;
}

static const char *restore_chain(struct catalogue *c, const struct store_entry *e, const char *name,
                                 struct image *image)
{
    const struct hv_dom_params params = {0};
    static struct store_guest guest;
    struct launch_source base = {.handle = image->template};
    struct launch_source source = {
        .generation = e->generation,
        .clock_offset_ns = e->clock_ns - mf_clock_machine_ns(),
        .memory_pages = e->memory_pages,
        .image = image,
        .template = chain.base,
        .has_network = (e->flags & STORE_HAS_NETWORK) != 0,
        .is_ready = (e->flags & STORE_IS_READY) != 0,
    };

    if (chain.base != NULL) {
        template_source(chain.base, &base);
    }
    const int64_t dom = hv_dom_clone(base.handle, &params);
    if (dom < 0) {
        return error_text(dom);
    }
    const char *const problem = fill(c->disk, (uint32_t)dom, &guest, &source.handle);
    hv_dom_destroy((uint32_t)dom);
    return problem != NULL ? problem : add(e, name, &source, &guest);
}

const char *restore_template(struct catalogue *c, const struct store_entry *e, const char *name)
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
    const char *problem = make_chain(c, e);
    if (problem == NULL && !has_memory()) {
        problem = "the machine has not enough free memory for it; end some guests";
    }
    if (problem == NULL) {
        problem = restore_chain(c, e, name, image);
    }
    template_put(&chain.base);
    return problem;
}
