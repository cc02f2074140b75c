/* SPDX-License-Identifier: Apache-2.0 */
/* sys/mman.h - memory (POSIX.1-2008), Linux numbers. */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4

#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_ANON MAP_ANONYMOUS
#define MAP_NORESERVE 0x4000 /* address space costs nothing anyway */
#define MAP_POPULATE 0x8000
#define MAP_STACK 0x20000
#define MAP_FIXED_NOREPLACE 0x100000
#define MAP_FAILED ((void *)-1)

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8

#define POSIX_MADV_NORMAL 0
#define POSIX_MADV_RANDOM 1
#define POSIX_MADV_SEQUENTIAL 2
#define POSIX_MADV_WILLNEED 3
#define POSIX_MADV_DONTNEED 4

#define MCL_CURRENT 1
#define MCL_FUTURE 2

#define MREMAP_MAYMOVE 1

__BEGIN_DECLS
int madvise(void *address, size_t bytes, int advice);
int mlock(const void *address, size_t bytes);
int mlockall(int flags);
void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int mprotect(void *address, size_t bytes, int protection);
void *mremap(void *address, size_t old_bytes, size_t new_bytes, int flags, ...);
int msync(void *address, size_t bytes, int flags);
int munlock(const void *address, size_t bytes);
int munlockall(void);
int munmap(void *address, size_t bytes);
int posix_madvise(void *address, size_t bytes, int advice);
int shm_open(const char *name, int flags, mode_t mode);
int shm_unlink(const char *name);
__END_DECLS
