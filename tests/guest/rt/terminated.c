// SPDX-License-Identifier: Apache-2.0
// status: 142
// expect: before
// SIGALRM's default action ends the guest with 128 + 14.
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    puts("before");
    alarm(1);
    for (;;) {
        pause();
    }
}
