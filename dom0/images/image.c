/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - see image.h. */
#include "images/image.h"

#include <stdio.h>
#include <string.h>

#include "images/trust.h"
#include "mayfly/hypercall.h"
#include "mayfly/image.h"
#include "mayfly/symtab.h"
#include "text/errors.h"

#define FOLDER "images/"
#define SUFFIX ".img"
#define NETWORK_FUNCTION "lwip_init" /* linked only into programs that use sockets */
#define FLAGS_RESERVED 0x2u          /* bit 1 of RFLAGS is always 1 */

static struct image images[HV_MODULES_MAX] __attribute__((section(".bss..cold.images")));
static uint32_t count;

/* The NAME of images/NAME.img; false: not such a path. */
static bool take_name(const char *path, char name[LAUNCH_NAME_BYTES])
{
    const size_t folder = strlen(FOLDER), suffix = strlen(SUFFIX), all = strlen(path);
    if (all <= folder + suffix || strncmp(path, FOLDER, folder) != 0 ||
        strcmp(path + all - suffix, SUFFIX) != 0) {
        return false;
    }
    const size_t bytes = all - folder - suffix;
    if (bytes >= LAUNCH_NAME_BYTES) {
        return false;
    }
    memcpy(name, path + folder, bytes);
    name[bytes] = 0;
    return launch_name_is_valid(name);
}

void image_scan(void)
{
    for (uint32_t i = 0; i < boot_file_count() && count < HV_MODULES_MAX; i++) {
        struct image *image = &images[count];
        image->file = boot_file(i);
        count += take_name(image->file.name, image->name);
    }
}

uint32_t image_count(void)
{
    return count;
}

struct image *image_at(uint32_t index)
{
    return &images[index];
}

struct image *image_find(const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(images[i].name, name) == 0) {
            return &images[i];
        }
    }
    return NULL;
}

const char *image_symbol(const struct image *i, uint64_t address, uint64_t *offset)
{
    return mf_symtab_find(i->symtab, i->symtab_bytes, address, offset);
}

/* Finds the symbol table through the image's header. */
static void find_symbols(struct image *i)
{
    const struct mf_image_header *h = elf_at(&i->elf, HV_IMAGE_BASE, sizeof(*h));
    if (h != NULL && h->magic == MF_IMAGE_MAGIC && h->version == MF_IMAGE_VERSION &&
        h->symtab_va != 0) {
        i->symtab = elf_at(&i->elf, h->symtab_va, h->symtab_bytes);
        i->symtab_bytes = h->symtab_bytes;
    }
}

/* Whether this hypervisor is the one that it was built for. NULL, or what is wrong. */
static const char *check_version(const struct image *i)
{
    static char problem[96];
    const struct mf_image_header *h = elf_at(&i->elf, HV_IMAGE_BASE, sizeof(*h));
    const int64_t abi = hv_nop();

    if (h == NULL || h->magic != MF_IMAGE_MAGIC) {
        return NULL;
    }
    if (h->version != MF_IMAGE_VERSION) {
        return "it has another format than this dom0 knows: build it again";
    }
    if (h->abi_version == (uint64_t)abi) {
        return NULL;
    }
    snprintf(problem, sizeof(problem),
             "built for ABI version %u, this machine has %d: build it again",
             (unsigned int)h->abi_version, (int)abi);
    return problem;
}

/* The symbol table, checked; NULL: none. */
static const struct mf_symtab *symbols(const struct image *i, const char **names)
{
    const struct mf_symtab *t = i->symtab;
    if (t == NULL || i->symtab_bytes < sizeof(*t) || t->magic != MF_SYMTAB_MAGIC) {
        return NULL;
    }
    const uint64_t names_at = sizeof(*t) + (uint64_t)t->count * sizeof(struct mf_symbol);
    if (names_at > i->symtab_bytes || t->names_bytes > i->symtab_bytes - names_at) {
        return NULL;
    }
    *names = (const char *)t + names_at;
    return t;
}

