// SPDX-License-Identifier: Apache-2.0
// memory: 96M
// Memory mappings: of files, shared and private, anonymous, changed and removed in parts.
#include "tap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)

static bool fails_with(void *result, int error)
{
    return result == MAP_FAILED && errno == error;
}

static int new_file(const char *path, size_t bytes)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    for (size_t i = 0; i < bytes; i += 8) {
        char text[9];
        snprintf(text, sizeof(text), "%08zu", i);
        if (write(fd, text, 8) != 8) {
            return -1;
        }
    }
    return fd;
}

static sigjmp_buf jump;
static siginfo_t fault;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    fault = *info;
    siglongjmp(jump, 1);
}

/* The signal that reading there raises, or 0. */
static int touch(const volatile char *at)
{
    if (sigsetjmp(jump, 1) != 0) {
        return fault.si_addr == (void *)(uintptr_t)at ? fault.si_signo : -1;
    }
    (void)*at;
    return 0;
}

static void test_ends(void)
{
    const struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &a, NULL);
    sigaction(SIGSEGV, &a, NULL);
    const int fd = new_file("/tmp/ends", 96);
    char *const m = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
    tap_check(touch(m + PAGE - 1) == 0 && touch(m + PAGE) == SIGBUS &&
                  fault.si_code == BUS_ADRERR && touch(m + 8 * PAGE - 1) == SIGBUS,
              "pages behind the end raise SIGBUS");
    tap_check(touch(m + 8 * PAGE) == SIGSEGV, "those behind the mapping SIGSEGV");
    tap_check(pwrite(fd, "x", 1, 2 * PAGE) == 1 && touch(m + PAGE) == 0 && m[2 * PAGE] == 'x' &&
                  touch(m + 3 * PAGE) == SIGBUS,
              "write() moves the end");
    tap_check(ftruncate(fd, 5 * PAGE) == 0 && touch(m + 5 * PAGE - 1) == 0 &&
                  touch(m + 5 * PAGE) == SIGBUS && posix_fallocate(fd, 0, 5 * PAGE + 1) == 0 &&
                  touch(m + 5 * PAGE) == 0,
              "ftruncate() and posix_fallocate(), too");
    tap_check(ftruncate(fd, PAGE + 1) == 0 && touch(m + PAGE) == 0 && touch(m + 2 * PAGE) == SIGBUS,
              "and back");
    munmap(m, 8 * PAGE);
    tap_check(pwrite(fd, "y", 1, 20 * PAGE) == 1 && pwrite(fd, "z", 1, 21 * PAGE) == 1,
              "a file that is not mapped any more grows");
    char *const again = mmap(NULL, 32 * PAGE, RW, MAP_SHARED, fd, 0);
    tap_check(again[20 * PAGE] == 'y' && again[21 * PAGE] == 'z' && again[0] == '0' &&
                  touch(again + 22 * PAGE) == SIGBUS,
              "and is mapped to its end again");
    munmap(again, 32 * PAGE);
    close(fd);
    const int empty = shm_open("/ends", O_RDWR | O_CREAT, 0600);
    char *const e = mmap(NULL, PAGE, RW, MAP_SHARED, empty, 0);
    tap_check(touch(e) == SIGBUS && ftruncate(empty, 1) == 0 && touch(e) == 0,
              "an empty object has no pages");
    munmap(e, PAGE);
    close(empty);
}

