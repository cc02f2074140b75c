/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handle.c - a domain's table of handles: capabilities on domains and devices. The first entries
 * lie in the domain's frame, the others in pages that are allocated when needed. Free entries are
 * linked. The owner's lock guards it.
 */
#include "arch.h"
#include "hv/domain.h"
#include "hv/frame.h"

#define KIND_MASK 0x7ul
#define RIGHTS_SHIFT 3
#define RIGHTS_MASK 0x1fful
#define OBJECT_SHIFT 12

/* Domains are frames in the direct map, so the low 12 bits of their address are free. */
static handle_entry_t entry_make(enum handle_kind kind, uint64_t object, uint32_t rights)
{
    const uint64_t value = kind == HANDLE_DOMAIN ? object : object << OBJECT_SHIFT;
    return value | (uint64_t)rights << RIGHTS_SHIFT | (uint64_t)kind;
}

static uint64_t entry_object(handle_entry_t e)
{
    const uint64_t value = e & ~0xffful;
    return (e & KIND_MASK) == HANDLE_DOMAIN ? value : value >> OBJECT_SHIFT;
}

static handle_entry_t *entry_at(struct domain *d, uint32_t h)
{
    if (h == 0 || h >= d->handle_count) {
        return NULL;
    }
    if (h < HANDLES_INLINE) {
        return &d->handles[h];
    }
    h -= HANDLES_INLINE;
    handle_entry_t *page = d->handle_pages[h / HANDLES_PER_PAGE];
    return &page[h % HANDLES_PER_PAGE];
}

/* Makes room for entry number d->handle_count. */
static enum hv_err grow(struct domain *d)
{
    const uint32_t n = d->handle_count - HANDLES_INLINE;

    if (d->handle_count < HANDLES_INLINE || (n % HANDLES_PER_PAGE != 0)) {
        return HV_OK;
    }
    if (d->handle_count >= HANDLES_MAX) {
        return HV_ERR_LIMIT;
    }
    return frame_list_grow(&d->handle_pages, n / HANDLES_PER_PAGE);
}

enum hv_err handle_add(struct domain *d, enum handle_kind kind, uint64_t object, uint32_t rights,
                       uint32_t *handle)
{
    enum hv_err err = HV_OK;

    lock_take(&d->lock);
    uint32_t h = d->handle_free;
    if (d->state == DOMAIN_DESTROYED) {
        err = HV_ERR_STATE;
    } else if (h != 0) {
        d->handle_free = (uint32_t)entry_object(*entry_at(d, h));
    } else {
        err = grow(d);
        h = d->handle_count;
        d->handle_count += err ? 0 : 1;
    }
    if (!err) {
        *entry_at(d, h) = entry_make(kind, object, rights);
        *handle = h;
    }
    lock_drop(&d->lock);
    return err;
}

enum hv_err handle_read(struct domain *d, uint32_t h, enum handle_kind *kind, uint64_t *object,
                        uint32_t *rights)
{
    lock_take(&d->lock);
    const handle_entry_t *at = entry_at(d, h);
    const handle_entry_t e = at != NULL ? *at : 0;
    lock_drop(&d->lock);
    if ((e & KIND_MASK) == HANDLE_FREE) {
        return HV_ERR_HANDLE;
    }
    *kind = (enum handle_kind)(e & KIND_MASK);
    *object = entry_object(e);
    *rights = (uint32_t)(e >> RIGHTS_SHIFT & RIGHTS_MASK);
    return HV_OK;
}

enum hv_err handle_find(struct domain *d, uint32_t h, enum handle_kind kind, uint32_t rights,
                        uint64_t *object)
{
    enum handle_kind has_kind;
    uint32_t has_rights;
    uint64_t value;
    const enum hv_err err = handle_read(d, h, &has_kind, &value, &has_rights);

    if (err || has_kind != kind) {
        return HV_ERR_HANDLE;
    }
    if (rights & ~has_rights) {
        return HV_ERR_PERM;
    }
    *object = value;
    return HV_OK;
}

enum hv_err handle_remove(struct domain *d, uint32_t h)
{
    lock_take(&d->lock);
    handle_entry_t *at = entry_at(d, h);
    const handle_entry_t e = at != NULL ? *at : 0;
    if ((e & KIND_MASK) != HANDLE_FREE) {
        *at = entry_make(HANDLE_FREE, d->handle_free, 0);
        d->handle_free = h;
    }
    lock_drop(&d->lock);
    if ((e & KIND_MASK) == HANDLE_FREE) {
        return HV_ERR_HANDLE;
    }
    if ((e & KIND_MASK) == HANDLE_DOMAIN) {
        domain_put((struct domain *)entry_object(e));
    }
    return HV_OK;
}

void handle_remove_all(struct domain *d)
{
    for (uint32_t h = 1; h < d->handle_count; h++) {
        (void)!handle_remove(d, h);
    }
    d->handle_count = 1;
    d->handle_free = 0;
    frame_list_free(&d->handle_pages);
}
