/* SPDX-License-Identifier: Apache-2.0 */
/* idle - a guest that is ready (stdio was used, threads and console are there) and then waits for
 * ever. */
#include <mayfly.h>
#include <poll.h>
#include <stdio.h>

int main(void)
{
    printf("idle\n");
    fflush(stdout);
    mf_ready();
    for (;;) {
        poll(NULL, 0, -1);
    }
}
