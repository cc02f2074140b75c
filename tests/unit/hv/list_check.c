/* SPDX-License-Identifier: Apache-2.0 */
/* list_check.c - see list_check.h. */
#include "list_check.h"

#include <stddef.h>

#include "mmu.h"

#define EXTENTS 1024u
#define FIRST_PAGE (HV_IMAGE_BASE >> PAGE_SHIFT)
#define END_PAGE (HV_WINDOW_HIGH_VA >> PAGE_SHIFT)

static struct hv_extent extents[EXTENTS];
static uint32_t extent_count;

static bool is_zero(struct model *m, uint64_t page)
{
    const struct model_page *p = model_page(m, page, false);

    return p == NULL || (p->word[0] == 0 && p->word[1] == 0);
}

/* A page's kind as a save would see it: devices are not memory. */
static uint32_t kind_of(struct model *m, uint64_t page, uint32_t *prot)
{
    const struct model_run *run = m != NULL ? model_find(m, page) : NULL;

    *prot = run != NULL ? run->prot : HV_PROT_READ;
    if (run == NULL) {
        return HV_EXTENT_NONE;
    }
    return is_zero(m, page) ? HV_EXTENT_ZERO : HV_EXTENT_DATA;
}

static const struct hv_extent *extent_of(uint64_t page)
{
    for (uint32_t i = 0; i < extent_count; i++) {
        const uint64_t first = extents[i].va >> PAGE_SHIFT;
        if (page >= first && page - first < extents[i].pages) {
            return &extents[i];
        }
    }
    return NULL;
}

static bool is_device(const struct model *m, uint64_t page)
{
    const struct model_run *run = m != NULL ? model_find(m, page) : NULL;

    return run != NULL && run->is_device;
}

static bool is_equal(struct model *a, struct model *b, uint64_t page)
{
    const struct model_page *x = model_page(a, page, false), *y = model_page(b, page, false);
    const uint64_t zero[2] = {0, 0};
    const uint64_t *of_x = x != NULL ? x->word : zero, *of_y = y != NULL ? y->word : zero;

    return of_x[0] == of_y[0] && of_x[1] == of_y[1];
}

/* What is wrong with page `page`, if anything. */
static const char *check_page(struct model *a, struct model *b, uint64_t page)
{
    const struct hv_extent *e = extent_of(page);
    uint32_t prot, base_prot;
    const uint32_t kind = kind_of(a, page, &prot);
    const uint32_t base_kind = kind_of(b, page, &base_prot);

    if (page < FIRST_PAGE || page >= END_PAGE) {
        return e != NULL ? "listed, and no memory of the guest" : NULL;
    }
    if (is_device(a, page)) {
        return e != NULL ? "a device is listed" : NULL;
    }
    if (e == NULL) {
        if ((kind == HV_EXTENT_NONE) != (base_kind == HV_EXTENT_NONE)) {
            return "mapped in one only, and not listed";
        }
        if (kind != HV_EXTENT_NONE && prot != base_prot) {
            return "protected otherwise, and not listed";
        }
        return kind != HV_EXTENT_NONE && !is_equal(a, b, page) ? "changed, and not listed" : NULL;
    }
    if ((e->kind == HV_EXTENT_NONE) != (kind == HV_EXTENT_NONE)) {
        return "listed as mapped, or as unmapped, wrongly";
    }
    if (kind != HV_EXTENT_NONE && (e->prot & ~HV_EXTENT_PRIVATE) != prot) {
        return "listed with another protection";
    }
    return kind == HV_EXTENT_DATA && e->kind != HV_EXTENT_DATA ? "data listed as zero" : NULL;
}

static const char *check_ends(struct model *a, struct model *b, uint64_t first, uint64_t end,
                              uint64_t *at)
{
    const uint64_t pages[] = {first - 1, first, first + 1, end - 2, end - 1, end};

    for (uint32_t i = 0; i < ARRAY_COUNT(pages); i++) {
        *at = pages[i];
        const char *wrong = check_page(a, b, pages[i]);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

static const char *check_model(struct model *a, struct model *b, struct model *of, uint64_t *at)
{
    for (uint32_t i = 0; i < of->run_count; i++) {
        const char *wrong = check_ends(a, b, of->run[i].first, of->run[i].end, at);
        if (wrong != NULL) {
            return wrong;
        }
    }
    for (uint32_t i = 0; i < of->page_count; i++) {
        *at = of->page[i].number;
        const char *wrong = check_page(a, b, *at);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

static const char *take_list(const struct aspace *a, const struct aspace *b, uint32_t max)
{
    gva_t va = {0};

    extent_count = 0;
    for (uint32_t calls = 0; va.v != HV_GUEST_END; calls++) {
        const gva_t before = va;
        if (extent_count + max > EXTENTS) {
            return "too many extents";
        }
        const uint32_t n = aspace_list_pages(a, b, &va, &extents[extent_count], max);
        if (n > max || va.v <= before.v) {
            return "no progress";
        }
        extent_count += n;
    }
    for (uint32_t i = 1; i < extent_count; i++) {
        if (extents[i].va < extents[i - 1].va + (extents[i - 1].pages << PAGE_SHIFT)) {
            return "extents overlap, or are not in order";
        }
    }
    return NULL;
}

/* True when nothing on the way to a populated page is shared. */
static bool is_private_path(const struct aspace *as, uint64_t va)
{
    uint64_t at = as->root.v;

    for (int level = 3; level >= 1; level--) {
        const uint64_t *table = phys_to_virt((paddr_t){at});
        at = table[va >> (PAGE_SHIFT + 9 * (level - 1)) & 511] & PTE_ADDRESS;
        if (!frame_is_private((paddr_t){at})) {
            return false;
        }
    }
    return true;
}

static const char *check_private(const struct aspace *as, const struct hv_extent *e)
{
    const bool is_private = e->prot & HV_EXTENT_PRIVATE;

    if (e->kind != HV_EXTENT_DATA) {
        return is_private ? "private, and no data" : NULL;
    }
    return is_private_path(as, e->va) != is_private ||
                   is_private_path(as, e->va + ((e->pages - 1) << PAGE_SHIFT)) != is_private
               ? "private or not, wrongly"
               : NULL;
}

const char *list_check(const struct aspace *a, struct model *model_a, const struct aspace *b,
                       struct model *model_b, uint32_t max, uint64_t *page)
{
    static struct model nothing;

    *page = 0;
    const char *wrong = take_list(a, b, max);
    struct model *base = b != NULL ? model_b : &nothing;
    if (wrong == NULL) {
        wrong = check_model(model_a, base, model_a, page);
    }
    if (wrong == NULL) {
        wrong = check_model(model_a, base, base, page);
    }
    for (uint32_t i = 0; i < extent_count && wrong == NULL; i++) {
        const uint64_t first = extents[i].va >> PAGE_SHIFT;
        wrong = check_ends(model_a, base, first, first + extents[i].pages, page);
        wrong = wrong == NULL ? check_private(a, &extents[i]) : wrong;
    }
    return wrong;
}
