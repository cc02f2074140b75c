// SPDX-License-Identifier: Apache-2.0
// Heap and mappings.
#include "tap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

static jmp_buf back;

static void on_fault(int sig)
{
    longjmp(back, sig);
}

static bool faults(volatile char *p, bool write)
{
    signal(SIGSEGV, on_fault);
    if (setjmp(back) != 0) {
        return true;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    if (write) {
        *p = 1;
    } else {
        (void)*p;
    }
    return false;
}

static void test_heap(void)
{
    static char *p[2000];
    bool good = true;
    for (size_t i = 0; i < 2000; i++) {
        const size_t n = (i * 7919) % 5000 + 1;
        p[i] = malloc(n);
        good = good && p[i] != NULL && (uintptr_t)p[i] % 16 == 0;
        memset(p[i], (int)i, n);
    }
    for (size_t i = 0; i < 2000; i++) {
        good = good && p[i][0] == (char)i;
        free(p[i]);
    }
    tap_check(good, "malloc gives aligned memory of its own");
    char *const big = calloc(1, 16 << 20);
    tap_check(big != NULL && big[0] == 0 && big[(16 << 20) - 1] == 0, "16 MiB of zeros");
    memset(big, 1, 8 << 20);
    free(big);
    char *const again = calloc(1, 8 << 20);
    good = again != NULL;
    for (size_t i = 0; good && i < 8 << 20; i += 64) {
        good = again[i] == 0;
    }
    tap_check(good, "calloc's memory is zero also when it was used before");
    free(again);
    void *aligned = NULL;
    tap_check(posix_memalign(&aligned, 4096, 100) == 0 && (uintptr_t)aligned % 4096 == 0,
              "posix_memalign");
    free(aligned);
}

static void test_mappings(void)
{
    char *const p =
        mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tap_check(p != MAP_FAILED && p[0] == 0 && (p[10 * PAGE - 1] = 1) == 1, "mmap gives zero pages");
    tap_check(mprotect(p + PAGE, PAGE, PROT_READ) == 0 && faults(p + PAGE, true) &&
                  !faults(p + PAGE, false) && !faults(p, true),
              "mprotect takes away the right to write");
    tap_check(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0 && !faults(p + PAGE, true),
              "and gives it back");
    tap_check(munmap(p + 4 * PAGE, PAGE) == 0 && faults(p + 4 * PAGE, false) && p[0] == 1,
              "munmap makes a hole");
    char *const q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tap_check(q == p + 4 * PAGE && q[0] == 0, "which is used again");
    tap_check(munmap(p, 10 * PAGE) == 0 && faults(p, false), "munmap of all of it");
    errno = 0;
    tap_check(mmap(NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                      MAP_FAILED &&
                  errno == ENOTSUP,
              "writable and executable is ENOTSUP");
    char *const none = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tap_check(none != MAP_FAILED && faults(none, false) &&
                  mprotect(none, 2 * PAGE, PROT_READ | PROT_WRITE) == 0 && !faults(none, true) &&
                  faults(none + 2 * PAGE, false),
              "PROT_NONE reserves, mprotect populates");
    tap_check(madvise(none, PAGE, MADV_DONTNEED) == 0 && none[0] == 0, "MADV_DONTNEED zeroes");
    munmap(none, 4 * PAGE);
    const int fd = open("/tmp/m", O_RDWR | O_CREAT, 0600);
    write(fd, "mapped", 6);
    char *const f = mmap(NULL, 100, PROT_READ, MAP_PRIVATE, fd, 0);
    tap_check(f != MAP_FAILED && memcmp(f, "mapped\0", 7) == 0 && faults(f, true),
              "a private mapping of a file");
    close(fd);
}

static void test_string(void)
{
    static unsigned char a[10000], b[10000], c[10000];
    bool copies = true, moves = true, sets = true, compares = true, lengths = true;
    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] = (unsigned char)(i * 31 % 251 + 1);
    }
    static const size_t sizes[] = {0,   1,   2,    3,    4,    5,    7,    8,   9,   15,
                                   16,  17,  31,   32,   33,   63,   64,   65,  100, 127,
                                   129, 255, 1460, 2047, 2048, 2049, 4099, 9000};
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        const size_t n = sizes[s];
        for (size_t shift = 0; shift < 20; shift += 3) {
            memset(b, 0, sizeof(b));
            memcpy(b + shift, a + 5, n);
            copies = copies && b[shift + n] == 0 && (shift == 0 || b[shift - 1] == 0);
            for (size_t i = 0; i < n; i++) {
                copies = copies && b[shift + i] == a[5 + i];
            }
            memset(b + shift, 0xa5, n);
            sets = sets && b[shift + n] == 0 && (shift == 0 || b[shift - 1] == 0);
            for (size_t i = 0; i < n; i++) {
                sets = sets && b[shift + i] == 0xa5;
            }
            for (int up = 0; up < 2; up++) {
                memcpy(c, a, sizeof(c));
                memmove(c + (up ? shift : 0), c + (up ? 0 : shift), n);
                for (size_t i = 0; i < n; i++) {
                    moves = moves && c[(up ? shift : 0) + i] == a[(up ? 0 : shift) + i];
                }
            }
            memcpy(b, a, sizeof(b));
            compares = compares && memcmp(a + shift, b + shift, n) == 0;
            if (n > 0) {
                b[shift + n - 1]++;
                compares = compares && memcmp(a + shift, b + shift, n) < 0 &&
                           memcmp(b + shift, a + shift, n) > 0;
            }
            memcpy(b, a, sizeof(b));
            b[shift + n] = 0;
            lengths = lengths && strlen((char *)b + shift) == n;
        }
    }
    tap_check(copies, "memcpy copies what it shall, at all sizes and alignments");
    tap_check(moves, "memmove copes with overlap");
    tap_check(sets, "memset");
    tap_check(compares, "memcmp");
    tap_check(lengths, "strlen");
}

int main(void)
{
    test_heap();
    test_mappings();
    test_string();
    return tap_done();
}
