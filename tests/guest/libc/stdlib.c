// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// Numbers, sorting, the heap, the environment.
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

static void text_becomes_numbers(void)
{
    char *end;
    errno = 0;
    tap_check(strtol(" -42x", &end, 10) == -42 && *end == 'x', "strtol stops at what is no digit");
    tap_check(strtoul("0xff", NULL, 0) == 255 && strtol("077", NULL, 0) == 63, "bases are guessed");
    tap_check(strtol("zz", NULL, 36) == 1295, "base 36");
    tap_check(errno == 0 && strtoll("99999999999999999999", NULL, 10) == LLONG_MAX &&
                  errno == ERANGE,
              "too much is ERANGE");
    tap_check(strtod("1e400", NULL) == HUGE_VAL, "too much is infinite");
    tap_check(strtod("0x1.8p1", &end) == 3.0 && *end == '\0', "hexadecimal");
    tap_check(isnan(strtod("nan", NULL)) && isinf(strtod("-inf", NULL)), "nan and inf");
    tap_check(strtod("2.2250738585072011e-308", NULL) > 0, "the number that hung PHP");
    tap_check(atoi("17") == 17 && atof("0.5") == 0.5, "atoi and atof");
}

/* Doubles of random bits survive printing with 17 digits and reading. */
static void doubles_survive_a_round_trip(void)
{
    uint64_t state = 42;
    int bad = 0;
    for (int i = 0; i < 2000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double d;
        char text[40];
        memcpy(&d, &state, sizeof(d));
        if (!isfinite(d)) {
            continue;
        }
        snprintf(text, sizeof(text), "%.17g", d);
        bad += strtod(text, NULL) != d;
    }
    tap_equal(bad, 0, "doubles survive a round trip through text");
}

static int by_value(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void numbers_are_sorted(void)
{
    enum { COUNT = 5000 };
    static int numbers[COUNT];
    srand(7);
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = rand() % 1000;
    }
    qsort(numbers, COUNT, sizeof(int), by_value);
    bool sorted = true;
    for (int i = 1; i < COUNT; i++) {
        sorted = sorted && numbers[i - 1] <= numbers[i];
    }
    tap_check(sorted, "qsort sorts");
    const int wanted = numbers[COUNT / 2], absent = 1000;
    const int *found = bsearch(&wanted, numbers, COUNT, sizeof(int), by_value);
    tap_check(found != NULL && *found == wanted, "bsearch finds");
    tap_check(bsearch(&absent, numbers, COUNT, sizeof(int), by_value) == NULL,
              "only what is there");
}

enum { BLOCKS = 256, STEPS = 20000 };

struct block {
    unsigned char *at;
    size_t bytes;
    unsigned char fill;
};

static bool block_is_intact(const struct block *b)
{
    for (size_t i = 0; i<b->bytes; i += b->bytes> 64 ? b->bytes / 61 : 1) {
        if (b->at[i] != b->fill) {
            return false;
        }
    }
    return b->bytes == 0 || b->at[b->bytes - 1] == b->fill;
}

/* Random sizes up to 64 KiB, some reallocated; each block keeps its own pattern. */
static void the_heap_keeps_blocks_apart(void)
{
    static struct block blocks[BLOCKS];
    bool intact = true, aligned = true, got = true;
    for (int step = 0; step < STEPS && got; step++) {
        struct block *b = &blocks[(unsigned int)rand() % BLOCKS];
        const size_t bytes = (size_t)rand() % (rand() % 8 == 0 ? 65536 : 512);
        intact = intact && block_is_intact(b);
        if (rand() % 2 == 0) {
            free(b->at);
            b->at = malloc(bytes);
        } else {
            const size_t kept = b->bytes < bytes ? b->bytes : bytes;
            b->at = realloc(b->at, bytes + 1);
            b->bytes = kept;
            intact = intact && (b->at == NULL || block_is_intact(b));
        }
        got = b->at != NULL || bytes == 0;
        aligned = aligned && (uintptr_t)b->at % 16 == 0;
        b->bytes = b->at == NULL ? 0 : bytes;
        b->fill = (unsigned char)step;
        memset(b->at, b->fill, b->bytes);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        intact = intact && block_is_intact(&blocks[i]);
        free(blocks[i].at);
    }
    tap_check(got, "memory is there");
    tap_check(aligned, "blocks are aligned to 16 bytes");
    tap_check(intact, "no block is written through another");
}

static void special_allocations_work(void)
{
    unsigned char *zeros = calloc(1000, 100);
    size_t sum = 0;
    for (size_t i = 0; zeros != NULL && i < 100000; i++) {
        sum += zeros[i];
    }
    tap_check(zeros != NULL && sum == 0, "calloc gives zeros");
    free(zeros);
    volatile size_t huge = SIZE_MAX / 2;
    errno = 0;
    tap_check(malloc(huge) == NULL && errno == ENOMEM, "too much is ENOMEM");
    tap_check(calloc(huge, 4) == NULL, "calloc sees the overflow");
    void *page = NULL;
    tap_check(posix_memalign(&page, 4096, 100) == 0 && (uintptr_t)page % 4096 == 0,
              "posix_memalign aligns");
    free(page);
    page = aligned_alloc(256, 512);
    tap_check(page != NULL && (uintptr_t)page % 256 == 0, "aligned_alloc too");
    free(page);
    void *big = malloc(8 << 20);
    tap_check(big != NULL && memset(big, 1, 8 << 20) == big, "8 MiB in one block");
    free(big);
}

static void the_environment_changes(void)
{
    tap_check(setenv("NAME", "value", 1) == 0 && strcmp(getenv("NAME"), "value") == 0, "setenv");
    tap_check(setenv("NAME", "other", 0) == 0 && strcmp(getenv("NAME"), "value") == 0,
              "without overwriting");
    tap_check(unsetenv("NAME") == 0 && getenv("NAME") == NULL, "unsetenv");
    static char assignment[] = "PUT=1";
    tap_check(putenv(assignment) == 0 && strcmp(getenv("PUT"), "1") == 0, "putenv");
}

int main(void)
{
    text_becomes_numbers();
    doubles_survive_a_round_trip();
    numbers_are_sorted();
    the_heap_keeps_blocks_apart();
    special_allocations_work();
    the_environment_changes();
    tap_check(div(-7, 2).quot == -3 && llabs(-5) == 5, "div and llabs");
    return tap_done();
}
