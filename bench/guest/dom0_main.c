/* SPDX-License-Identifier: Apache-2.0 */
/* dom0_main - linked with --wrap=main around dom0: says when main() begins. For
 * hv_boot_to_dom0_insns. */
#include <inttypes.h>
#include <stdio.h>
#include <x86intrin.h>

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv)
{
    const uint64_t tsc = __rdtsc();
    printf("dom0: main at %" PRIu64 "\n", tsc);
    return __real_main(argc, argv);
}
