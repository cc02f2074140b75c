// SPDX-License-Identifier: Apache-2.0
// memory: 256M
/*
 * pattern SEED MIB - fills memory with what follows from SEED. Whenever it finds itself to be a clone it
 * checks all of it, and changes it when that was the first time: some pages are written, zeroed,
 * unmapped, made read-only. Time never goes back for it.
 */
#include <mayfly.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define SPECIAL 16u /* pages of each kind */

static unsigned calls, phase = 1;
static uint64_t seed, pages, last_ns;
static uint8_t *memory;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void check_time(void)
{
    const uint64_t now = now_ns();
    if (now < last_ns) {
        printf("pattern %llu: FAILED: time went back\n", (unsigned long long)seed);
        exit(1);
    }
    last_ns = now;
}

static void on_clone(void *arg)
{
    ++*(unsigned *)arg;
    check_time();
}

static uint64_t word_of(uint64_t page, uint64_t of_phase, unsigned i)
{
    return ((seed << 40) + (page << 8) + of_phase) * 0x9e3779b97f4a7c15u + i;
}

static void fill(uint64_t page, uint64_t of_phase)
{
    uint64_t *const words = (uint64_t *)(void *)(memory + page * PAGE);
    for (unsigned i = 0; i < PAGE / sizeof(*words); i++) {
        words[i] = word_of(page, of_phase, i);
    }
}

static int is(uint64_t page, uint64_t of_phase)
{
    const uint64_t *const words = (const uint64_t *)(const void *)(memory + page * PAGE);
    for (unsigned i = 0; i < PAGE / sizeof(*words); i++) {
        if (words[i] != (of_phase == 0 ? 0 : word_of(page, of_phase, i))) {
            return 0;
        }
    }
    return 1;
}

static int is_within(uint64_t page, uint64_t from)
{
    return page >= from && page < from + SPECIAL;
}

/* What a page holds: a phase's pattern, or zeros (0). Every 10th is zero. */
static uint64_t content_of(uint64_t page)
{
    if (page % 10 == 9 || (phase == 2 && is_within(page, pages * 3 / 4))) {
        return 0;
    }
    return phase == 2 && page % 8 == 0 && !is_within(page, pages / 2) ? 2 : 1;
}

static int is_unmapped(uint64_t page)
{
    return phase == 2 && is_within(page, pages / 4);
}

static sigjmp_buf out;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(out, 1);
}

/* Whether touching the page ends in a fault. */
static int is_refused(uint64_t page, int write)
{
    volatile uint8_t *const at = memory + page * PAGE;

    if (sigsetjmp(out, 1) != 0) {
        return 1;
    }
    if (write) {
        *at = *at;
    } else {
        (void)*at;
    }
    return 0;
}

/* Nothing is where pages were unmapped, and what was made read-only is. */
static int check_refused(void)
{
    return phase != 2 || (is_refused(pages / 4, 0) && is_refused(pages / 4 + SPECIAL - 1, 0) &&
                          is_refused(pages / 2, 1) && is_refused(pages / 2 + SPECIAL - 1, 1));
}

static void check(void)
{
    for (uint64_t page = 0; page < pages; page++) {
        if (!is_unmapped(page) && !is(page, content_of(page))) {
            printf("pattern %llu: FAILED: page %llu\n", (unsigned long long)seed,
                   (unsigned long long)page);
            exit(1);
        }
    }
    if (!check_refused()) {
        printf("pattern %llu: FAILED: pages that must not be touched\n", (unsigned long long)seed);
        exit(1);
    }
    printf("pattern %llu: phase %u is right\n", (unsigned long long)seed, phase);
}

static void change(void)
{
    phase = 2;
    for (uint64_t page = 0; page < pages; page++) {
        if (content_of(page) == 2 && !is_unmapped(page)) {
            fill(page, 2);
        }
    }
    memset(memory + pages * 3 / 4 * PAGE, 0, SPECIAL * PAGE);
    if (munmap(memory + pages / 4 * PAGE, SPECIAL * PAGE) != 0 ||
        mprotect(memory + pages / 2 * PAGE, SPECIAL * PAGE, PROT_READ) != 0) {
        printf("pattern %llu: FAILED: to change\n", (unsigned long long)seed);
        exit(1);
    }
    printf("pattern %llu: changed\n", (unsigned long long)seed);
}

int main(int argc, char *argv[])
{
    unsigned seen = 0;

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    pages = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1) << 20 >> 12;
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mf_on_clone(on_clone, &calls) != 0) {
        printf("pattern %llu: FAILED: no memory\n", (unsigned long long)seed);
        return 1;
    }
    for (uint64_t page = 0; page < pages; page++) {
        if (content_of(page) == 1) {
            fill(page, 1);
        } else {
            memset(memory + page * PAGE, 0, PAGE); /* is not to be stored */
        }
    }
    signal(SIGSEGV, on_fault);
    printf("pattern %llu: filled\n", (unsigned long long)seed);
    for (;;) {
        fflush(stdout);
        usleep(20000); /* a timer that was set on another machine must expire here, too */
        check_time();
        if (calls != seen) {
            seen = calls;
            check();
            if (phase == 1) {
                change();
            }
        }
    }
}
