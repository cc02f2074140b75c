/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapping.c - shared mappings of files in programs that fork. The flat part of a file (files/contents.c)
 * is in shared memory, so that all processes can have it at the same address. Areas of it are the
 * owner's for ever: those that no file needs any more are kept for the next one.
 *
 * While the owner serves a child it cannot ask dom0 for an area: then the child does, and brings it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "family/remote.h"
#include "family/server.h"
#include "family/shared.h"
#include "files/node.h"
#include "files/own.h"
#include "mayfly/abi.h"
#include "mayfly/info.h"
#include "memory/file_mapping.h"
#include "start/request.h"
#include "time/clock.h"

#define MIN_BYTES (4u * HV_PAGE_BYTES)

/* ---- areas for files ---------------------------------------------------------------------------- */

struct spare {
    struct spare *next;
    char *at;
    uint64_t bytes;
};

static struct spare *spares;

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + HV_PAGE_BYTES - 1) & -(uint64_t)HV_PAGE_BYTES;
}

void mf_family_keep_flat(char *at, uint64_t bytes)
{
    struct spare *const s = malloc(sizeof(*s));
    if (s != NULL) { /* else it is lost until the family ends */
        *s = (struct spare){.next = spares, .at = at, .bytes = bytes};
        spares = s;
    }
}

/* The smallest one that will do, zeroed; NULL: there is none. */
static char *take(uint64_t needed, uint64_t *bytes)
{
    struct spare **best = NULL;

    for (struct spare **link = &spares; *link != NULL; link = &(*link)->next) {
        if ((*link)->bytes >= needed && (best == NULL || (*link)->bytes < (*best)->bytes)) {
            best = link;
        }
    }
    if (best == NULL) {
        return NULL;
    }
    struct spare *const s = *best;
    char *const at = s->at;
    *bytes = s->bytes;
    *best = s->next;
    free(s);
    return at;
}

/* From dom0: with room for the file to grow, if there is. */
static int64_t make(uint64_t needed, uint64_t *va, uint64_t *bytes)
{
    const uint64_t least = page_up(needed);

    *bytes = 2 * least > MIN_BYTES ? 2 * least : MIN_BYTES;
    int64_t err = mf_shared_make(MF_MEMORY_FILE, *bytes, va);
    if (err == HV_ERR_NOMEM) {
        *bytes = least;
        err = mf_shared_make(MF_MEMORY_FILE, least, va);
    }
    return err;
}

char *mf_family_new_flat(uint64_t needed, uint64_t *bytes)
{
    uint64_t va;
    char *const at = take(needed, bytes);

    if (at != NULL || mf_family_user != 0) {
        return at;
    }
    const int64_t err = make(needed, &va, bytes);
    if (err == HV_ERR_NOSYS) {
        return mf_own_flat_new(needed, bytes);
    }
    return err == 0 ? (char *)(uintptr_t)va : NULL;
}

/* ---- the owner's side --------------------------------------------------------------------------- */

static bool add(struct mf_node *n, uint64_t start, uint64_t bytes, void *user)
{
    struct mf_family_user *const u = user;
    struct mf_family_mapping *const m = malloc(sizeof(*m));

    if (m != NULL) {
        *m = (struct mf_family_mapping){
            .next = u->mappings, .node = mf_node_get(n), .start = start, .bytes = bytes};
        n->file.pins++;
        u->mappings = m;
    }
    return m != NULL;
}

static void drop(struct mf_family_mapping **link)
{
    struct mf_family_mapping *const m = *link;

    *link = m->next;
    m->node->file.pins--;
    mf_node_put(m->node);
    free(m);
}

void mf_family_drop_mappings(struct mf_family_user *u)
{
    while (u->mappings != NULL) {
        drop(&u->mappings);
    }
}

bool mf_family_copy_mappings(struct mf_family_user *u, const struct mf_family_user *parent)
{
    bool ok = true;

    u->mappings = NULL;
    if (parent == NULL) {
        ok = mf_file_each_shared(add, u);
    }
    for (const struct mf_family_mapping *m = parent != NULL ? parent->mappings : NULL;
         ok && m != NULL; m = m->next) {
        ok = add(m->node, m->start, m->bytes, u);
    }
    if (!ok) {
        mf_family_drop_mappings(u);
    }
    return ok;
}

