/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap.c - POSIX memory mappings: anonymous ones, private copies of files, and shared mappings of
 * files of the RAM file system, which are the file's own contents (files/contents.c): reads, writes
 * and all mappings of one part see the same bytes at once. Such a mapping is always readable and
 * writable up to the file's end, and its address cannot be chosen. Never writable and executable.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/open_file.h"
#include "files/own.h"
#include "mayfly/hypercall.h"
#include "memory/file_mapping.h"
#include "memory/hidden.h"
#include "memory/memory.h"
#include "thread/thread.h"

#define PAGE_MASK ((uint64_t)HV_PAGE_BYTES - 1)
#define FIXED (MAP_FIXED | MAP_FIXED_NOREPLACE)

/* What mmap() was asked for, checked. */
struct request {
    uint64_t va; /* wish, or with MAP_FIXED demand */
    uint64_t bytes;
    uint64_t offset;
    int prot, flags;
    struct mf_node *node; /* NULL: anonymous */
};

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

static bool is_in(uint64_t va, uint64_t bytes, uint64_t base, uint64_t end)
{
    return va >= base && va < end && bytes <= end - va;
}

static bool is_in_maps(uint64_t va, uint64_t bytes)
{
    return is_in(va, bytes, MF_MAP_BASE, MF_MAP_END);
}

static bool is_in_flats(uint64_t va, uint64_t bytes)
{
    return is_in(va, bytes, MF_FLAT_BASE, MF_FLAT_END);
}

static uint32_t hv_prot(int prot)
{
    return HV_PROT_READ | ((prot & PROT_WRITE) != 0 ? HV_PROT_WRITE : 0) |
           ((prot & PROT_EXEC) != 0 ? HV_PROT_EXEC : 0);
}

static bool is_write_and_execute(int prot)
{
    return (prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) != 0;
}

/* ---- mmap ---------------------------------------------------------------------------------- */

/* Finds the file, and whether it may be mapped so. */
static int check_file(struct request *r, int fd)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return EBADF;
    }
    const uint32_t access = f->flags & O_ACCMODE;
    const bool is_shared = (r->flags & MAP_SHARED) != 0;
    r->node = mf_file_node(fd);
    if (r->node == NULL || !S_ISREG(r->node->mode)) {
        return ENODEV;
    }
    if (access == O_WRONLY || (is_shared && (r->prot & PROT_WRITE) != 0 && access != O_RDWR)) {
        return EACCES;
    }
    if (is_shared && ((r->flags & FIXED) != 0 || (r->prot & PROT_EXEC) != 0)) {
        return ENOTSUP;
    }
    return r->offset > (uint64_t)MF_FILE_MAX || r->bytes > (uint64_t)MF_FILE_MAX - r->offset
               ? EOVERFLOW
               : 0;
}

static int check(struct request *r, int fd)
{
    const int kind = r->flags & (MAP_SHARED | MAP_PRIVATE);
    if (r->bytes == 0 || (kind != MAP_SHARED && kind != MAP_PRIVATE) ||
        (r->offset & PAGE_MASK) != 0) {
        return EINVAL;
    }
    if (is_write_and_execute(r->prot)) {
        return ENOTSUP;
    }
    if (r->bytes > MF_MAP_END - MF_MAP_BASE) {
        return ENOMEM;
    }
    if ((r->flags & FIXED) != 0 && ((r->va & PAGE_MASK) != 0 || !is_in_maps(r->va, r->bytes))) {
        return (r->va & PAGE_MASK) != 0 ? EINVAL : ENOMEM;
    }
    return (r->flags & MAP_ANONYMOUS) != 0 ? 0 : check_file(r, fd);
}

/* Removes what is mapped in the range; its address space stays taken. */
static bool clear(uint64_t va, uint64_t bytes)
{
    const uint64_t pages = bytes / HV_PAGE_BYTES;
    mf_hidden_drop(va, pages);
    return mf_file_unmap(va, bytes) && hv_mem_unmap(va, pages) >= 0;
}

/* Reserves the addresses for the request. Returns 0 or an error. */
static int place(struct request *r)
{
    const uint64_t wish = r->va & ~PAGE_MASK;
    if ((r->flags & FIXED) != 0) {
        if ((r->flags & MAP_FIXED_NOREPLACE) != 0 && !mf_va_is_free(r->va, r->bytes)) {
            return EEXIST;
        }
        return mf_va_take(r->va, r->bytes) && clear(r->va, r->bytes) ? 0 : ENOMEM;
    }
    if (is_in_maps(wish, r->bytes) && mf_va_is_free(wish, r->bytes)) {
        r->va = wish;
        return mf_va_take(wish, r->bytes) ? 0 : ENOMEM;
    }
    r->va = mf_va_alloc(r->bytes, r->bytes >= HV_WINDOW_BYTES ? HV_WINDOW_BYTES : HV_PAGE_BYTES);
    return r->va != 0 ? 0 : ENOMEM;
}

static void populate(uint64_t va, uint64_t bytes)
{
    for (uint64_t at = va; at < va + bytes; at += HV_PAGE_BYTES) {
        (void)*(volatile char *)(uintptr_t)at;
    }
}