bool image_address(const struct image *i, const char *name, uint64_t *address)
{
    const char *names;
    const struct mf_symtab *const t = symbols(i, &names);
    const struct mf_symbol *const s = (const struct mf_symbol *)(t + 1);
    const size_t bytes = strlen(name) + 1;

    for (uint32_t k = 0; t != NULL && k < t->count; k++) {
        if (s[k].name < t->names_bytes && t->names_bytes - s[k].name >= bytes &&
            memcmp(names + s[k].name, name, bytes) == 0) {
            *address = t->base + s[k].offset;
            return true;
        }
    }
    return false;
}

bool image_in_one_segment(const struct image *i, uint64_t a, uint64_t b)
{
    for (uint32_t k = 0; k < i->elf.segment_count; k++) {
        const struct elf_segment *const s = &i->elf.segments[k];
        if (a - s->va < s->pages * HV_PAGE_BYTES) {
            return b - s->va < s->pages * HV_PAGE_BYTES;
        }
    }
    return false;
}

/* Whether the program has a function of this name. Without a symbol table: nobody knows, so yes. */
static bool has_function(const struct image *i, const char *name)
{
    const char *names;
    uint64_t address;
    return symbols(i, &names) == NULL || image_address(i, name, &address);
}

static int64_t write_segment(uint32_t dom, const struct elf_segment *s)
{
    int64_t err = hv_dom_map(dom, s->va, s->pages, s->prot);
    for (uint64_t at = 0; at < s->bytes && err >= 0; at += HV_COPY_MAX_BYTES) {
        const uint64_t left = s->bytes - at;
        err = hv_dom_write(dom, s->va + at, s->data + at,
                           left < HV_COPY_MAX_BYTES ? left : HV_COPY_MAX_BYTES);
    }
    return err;
}

/* Fills domain `dom` and freezes a copy of it: the template, or an error. */
static int64_t make_template(const struct elf_image *e, uint32_t dom)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    const struct hv_regs regs = {.rip = e->entry, .rflags = FLAGS_RESERVED};
    int64_t err = 0;

    for (uint32_t k = 0; k < e->segment_count && err >= 0; k++) {
        err = write_segment(dom, &e->segments[k]);
    }
    if (err >= 0) {
        err = hv_dom_set_regs(dom, 0, &regs);
    }
    return err < 0 ? err : hv_dom_clone(dom, &frozen);
}

static int64_t load_template(const struct elf_image *e)
{
    const struct hv_dom_params params = {0};
    const int64_t dom = hv_dom_create(&params);
    if (dom < 0) {
        return dom;
    }
    const int64_t template = make_template(e, (uint32_t)dom);
    hv_dom_destroy((uint32_t)dom);
    return template;
}

static const char *make_proto(struct image *i, const struct plan *plan)
{
    const struct manifest *m = &i->manifest;
    const struct info_strings s = {
        .args = m->args,
        .arg_count = m->arg_count,
        .args_bytes = m->args_bytes,
        .env = m->env,
        .env_count = m->env_count,
        .env_bytes = m->env_bytes,
    };
    return infopage_make(&i->proto, plan, &s, i->has_network)
               ? NULL
               : "its arguments and environment are longer than 64 KiB";
}

const char *image_load(struct image *i, const struct plan *plan)
{
    if (i->is_loaded) {
        return NULL;
    }
    struct hv_dom_info info;
    const char *problem = trust_check(i->file.data, i->file.bytes);
    if (problem == NULL) {
        problem = elf_parse(&i->elf, i->file.data, i->file.bytes);
    }
    if (problem == NULL) {
        problem = check_version(i);
    }
    if (problem == NULL) {
        problem = manifest_parse(&i->manifest, i->name, i->elf.manifest, i->elf.manifest_bytes);
    }
    if (problem != NULL) {
        return problem;
    }
    find_symbols(i);
    i->has_network = has_function(i, NETWORK_FUNCTION);
    i->memory_pages = (i->manifest.memory_bytes + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES;
    problem = make_proto(i, plan);
    if (problem != NULL) {
        manifest_free(&i->manifest);
        return problem;
    }
    const int64_t template = load_template(&i->elf);
    if (template <0) {
        infopage_free(&i->proto);
        manifest_free(&i->manifest);
        return error_text(template);
    }
    i->template = (uint32_t) template;
    i->resident_pages = hv_dom_info(i->template, &info) >= 0 ? info.resident_pages : 0;
    i->is_loaded = true;
    return NULL;
}
