// SPDX-License-Identifier: Apache-2.0
// memory: 64M
/*
 * ledger - pages whose contents somebody else keeps book of (tests/programs/lifecycle.c). Each line of
 * standard input is `TOKEN COMMAND`, each answer `=TOKEN ANSWER`:
 *
 *     w PAGE VALUE   fills a page with what follows from page and value (1 to 255)
 *     z PAGE         makes it zeros again: a mapping is given back and mapped anew
 *     c VALUES       compares all pages with these values, two hexadecimal digits each; 00: zeros
 *     h COUNT        takes that many further pages, to have them
 *     f              gives those back
 *     x              ends
 *
 * The pages lie in .bss, on the heap, in a mapping near to each other and in one far apart.
 */
#include <mayfly.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u
#define WORDS (PAGE / sizeof(uint64_t))
#define EACH 6u
#define PAGES (4 * EACH)
#define NEAR (3 * PAGE)
#define FAR (41u << 20)

static uint8_t in_bss[EACH][PAGE] __attribute__((aligned(PAGE)));
static uint8_t *in_heap, *near, *far;

static uint64_t *page_at(unsigned page)
{
    const unsigned kind = page / EACH, i = page % EACH;
    uint8_t *const at = kind == 0   ? in_bss[i]
                        : kind == 1 ? in_heap + i * PAGE
                        : kind == 2 ? near + i * NEAR
                                    : far + (size_t)i * FAR;
    return (uint64_t *)(void *)at;
}

static uint64_t word_of(unsigned page, unsigned value, unsigned i)
{
    return value == 0 ? 0 : (((uint64_t)page << 8) + value) * 0x9e3779b97f4a7c15u + i;
}

static void fill(unsigned page, unsigned value)
{
    uint64_t *const words = page_at(page);
    for (unsigned i = 0; i < WORDS; i++) {
        words[i] = word_of(page, value, i);
    }
}

static int make_zero(unsigned page)
{
    void *const at = page_at(page);

    if (page < 2 * EACH) {
        memset(at, 0, PAGE);
        return 1;
    }
    return munmap(at, PAGE) == 0 && mmap(at, PAGE, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at;
}

/* The first page that is not what `values` says; PAGES: all are right. */
static unsigned first_wrong(const char *values)
{
    char digits[3] = "";

    for (unsigned page = 0; page < PAGES; page++) {
        const uint64_t *const words = page_at(page);
        memcpy(digits, values + 2 * page, 2);
        const unsigned value = (unsigned)strtoul(digits, NULL, 16);
        for (unsigned i = 0; i < WORDS; i++) {
            if (words[i] != word_of(page, value, i)) {
                return page;
            }
        }
    }
    return PAGES;
}

static void check(const char *token, const char *values)
{
    const unsigned wrong = strlen(values) != 2 * (size_t)PAGES ? 0 : first_wrong(values);

    if (wrong == PAGES) {
        printf("=%s good\n", token);
    } else {
        printf("=%s bad: page %u has %llx\n", token, wrong, (unsigned long long)page_at(wrong)[0]);
    }
}

static void *map(size_t bytes)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#define HOARD (1u << 30)

static uint8_t *hoard; /* address space for HOARD bytes, of which some pages are used */
static size_t hoarded;

static int take(size_t pages)
{
    if (hoard == NULL) {
        hoard = map(HOARD);
    }
    for (; hoard != MAP_FAILED && pages > 0 && hoarded + PAGE <= HOARD; pages--, hoarded += PAGE) {
        hoard[hoarded] = 1;
    }
    return pages == 0;
}

static int give_back(void)
{
    const int good = hoard == NULL || munmap(hoard, HOARD) == 0;
    hoard = NULL;
    hoarded = 0;
    return good;
}

static void obey(const char *token, char command, const char *words)
{
    char *end;
    const unsigned page = (unsigned)strtoul(words, &end, 10);

    if (command == 'c') {
        check(token, words);
    } else if (command == 'w' && page < PAGES) {
        fill(page, (unsigned)strtoul(end, NULL, 10));
        printf("=%s done\n", token);
    } else if (command == 'z' && page < PAGES) {
        printf("=%s %s\n", token, make_zero(page) ? "done" : "failed");
    } else if (command == 'h' || command == 'f') {
        printf("=%s %s\n", token, (command == 'h' ? take(page) : give_back()) ? "done" : "failed");
    } else if (command == 'x') {
        printf("=%s done\n", token);
        exit(0);
    } else {
        printf("=%s not understood\n", token);
    }
}

int main(void)
{
    char line[128];

    near = map(EACH * NEAR);
    far = map((size_t)EACH * FAR);
    in_heap = aligned_alloc(PAGE, EACH * PAGE);
    if (near == MAP_FAILED || far == MAP_FAILED || in_heap == NULL) {
        printf("ledger: no memory\n");
        return 1;
    }
    memset(in_heap, 0, EACH * PAGE);
    mf_ready();
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *const space = strchr(line, ' ');
        line[strcspn(line, "\r\n")] = 0;
        if (space != NULL && space[1] != 0) {
            *space = 0;
            obey(line, space[1], space[2] == ' ' ? space + 3 : "");
            fflush(stdout);
        }
    }
    printf("ledger: no more input\n");
    return 1;
}
