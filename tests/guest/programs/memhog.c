/* SPDX-License-Identifier: Apache-2.0 */
/* memhog - takes memory, one MiB after the other, and writes to it, until there is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const size_t limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 1u << 20; /* MiB */
    for (size_t i = 0; i < limit; i++) {
        char *p = malloc(1u << 20);
        if (p == NULL) {
            printf("memhog: malloc says no after %zu MiB\n", i);
            return 3;
        }
        memset(p, 1, 1u << 20);
        printf("memhog: %zu MiB\n", i + 1);
        fflush(stdout);
    }
    printf("memhog: done\n");
    return 0;
}
