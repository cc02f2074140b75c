/* SPDX-License-Identifier: Apache-2.0 */
/* seed.c - see seed.h. */
#include "seed.h"

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>

#include "mayfly/hypercall.h"

#define TRIES 10 /* Intel SDM vol. 1, 7.3.17: more than ten failures mean that it is broken */

static bool has_rdrand(void)
{
    static int known; /* 0: not looked yet, 1: no, 2: yes */
    unsigned int a, b, c, d;
    if (known == 0) {
        known = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_RDRND) != 0 ? 2 : 1;
    }
    return known == 2;
}

static bool rdrand(uint64_t *out)
{
    for (int i = 0; i < TRIES; i++) {
        unsigned char ok;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok)::"cc");
        if (ok) {
            return true;
        }
    }
    return false;
}

void seed_make(uint64_t seed[4])
{
    struct hv_machine_info info;

    if (has_rdrand() && rdrand(&seed[0]) && rdrand(&seed[1]) && rdrand(&seed[2]) &&
        rdrand(&seed[3])) {
        return;
    }
    if (hv_machine_info(&info) >= 0) {
        memcpy(seed, info.seed, sizeof(info.seed));
    }
}
