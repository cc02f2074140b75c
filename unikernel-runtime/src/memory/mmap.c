/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap.c - POSIX memory mappings: anonymous ones, and private copies of files. Never writable and
 * executable. PROT_NONE reserves address space; taking access away from mapped pages is not
 * possible.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mayfly/hypercall.h"
#include "memory/memory.h"

#define PAGE_MASK ((uint64_t)HV_PAGE_BYTES - 1)

static int fail(int err)
{
    errno = err;
    return -1;
}

static bool range_is_valid(uint64_t va, uint64_t bytes)
{
    return (va & PAGE_MASK) == 0 && va >= MF_MAP_BASE && va < MF_MAP_END && bytes != 0 &&
           bytes <= MF_MAP_END - va;
}

static uint32_t hv_prot(int prot)
{
    return HV_PROT_READ | ((prot & PROT_WRITE) != 0 ? HV_PROT_WRITE : 0) |
           ((prot & PROT_EXEC) != 0 ? HV_PROT_EXEC : 0);
}

/* Fills [va, va + bytes) from the file; what lies behind its end stays zero. */
static int read_file(uint64_t va, size_t bytes, int fd, off_t offset)
{
    size_t done = 0;
    while (done < bytes) {
        char *const to = (char *)(uintptr_t)va + done;
        const ssize_t n = pread(fd, to, bytes - done, offset + (off_t)done);
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    return 0;
}

/* Maps at `va`, which is reserved and empty. On an error nothing is mapped. */
static int map_at(uint64_t va, uint64_t bytes, int prot, int fd, off_t offset)
{
    const uint64_t pages = bytes / HV_PAGE_BYTES;
    if (prot == PROT_NONE) {
        return 0;
    }
    const int first_prot = fd < 0 ? prot : PROT_READ | PROT_WRITE;
    if (hv_mem_map(va, pages, hv_prot(first_prot)) < 0) {
        return fail(ENOMEM);
    }
    if (fd >= 0 && read_file(va, bytes, fd, offset) != 0) {
        hv_mem_unmap(va, pages);
        return -1;
    }
    if (fd >= 0 && prot != first_prot && hv_mem_protect(va, pages, hv_prot(prot)) < 0) {
        hv_mem_unmap(va, pages);
        return fail(ENOMEM);
    }
    return 0;
}

static int check(size_t bytes, int prot, int flags, int fd, off_t offset)
{
    const int kind = flags & (MAP_SHARED | MAP_PRIVATE);
    if (bytes == 0 || (kind != MAP_SHARED && kind != MAP_PRIVATE) ||
        ((uint64_t)offset & PAGE_MASK) != 0) {
        return EINVAL;
    }
    if ((prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) != 0) {
        return ENOTSUP;
    }
    if ((flags & MAP_ANONYMOUS) == 0) {
        if (fd < 0) {
            return EBADF;
        }
        if (kind == MAP_SHARED && (prot & PROT_WRITE) != 0) {
            return ENODEV;
        }
    }
    return bytes > MF_MAP_END - MF_MAP_BASE ? ENOMEM : 0;
}

void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    const int err = check(length, prot, flags, fd, offset);
    if (err != 0) {
        errno = err;
        return MAP_FAILED;
    }
    const uint64_t bytes = (length + PAGE_MASK) & ~PAGE_MASK;
    const int file = (flags & MAP_ANONYMOUS) != 0 ? -1 : fd;
    uint64_t va = (uint64_t)(uintptr_t)address;
    if ((flags & MAP_FIXED) != 0) {
        if (!range_is_valid(va, bytes) || hv_mem_unmap(va, bytes / HV_PAGE_BYTES) < 0) {
            errno = EINVAL;
            return MAP_FAILED;
        }
        return map_at(va, bytes, prot, file, offset) == 0 ? address : MAP_FAILED;
    }
    va = mf_va_alloc(bytes, bytes >= HV_WINDOW_BYTES ? HV_WINDOW_BYTES : HV_PAGE_BYTES);
    if (va == 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    if (map_at(va, bytes, prot, file, offset) != 0) {
        mf_va_free(va, bytes);
        return MAP_FAILED;
    }
    return (void *)(uintptr_t)va;
}

int munmap(void *address, size_t length)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;
    const uint64_t bytes = (length + PAGE_MASK) & ~PAGE_MASK;
    if (!range_is_valid(va, bytes)) {
        return fail(EINVAL);
    }
    if (hv_mem_unmap(va, bytes / HV_PAGE_BYTES) < 0) {
        return fail(ENOMEM);
    }
    mf_va_free(va, bytes);
    return 0;
}

int mprotect(void *address, size_t length, int prot)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;
    const uint64_t bytes = (length + PAGE_MASK) & ~PAGE_MASK;
    if ((va & PAGE_MASK) != 0) {
        return fail(EINVAL);
    }
    if (prot == PROT_NONE || ((prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) != 0)) {
        return fail(ENOTSUP);
    }
    if (bytes == 0 || hv_mem_protect(va, bytes / HV_PAGE_BYTES, hv_prot(prot)) == 0) {
        return 0;
    }
    if (!range_is_valid(va, bytes)) {
        return fail(ENOMEM);
    }
    for (uint64_t page = va; page < va + bytes; page += HV_PAGE_BYTES) { /* parts are PROT_NONE */
        if (hv_mem_protect(page, 1, hv_prot(prot)) < 0 && hv_mem_map(page, 1, hv_prot(prot)) < 0) {
            return fail(ENOMEM);
        }
    }
    return 0;
}

int msync(void *address, size_t length, int flags)
{
    (void)flags; /* no mapping is written back to a file */
    return range_is_valid((uint64_t)(uintptr_t)address, length) ? 0 : fail(ENOMEM);
}

int madvise(void *address, size_t length, int advice)
{
    const uint64_t va = (uint64_t)(uintptr_t)address;
    const uint64_t bytes = (length + PAGE_MASK) & ~PAGE_MASK;
    const uint64_t pages = bytes / HV_PAGE_BYTES;
    if ((va & PAGE_MASK) != 0 || advice < MADV_NORMAL || advice > MADV_DONTNEED) {
        return fail(EINVAL);
    }
    if (advice != MADV_DONTNEED || pages == 0) {
        return 0; /* advice on use may be ignored */
    }
    if (!range_is_valid(va, bytes)) {
        return fail(EINVAL);
    }
    const bool is_gone = hv_mem_unmap(va, pages) >= 0;
    return is_gone && hv_mem_map(va, pages, HV_PROT_READ | HV_PROT_WRITE) >= 0 ? 0 : fail(ENOMEM);
}