/* Whether [offset, offset + bytes) can be mapped so. 0 or an error. */
static int check(const struct mf_node *n, uint32_t flags, const int64_t *args)
{
    const bool writes = (args[3] & PROT_WRITE) != 0;

    if (!S_ISREG(n->mode)) {
        return -ENODEV;
    }
    if ((flags & O_ACCMODE) == O_WRONLY || (writes && (flags & O_ACCMODE) != O_RDWR)) {
        return -EACCES;
    }
    return args[1] < 0 || args[2] <= 0 || args[1] > MF_FILE_MAX || args[2] > MF_FILE_MAX - args[1]
               ? -EOVERFLOW
               : 0;
}

/* The memory that a child has brought. */
static void accept(const int64_t *args)
{
    const uint64_t va = (uint64_t)args[4], bytes = (uint64_t)args[5];

    if (mf_is_shared_va(va) && bytes != 0 && bytes <= MF_MEMORY_END - va &&
        ((va | bytes) & (HV_PAGE_BYTES - 1)) == 0) {
        mf_family_keep_flat((char *)(uintptr_t)va, bytes);
    }
}

int64_t mf_family_map_for(struct mf_family_user *u, struct mf_node *node, uint32_t flags,
                          int64_t *args)
{
    const int err = check(node, flags, args);

    if (args[4] != 0) {
        accept(args);
    }
    if (err != 0 || u == NULL) {
        return err != 0 ? err : -EINVAL;
    }
    const uint64_t end = (uint64_t)args[1] + (uint64_t)args[2];
    char *const flat = mf_node_flatten(node, end);
    if (flat == NULL) {
        args[0] = (int64_t)(end > node->file.bytes ? end : node->file.bytes);
        return args[4] == 0 && node->file.pins == 0 ? -ENOBUFS : -ENOMEM;
    }
    if (!mf_is_shared_va((uintptr_t)flat)) {
        return -ENODEV;
    }
    const uint64_t at = (uintptr_t)flat + (uint64_t)args[1];
    node->atime_ns = (int64_t)mf_clock_wall_ns();
    args[0] = (int64_t)(uintptr_t)flat;
    return add(node, at, (uint64_t)args[2], u) ? (int64_t)at : -ENOMEM;
}

int64_t mf_family_unmap_for(struct mf_family_user *u, const int64_t *args)
{
    struct mf_family_mapping **link = u != NULL ? &u->mappings : NULL;

    while (link != NULL && *link != NULL &&
           ((*link)->start != (uint64_t)args[0] || (*link)->bytes != (uint64_t)args[1])) {
        link = &(*link)->next;
    }
    if (link == NULL || *link == NULL) {
        return -EINVAL;
    }
    mf_node_touch((*link)->node);
    drop(link);
    return 0;
}

/* ---- a child's side ----------------------------------------------------------------------------- */

static bool note(struct mf_node *n, uint64_t start, uint64_t bytes, void *arg)
{
    (void)n;
    (void)arg;
    return mf_shared_note(start, bytes, true);
}

void mf_family_convert_mappings(void)
{
    (void)mf_file_each_shared(note, NULL);
    mf_file_forget_shared();
    spares = NULL;
}

/* Asks the owner. Returns the address or an error; args as MF_FAMILY_MAP. */
static int64_t ask(int64_t args[MF_FILES_ARGS])
{
    struct mf_files_call *const c = mf_family_begin(MF_FAMILY_MAP, NULL);

    if (c == NULL) {
        return -EIO;
    }
    memcpy(c->args, args, sizeof(c->args));
    const int64_t r = mf_family_ask(c);
    args[0] = c->args[0];
    mf_family_end(c);
    return r;
}

void *mf_family_map_shared(int file, size_t length, int prot, int flags, off_t offset)
{
    const uint64_t bytes = page_up(length);
    int64_t args[MF_FILES_ARGS] = {file, offset, (int64_t)bytes, prot, 0, 0};
    uint64_t va, new_bytes;

    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0 || (prot & PROT_EXEC) != 0) {
        errno = ENOTSUP;
        return MAP_FAILED;
    }
    int64_t r = ask(args);
    if (r == -ENOBUFS && make((uint64_t)args[0], &va, &new_bytes) == 0) {
        args[0] = file;
        args[4] = (int64_t)va;
        args[5] = (int64_t)new_bytes;
        r = ask(args);
    }
    if (r > 0 &&
        (mf_request(MF_REQUEST_MEMORY, MF_MEMORY_MAP, (uint64_t)args[0], NULL, NULL) != 0 ||
         !mf_shared_note((uint64_t)r, bytes, true))) {
        (void)mf_family_call(MF_FAMILY_UNMAP, r, (int64_t)bytes, 0);
        r = -ENOMEM;
    }
    if (r < 0) {
        errno = r == -ENOBUFS ? ENOMEM : (int)-r;
        return MAP_FAILED;
    }
    return (void *)(uintptr_t)r;
}
