/* SPDX-License-Identifier: Apache-2.0 */
/* flood.c - writes as many numbered lines of 10 bytes as its argument says: a reader that is slow
 * must get them all. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const long lines = argc > 1 ? atol(argv[1]) : 1000;

    for (long i = 0; i < lines; i++) {
        printf("%09ld\n", i);
    }
    return 0;
}
