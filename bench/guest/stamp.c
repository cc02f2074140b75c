/* SPDX-License-Identifier: Apache-2.0 */
/* stamp - prints the time-stamp counter at the first instruction of main(), for `measure` of dom0's
 * shell. */
#include <inttypes.h>
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
    printf("%" PRIu64 "\n", (uint64_t)__rdtsc());
    return 0;
}