/* Pages for the request, whose addresses are reserved and empty. */
static int fill(const struct request *r)
{
    const uint64_t pages = r->bytes / HV_PAGE_BYTES;
    const bool is_file = r->node != NULL;
    if (r->prot == PROT_NONE && !is_file) {
        return 0;
    }
    if (hv_mem_map(r->va, pages, is_file ? HV_PROT_READ | HV_PROT_WRITE : hv_prot(r->prot)) < 0) {
        return ENOMEM;
    }
    if (is_file) {
        (void)mf_node_read(r->node, r->offset, (void *)(uintptr_t)r->va, r->bytes);
        if (!mf_file_map_private(r->node, r->va, r->offset, r->bytes)) {
            return ENOMEM;
        }
        if (r->prot == PROT_NONE) {
            return -mf_hidden_hide(r->va, pages);
        }
        if ((r->prot & PROT_WRITE) == 0 && hv_mem_protect(r->va, pages, hv_prot(r->prot)) < 0) {
            return ENOMEM;
        }
    }
    if ((r->flags & MAP_POPULATE) != 0) {
        populate(r->va, r->bytes);
    }
    return 0;
}

static void *fail_map(int err)
{
    errno = err;
    return MAP_FAILED;
}

void *mf_own_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    struct request r = {.va = (uint64_t)(uintptr_t)address,
                        .bytes = page_up(length),
                        .offset = (uint64_t)offset,
                        .prot = prot,
                        .flags = flags};
    const int too_long = (flags & (MAP_ANONYMOUS | FIXED)) != 0 ? ENOMEM : EOVERFLOW;
    int err = length > PTRDIFF_MAX ? too_long : check(&r, fd);
    if (err != 0) {
        return fail_map(err);
    }
    if (r.node != NULL && (flags & MAP_SHARED) != 0) {
        char *const at = mf_file_map_shared(r.node, r.offset, r.bytes, (prot & PROT_WRITE) != 0);
        return at != NULL ? at : fail_map(ENOMEM);
    }
    err = place(&r);
    if (err == 0) {
        err = fill(&r);
        if (err != 0) {
            clear(r.va, r.bytes);
            mf_va_free(r.va, r.bytes);
        }
    }
    return err == 0 ? (void *)(uintptr_t)r.va : fail_map(err);
}
void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset) MF_OWN(mmap);

int mf_own_munmap(void *address, size_t length)
{
    const uint64_t va = (uint64_t)(uintptr_t)address, bytes = page_up(length);
    const bool is_flat = is_in_flats(va, bytes);
    if ((va & PAGE_MASK) != 0 || bytes == 0 || (!is_flat && !is_in_maps(va, bytes))) {
        return (int)mf_ret(-EINVAL);
    }
    if (is_flat) {
        return (int)mf_ret(mf_file_unmap(va, bytes) ? 0 : -ENOMEM);
    }
    if (!clear(va, bytes)) {
        return (int)mf_ret(-ENOMEM);
    }
    mf_va_free(va, bytes);
    return 0;
}
int munmap(void *address, size_t length) MF_OWN(munmap);

/* ---- changing mappings --------------------------------------------------------------------- */

