// SPDX-License-Identifier: Apache-2.0
// status: any
// expect: mayfly: page fault: write to
// expect: in a thread whose stack was overwritten
// expect: #00 0x
// expect: overrun+0x
// A loop that runs out of an array overwrites the thread object, too: the report copes with that.
#include <stddef.h>

static void __attribute__((noinline)) overrun(volatile char *p)
{
    for (;;) {
        *p++ = 0;
    }
}

int main(void)
{
    char array[16];
    overrun(array);
    return 0;
}
