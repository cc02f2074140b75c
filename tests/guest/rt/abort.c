// SPDX-License-Identifier: Apache-2.0
// status: 134
// expect: assertion "2 + 2 == 5" failed
// expect: mayfly: abort() was called
// expect: disagree+0x
// A failed assertion prints a backtrace with names.
#include <assert.h>

static void __attribute__((noinline)) disagree(void)
{
    assert(2 + 2 == 5);
}

int main(void)
{
    disagree();
    return 0;
}
