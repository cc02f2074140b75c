// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// A program with large static arrays: all of them are there, zero, and apart from heap and stack.
#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

enum { BYTES = 9 << 20, STEP = 4096 };

static char first[BYTES], second[BYTES];
static char third[200000], fourth[200000]; /* above 256 KiB together only */
static int initialised[100000] = {1, 2, 3};
extern char __stack_bottom[], __stack_top[];

static bool is_inside(const void *p, const void *area, size_t bytes)
{
    return (uintptr_t)p >= (uintptr_t)area && (uintptr_t)p - (uintptr_t)area < bytes;
}

int main(void)
{
    bool zero = true, kept = true;
    for (size_t i = 0; i < BYTES; i += STEP) {
        zero = zero && first[i] == 0 && second[i] == 0;
        first[i] = 1;
        second[i] = 2;
    }
    for (size_t i = 0; i < sizeof(third); i += STEP) {
        zero = zero && third[i] == 0 && fourth[i] == 0;
        third[i] = 3;
        fourth[i] = 4;
    }
    tap_check(zero && second[BYTES - 1] == 0, "18 MiB of static data are zero");
    tap_check(initialised[2] == 3 && initialised[99999] == 0, "initialised data is there");

    char *small = malloc(100), *large = malloc(4 << 20);
    tap_check(small != NULL && large != NULL, "and so is the heap");
    if (small == NULL || large == NULL) {
        return tap_done();
    }
    memset(large, 3, 4 << 20);
    memset(small, 3, 100);
    for (size_t i = 0; i < BYTES; i += STEP) {
        kept = kept && first[i] == 1 && second[i] == 2;
    }
    for (size_t i = 0; i < sizeof(third); i += STEP) {
        kept = kept && third[i] == 3 && fourth[i] == 4;
    }
    tap_check(kept && initialised[1] == 2, "which lies elsewhere");
    tap_check(!is_inside(large, first, BYTES) && !is_inside(large, second, BYTES),
              "no block is in an array");
    tap_check(is_inside(__builtin_frame_address(0), __stack_bottom,
                        (size_t)(__stack_top - __stack_bottom)),
              "main() runs on the main stack");
    free(large);
    free(small);
    return tap_done();
}