static void test_shared(void)
{
    char text[16] = {0};
    struct stat st;
    const int fd = new_file("/tmp/shared", 3 * PAGE);
    char *const m = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
    tap_check(m != MAP_FAILED && memcmp(m + PAGE, "00004096", 8) == 0,
              "a shared mapping shows the file");
    memcpy(m + PAGE, "mapping ", 8);
    tap_check(pread(fd, text, 8, PAGE) == 8 && memcmp(text, "mapping ", 8) == 0,
              "the file has what the mapping wrote");
    tap_check(pwrite(fd, "pwritten", 8, 8) == 8 && memcmp(m + 8, "pwritten", 8) == 0,
              "the mapping has what write() wrote");
    char *const second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
    tap_check(second != MAP_FAILED && memcmp(second, "mapping ", 8) == 0,
              "a second mapping shows the same");
    tap_check(munmap(m, 3 * PAGE) == 0 && memcmp(second, "mapping ", 8) == 0,
              "one mapping outlives the other");
    tap_check(close(fd) == 0 && unlink("/tmp/shared") == 0 && second[0] == 'm',
              "a mapping outlives the file's name and descriptor");
    tap_check(munmap(second, PAGE) == 0, "and ends");
    const int grows = new_file("/tmp/grows", 100);
    char *const g = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, grows, 0);
    tap_check(g[104] == 0 && g[PAGE - 1] == 0, "behind the end there are zeros in its page");
    g[200] = 'x';
    tap_check(ftruncate(grows, 2 * PAGE) == 0 && g[200] == 0 && fstat(grows, &st) == 0 &&
                  st.st_size == 2 * PAGE,
              "what was written behind the end is not part of the file");
    tap_check(pwrite(grows, "end", 3, 2 * PAGE - 3) == 3 && memcmp(g + 2 * PAGE - 3, "end", 3) == 0,
              "the file grows under its mapping");
    g[PAGE] = 'y';
    tap_check(ftruncate(grows, PAGE) == 0 && ftruncate(grows, 2 * PAGE) == 0 && g[PAGE] == 0,
              "a page that was cut off comes back as zeros");
    tap_check(msync(g, 2 * PAGE, MS_SYNC) == 0 && msync(g, PAGE, MS_SYNC | MS_ASYNC) == -1 &&
                  errno == EINVAL,
              "msync has nothing to do and looks at its flags");
    char *const longer = mremap(g, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    tap_check(longer == g && ftruncate(grows, 64 * PAGE) == 0 && (longer[63 * PAGE] = 'z') &&
                  pread(grows, text, 1, 63 * PAGE) == 1 && text[0] == 'z',
              "mremap makes a shared mapping longer");
    tap_check(fails_with(mmap(NULL, 128 << 20, RW, MAP_SHARED, grows, 0), ENOMEM) &&
                  longer[63 * PAGE] == 'z',
              "a mapped file does not move for a mapping that is too large");
    munmap(longer, 64 * PAGE);
    close(grows);
}

static void test_private(void)
{
    char text[8];
    const int fd = new_file("/tmp/private", 2 * PAGE);
    char *const m = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    memcpy(m, "changed!", 8);
    tap_check(pread(fd, text, 8, 0) == 8 && memcmp(text, "00000000", 8) == 0,
              "a private mapping changes no file");
    tap_check(madvise(m, PAGE, MADV_DONTNEED) == 0 && memcmp(m, "00000000", 8) == 0,
              "MADV_DONTNEED shows the file again");
    munmap(m, 2 * PAGE);
    const int read_only = open("/tmp/private", O_RDONLY);
    const int write_only = open("/tmp/private", O_WRONLY);
    tap_check(fails_with(mmap(NULL, PAGE, RW, MAP_SHARED, read_only, 0), EACCES),
              "shared and writable needs O_RDWR");
    tap_check(fails_with(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0), EACCES),
              "a file that cannot be read cannot be mapped");
    tap_check(fails_with(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF), "EBADF");
    tap_check(fails_with(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 5), EINVAL),
              "an offset within a page is EINVAL");
    tap_check(fails_with(mmap(NULL, PAGE, PROT_READ, 0, fd, 0), EINVAL),
              "neither shared nor private is EINVAL");
    tap_check(fails_with(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL), "no bytes: EINVAL");
    tap_check(fails_with(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 1, 0), ENODEV),
              "the console cannot be mapped");
    close(fd);
    close(read_only);
    close(write_only);
}