int mf_own_mprotect(void *address, size_t length, int prot)
{
    const uint64_t va = (uint64_t)(uintptr_t)address, bytes = page_up(length);
    const uint64_t pages = bytes / HV_PAGE_BYTES;
    if ((va & PAGE_MASK) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    if (is_write_and_execute(prot)) {
        return (int)mf_ret(-ENOTSUP);
    }
    if (bytes == 0) {
        return 0;
    }
    if (is_in_flats(va, bytes)) { /* the file itself must stay writable */
        return (int)mf_ret(prot == PROT_NONE || (prot & PROT_EXEC) != 0 ? -ENOTSUP : 0);
    }
    if (!is_in_maps(va, bytes)) { /* parts of the program, the heap */
        if (prot == PROT_NONE) {
            return (int)mf_ret(-ENOTSUP);
        }
        return (int)mf_ret(hv_mem_protect(va, pages, hv_prot(prot)) < 0 ? -ENOMEM : 0);
    }
    if (prot == PROT_NONE) {
        return (int)mf_ret(mf_hidden_hide(va, pages));
    }
    return (int)mf_ret(mf_hidden_show(va, pages, hv_prot(prot)));
}
int mprotect(void *address, size_t length, int prot) MF_OWN(mprotect);

/* A longer shared mapping begins where the old one does: at the file's contents. */
static void *grow_shared(uint64_t va, uint64_t old_bytes, uint64_t new_bytes)
{
    struct mf_node *n;
    uint64_t offset;
    if (!mf_file_find_shared(va, old_bytes, &n, &offset)) {
        return fail_map(EFAULT);
    }
    if (offset + new_bytes > n->file.flat_bytes) {
        return fail_map(ENOMEM);
    }
    char *const at = mf_file_map_shared(n, offset, new_bytes, true);
    if (at == NULL || !mf_file_unmap(va, old_bytes)) {
        return fail_map(ENOMEM);
    }
    return at;
}

static void *grow(uint64_t va, uint64_t old_bytes, uint64_t new_bytes, bool may_move)
{
    const uint64_t more = new_bytes - old_bytes, behind = va + old_bytes;
    if (is_in_maps(va, new_bytes) && mf_va_is_free(behind, more)) {
        if (mf_va_take(behind, more) &&
            hv_mem_map(behind, more / HV_PAGE_BYTES, HV_PROT_READ | HV_PROT_WRITE) >= 0) {
            return (void *)(uintptr_t)va;
        }
        return fail_map(ENOMEM);
    }
    if (!may_move) {
        return fail_map(ENOMEM);
    }
    void *const to =
        mmap(NULL, new_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (to != MAP_FAILED) {
        memcpy(to, (const void *)(uintptr_t)va, old_bytes);
        munmap((void *)(uintptr_t)va, old_bytes);
    }
    return to;
}

/* What is added to an anonymous mapping is readable and writable. */
void *mf_own_mremap(void *address, size_t old_length, size_t new_length, int flags, ...)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;
    const uint64_t old_bytes = page_up(old_length), new_bytes = page_up(new_length);
    const bool is_flat = is_in_flats(va, old_bytes);
    if ((va & PAGE_MASK) != 0 || old_bytes == 0 || new_bytes == 0 ||
        (flags & ~MREMAP_MAYMOVE) != 0 || (!is_flat && !is_in_maps(va, old_bytes))) {
        return fail_map(EINVAL);
    }
    if (new_bytes <= old_bytes) {
        const bool is_same = new_bytes == old_bytes;
        return is_same || munmap((char *)address + new_bytes, old_bytes - new_bytes) == 0
                   ? address
                   : MAP_FAILED;
    }
    return is_flat ? grow_shared(va, old_bytes, new_bytes)
                   : grow(va, old_bytes, new_bytes, (flags & MREMAP_MAYMOVE) != 0);
}
void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...) MF_OWN(mremap);

/* Zero pages, or the file's contents again; afterwards readable and writable. */
static int discard(uint64_t va, uint64_t bytes)
{
    const uint64_t pages = bytes / HV_PAGE_BYTES;
    mf_hidden_drop(va, pages);
    if (hv_mem_unmap(va, pages) < 0 || hv_mem_map(va, pages, HV_PROT_READ | HV_PROT_WRITE) < 0) {
        return -ENOMEM;
    }
    mf_file_refill(va, bytes);
    return 0;
}

int mf_own_madvise(void *address, size_t length, int advice)
{
    const uint64_t va = (uint64_t)(uintptr_t)address, bytes = page_up(length);
    const bool is_known = (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || advice == MADV_FREE;
    if ((va & PAGE_MASK) != 0 || !is_known) {
        return (int)mf_ret(-EINVAL);
    }
    if ((advice != MADV_DONTNEED && advice != MADV_FREE) || bytes == 0 || is_in_flats(va, bytes)) {
        return 0; /* advice on use may be ignored; the contents of a file stay */
    }
    if (!is_in(va, bytes, HV_HEAP_BASE, MF_MAP_END)) {
        return (int)mf_ret(-EINVAL);
    }
    return (int)mf_ret(discard(va, bytes));
}
int madvise(void *address, size_t length, int advice) MF_OWN(madvise);

int posix_madvise(void *address, size_t length, int advice)
{
    const bool is_known = advice >= POSIX_MADV_NORMAL && advice <= POSIX_MADV_DONTNEED;
    (void)length; /* none of it may change what the memory holds: nothing is done */
    return ((uint64_t)(uintptr_t)address & PAGE_MASK) != 0 || !is_known ? EINVAL : 0;
}

/* ---- memory and stores behind it: there is none slower ---------------------------------------- */

static bool is_all_locked;

int msync(void *address, size_t length, int flags)
{
    mf_thread_test_cancel();
    const uint64_t va = (uint64_t)(uintptr_t)address, bytes = page_up(length);
    const int both = MS_ASYNC | MS_SYNC;
    if ((va & PAGE_MASK) != 0 || (flags & ~(both | MS_INVALIDATE)) != 0 || (flags & both) == both) {
        return (int)mf_ret(-EINVAL);
    }
    if (!is_in(va, bytes, MF_MAP_BASE, HV_GUEST_END)) {
        return (int)mf_ret(-ENOMEM);
    }
    if (is_all_locked && (flags & MS_INVALIDATE) != 0) {
        return (int)mf_ret(-EBUSY);
    }
    mf_file_touch(va, bytes);
    return 0;
}

/* Memory is never anywhere else; what cannot be memory is still an error. */
int mlock(const void *address, size_t length)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;
    return (int)mf_ret(va > HV_GUEST_END || length > HV_GUEST_END - va ? -ENOMEM : 0);
}

int munlock(const void *address, size_t length)
{
    return mlock(address, length);
}

int mlockall(int flags)
{
    if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE)) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    is_all_locked = true;
    return 0;
}

int munlockall(void)
{
    is_all_locked = false;
    return 0;
}
