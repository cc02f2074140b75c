/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contents.c - the bytes of regular files: chunks of 4 KiB, none where nothing was written. What
 * has no chunk is read from the packed contents, behind those it is zero.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files/node.h"
#include "time/clock.h"

static const char *chunk_at(const struct mf_node *n, uint64_t offset)
{
    const uint64_t index = offset / MF_CHUNK_BYTES;
    return index < n->file.chunk_count ? n->file.chunks[index] : NULL;
}

size_t mf_node_read(const struct mf_node *n, uint64_t offset, void *to, size_t bytes)
{
    if (offset >= n->file.bytes) {
        return 0;
    }
    const size_t total = bytes < n->file.bytes - offset ? bytes : n->file.bytes - offset;
    if (n->file.chunk_count == 0 && offset + total <= n->file.packed_bytes) {
        memcpy(to, n->file.packed + offset, total);
        return total;
    }
    for (size_t done = 0; done < total;) {
        char *const out = (char *)to + done;
        const uint64_t at = offset + done;
        const size_t in_chunk = MF_CHUNK_BYTES - at % MF_CHUNK_BYTES;
        size_t part = total - done < in_chunk ? total - done : in_chunk;
        const char *const chunk = chunk_at(n, at);
        if (chunk != NULL) {
            memcpy(out, chunk + at % MF_CHUNK_BYTES, part);
        } else if (at < n->file.packed_bytes) {
            part = part < n->file.packed_bytes - at ? part : n->file.packed_bytes - at;
            memcpy(out, n->file.packed + at, part);
        } else {
            memset(out, 0, part);
        }
        done += part;
    }
    return total;
}

static int make_room(struct mf_node *n, uint64_t index)
{
    if (index < n->file.chunk_count) {
        return 0;
    }
    size_t count = n->file.chunk_count == 0 ? 1 : n->file.chunk_count;
    while (count <= index) {
        count *= 2;
    }
    char **const chunks = realloc(n->file.chunks, count * sizeof(*chunks));
    if (chunks == NULL) {
        return -ENOSPC;
    }
    memset(chunks + n->file.chunk_count, 0, (count - n->file.chunk_count) * sizeof(*chunks));
    n->file.chunks = chunks;
    n->file.chunk_count = count;
    return 0;
}

/* The chunk at `offset` for writing, with the bytes that the file has there; NULL: no memory. */
static char *writable_chunk(struct mf_node *n, uint64_t offset)
{
    const uint64_t index = offset / MF_CHUNK_BYTES;
    const uint64_t start = index * MF_CHUNK_BYTES;
    if (make_room(n, index) != 0) {
        return NULL;
    }
    char *chunk = n->file.chunks[index];
    if (chunk == NULL) {
        chunk = calloc(1, MF_CHUNK_BYTES);
        if (chunk != NULL && start < n->file.packed_bytes) {
            const uint64_t left = n->file.packed_bytes - start;
            memcpy(chunk, n->file.packed + start, left < MF_CHUNK_BYTES ? left : MF_CHUNK_BYTES);
        }
        n->file.chunks[index] = chunk;
    }
    return chunk;
}

ssize_t mf_node_write(struct mf_node *n, uint64_t offset, const void *from, size_t bytes)
{
    if (offset > (uint64_t)MF_FILE_MAX || bytes > (uint64_t)MF_FILE_MAX - offset) {
        return -EFBIG;
    }
    size_t done = 0;
    while (done < bytes) {
        const uint64_t at = offset + done;
        const size_t in_chunk = MF_CHUNK_BYTES - at % MF_CHUNK_BYTES;
        const size_t part = bytes - done < in_chunk ? bytes - done : in_chunk;
        char *const chunk = writable_chunk(n, at);
        if (chunk == NULL) {
            break;
        }
        memcpy(chunk + at % MF_CHUNK_BYTES, (const char *)from + done, part);
        done += part;
    }
    if (done == 0 && bytes != 0) {
        return -ENOSPC;
    }
    if (done != 0) {
        n->mtime_ns = mf_clock_wall_ns();
    }
    if (offset + done > n->file.bytes && done != 0) {
        n->file.bytes = offset + done;
    }
    return (ssize_t)done;
}

int mf_node_truncate(struct mf_node *n, uint64_t bytes)
{
    if (bytes > (uint64_t)MF_FILE_MAX) {
        return -EFBIG;
    }
    if (bytes < n->file.packed_bytes) {
        n->file.packed_bytes = bytes;
    }
    const uint64_t keep = (bytes + MF_CHUNK_BYTES - 1) / MF_CHUNK_BYTES;
    for (uint64_t i = keep; i < n->file.chunk_count; i++) {
        free(n->file.chunks[i]);
        n->file.chunks[i] = NULL;
    }
    char *const last = (char *)(uintptr_t)chunk_at(n, bytes);
    if (last != NULL && bytes < n->file.bytes) {
        const size_t used = bytes % MF_CHUNK_BYTES;
        memset(last + used, 0, MF_CHUNK_BYTES - used); /* zero, should the file grow again */
    }
    if (bytes == 0) {
        free(n->file.chunks);
        n->file.chunks = NULL;
        n->file.chunk_count = 0;
    }
    n->file.bytes = bytes;
    n->mtime_ns = mf_clock_wall_ns();
    return 0;
}
