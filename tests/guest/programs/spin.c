/* SPDX-License-Identifier: Apache-2.0 */
/* spin - an endless loop. */
#include <stdio.h>

int main(void)
{
    printf("spin: running\n");
    fflush(stdout);
    for (;;) {
        __asm__ volatile("");
    }
}
