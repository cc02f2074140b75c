/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - mmap() and its kin in programs that fork: shared memory (shared.h); all else is as in other
 * programs (files/own.h). Shared memory is always readable and writable, at an address that dom0
 * chooses.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "family/remote.h"
#include "family/shared.h"
#include "fd/fd_internal.h"
#include "files/own.h"
#include "mayfly/abi.h"
#include "mayfly/info.h"
#include "start/request.h"

#define PAGE_MASK ((uint64_t)HV_PAGE_BYTES - 1)

const char mf_family_memory;

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

static void *fail_map(int err)
{
    errno = err;
    return MAP_FAILED;
}

/* ---- mmap --------------------------------------------------------------------------------------- */

static void populate(uint64_t va, uint64_t bytes)
{
    for (uint64_t at = va; at < va + bytes; at += HV_PAGE_BYTES) {
        (void)*(volatile char *)(uintptr_t)at;
    }
}

/* With MAP_FIXED an anonymous mapping can only replace a part of another one. */
static void *replace(uint64_t va, uint64_t bytes)
{
    if ((va & PAGE_MASK) != 0) {
        return fail_map(EINVAL);
    }
    if (!mf_shared_is_mapped(va, bytes)) {
        return fail_map(ENOTSUP);
    }
    memset((void *)(uintptr_t)va, 0, bytes);
    return (void *)(uintptr_t)va;
}

/* MAP_FAILED with errno 0: memory is not shared here. */
static void *map_anonymous(void *address, uint64_t bytes, int prot, int flags)
{
    uint64_t va;

    if ((prot & PROT_EXEC) != 0) {
        return fail_map(ENOTSUP);
    }
    if ((flags & MAP_FIXED) != 0 && mf_is_shared_va((uint64_t)(uintptr_t)address)) {
        return replace((uint64_t)(uintptr_t)address, bytes);
    }
    const int64_t err = mf_shared_make(MF_MEMORY_MAKE, bytes, &va);
    if (err != 0) {
        return fail_map(err == HV_ERR_NOSYS ? 0 : ENOMEM);
    }
    if (!mf_shared_note(va, bytes, false)) {
        (void)mf_request(MF_REQUEST_MEMORY, MF_MEMORY_DROP, va, NULL, NULL);
        return fail_map(ENOMEM);
    }
    if ((flags & MAP_POPULATE) != 0) {
        populate(va, bytes);
    }
    return (void *)(uintptr_t)va;
}

void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    const int shared = MAP_SHARED | MAP_ANONYMOUS;

    if ((flags & (shared | MAP_PRIVATE)) == shared && length != 0 && length <= PTRDIFF_MAX) {
        const int saved_errno = errno;
        void *const at = map_anonymous(address, page_up(length), prot, flags);
        if (at != MAP_FAILED || errno != 0) {
            return at;
        }
        errno = saved_errno;
    }
    const bool is_remote =
        mf_family_is_remote() && (flags & MAP_ANONYMOUS) == 0 && mf_family_has_files();
    return is_remote ? mf_family_files.map(address, length, prot, flags, fd, offset)
                     : mf_own_mmap(address, length, prot, flags, fd, offset);
}

/* ---- what is done with mappings ----------------------------------------------------------------- */

/* Whether the range is shared memory, or is said to be. */
static bool is_shared(const void *address, uint64_t bytes)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;
    return mf_is_shared_va(va) && bytes <= MF_MEMORY_END - va;
}

int munmap(void *address, size_t length)
{
    const uint64_t va = (uint64_t)(uintptr_t)address, bytes = page_up(length);

    if (!is_shared(address, bytes)) {
        return mf_own_munmap(address, length);
    }
    if ((va & PAGE_MASK) != 0 || bytes == 0) {
        return (int)mf_ret(-EINVAL);
    }
    if (!mf_shared_unmap(va, va + bytes)) {
        return (int)mf_ret(-ENOMEM);
    }
    if (mf_family_has_files() && !mf_family_is_remote()) {
        return (int)mf_ret(mf_family_files.unmap(va, bytes) ? 0 : -ENOMEM);
    }
    return 0;
}

int mprotect(void *address, size_t length, int prot)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;

    if (!is_shared(address, page_up(length))) {
        return mf_own_mprotect(address, length, prot);
    }
    if ((va & PAGE_MASK) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    return (int)mf_ret(prot == PROT_NONE || (prot & PROT_EXEC) != 0 ? -ENOTSUP : 0);
}

/* What is shared does not grow: others have it as it is. */
void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...)
{
    const uint64_t old_bytes = page_up(old_length), new_bytes = page_up(new_length);

    if (!is_shared(address, old_bytes)) {
        return mf_own_mremap(address, old_length, new_length, flags);
    }
    if (((uint64_t)(uintptr_t)address & PAGE_MASK) != 0 || old_bytes == 0 || new_bytes == 0) {
        return fail_map(EINVAL);
    }
    if (new_bytes > old_bytes) {
        return fail_map(ENOMEM);
    }
    const bool is_same = new_bytes == old_bytes;
    return is_same || munmap((char *)address + new_bytes, old_bytes - new_bytes) == 0 ? address
                                                                                      : MAP_FAILED;
}

/* Shared memory keeps what is in it. */
int madvise(void *address, size_t length, int advice)
{
    const bool is_known = (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || advice == MADV_FREE;

    if (!is_shared(address, page_up(length))) {
        return mf_own_madvise(address, length, advice);
    }
    return (int)mf_ret(((uint64_t)(uintptr_t)address & PAGE_MASK) != 0 || !is_known ? -EINVAL : 0);
}

/* ---- the contents of files ------------------------------------------------------------------------ */

char *mf_flat_new(uint64_t needed, uint64_t *bytes)
{
    return mf_family_has_files() ? mf_family_files.new_flat(needed, bytes)
                                 : mf_own_flat_new(needed, bytes);
}

void mf_flat_free(char *flat, uint64_t bytes)
{
    if (!mf_is_shared_va((uintptr_t)flat)) {
        mf_own_flat_free(flat, bytes);
    } else {
        memset(flat, 0, bytes);
        mf_family_files.keep_flat(flat, bytes);
    }
}

void mf_flat_clear(char *at, uint64_t bytes)
{
    if (!mf_is_shared_va((uintptr_t)at)) {
        mf_own_flat_clear(at, bytes);
    } else {
        memset(at, 0, bytes);
    }
}