static void test_anonymous(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    char *const m = mmap(NULL, 8 * PAGE, RW, flags | MAP_POPULATE | MAP_NORESERVE, -1, 0);
    m[0] = m[3 * PAGE] = m[7 * PAGE] = 'a';
    tap_check(munmap(m + 2 * PAGE, 2 * PAGE) == 0 && m[0] == 'a' && m[7 * PAGE] == 'a',
              "the middle can be unmapped");
    char *const hole = mmap(m + 2 * PAGE, 2 * PAGE, RW, flags, -1, 0);
    tap_check(hole == m + 2 * PAGE && hole[PAGE] == 0, "a hint that is free is taken");
    char *const hint = mmap(m, PAGE, RW, flags, -1, 0);
    tap_check(hint != m && m[0] == 'a', "a hint that is not free is not");
    tap_check(fails_with(mmap(m, PAGE, RW, flags | MAP_FIXED_NOREPLACE, -1, 0), EEXIST),
              "MAP_FIXED_NOREPLACE does not replace");
    tap_check(mmap(m, PAGE, RW, flags | MAP_FIXED, -1, 0) == m && m[0] == 0,
              "MAP_FIXED replaces what was there");
    tap_check(fails_with(mmap(m + 1, PAGE, RW, flags | MAP_FIXED, -1, 0), EINVAL),
              "MAP_FIXED in the middle of a page is EINVAL");
    m[7 * PAGE] = 'b';
    tap_check(madvise(m + 7 * PAGE, PAGE, MADV_DONTNEED) == 0 && m[7 * PAGE] == 0,
              "MADV_DONTNEED gives zeros");
    m[7 * PAGE] = 'c';
    tap_check(mprotect(m + 7 * PAGE, PAGE, PROT_NONE) == 0 &&
                  mprotect(m + 7 * PAGE, PAGE, PROT_READ) == 0 && m[7 * PAGE] == 'c',
              "a page without access keeps its contents");
    tap_check(munmap(m, 8 * PAGE) == 0 && munmap(m, 8 * PAGE) == 0, "unmapping twice is no error");
    char *const a = mmap(NULL, 4 * PAGE, RW, flags, -1, 0), *b = mmap(NULL, PAGE, RW, flags, -1, 0);
    tap_check(a != MAP_FAILED && b != MAP_FAILED && (b < a || b >= a + 4 * PAGE),
              "and nothing is given out twice");
    char *const reserved = mmap(NULL, 1 << 30, PROT_NONE, flags, -1, 0);
    tap_check(reserved != MAP_FAILED && mprotect(reserved + PAGE, PAGE, RW) == 0 &&
                  (reserved[PAGE] = 'r') == 'r',
              "a part of reserved address space can be used");
    a[0] = 'm';
    char *const moved = mremap(a, 4 * PAGE, 4000 * PAGE, MREMAP_MAYMOVE);
    tap_check(moved != MAP_FAILED && moved[0] == 'm' && moved[3999 * PAGE] == 0, "mremap grows");
    tap_check(fails_with(mmap(NULL, PAGE, RW | PROT_EXEC, flags, -1, 0), ENOTSUP),
              "writable and executable is ENOTSUP");
}

static void test_shm(void)
{
    const int fd = shm_open("/area", O_RDWR | O_CREAT | O_EXCL, 0600);
    tap_check(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0, "a shared memory object");
    int *const m = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    m[1000] = 7;
    const int again = shm_open("area", O_RDWR, 0);
    const int *const n = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, again, 0);
    tap_check(n[1000] == 7, "another descriptor sees what was written");
    tap_check(shm_unlink("/area") == 0 && shm_open("/area", O_RDWR, 0) == -1 && errno == ENOENT,
              "shm_unlink removes the name");
    tap_check(m[1000] == 7, "the memory stays");
    tap_check(shm_open("/a/b", O_RDWR | O_CREAT, 0600) == -1 && errno == EINVAL,
              "a name has no slash in the middle");
    tap_check(mlock(m, PAGE) == 0 && mlockall(MCL_CURRENT) == 0 && mlockall(0) == -1, "mlock");
}

int main(void)
{
    test_shared();
    test_ends();
    test_private();
    test_anonymous();
    test_shm();
    return tap_done();
}
