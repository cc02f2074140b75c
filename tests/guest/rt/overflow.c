// SPDX-License-Identifier: Apache-2.0
// status: any
// expect: mayfly: stack overflow
// expect: in thread 2 digger
// expect: dig+0x
// A thread that uses up its stack meets the guard page, and the report says so.
#include <pthread.h>
#include <stdio.h>

static volatile int bottomless = 1;

static int __attribute__((noinline)) dig(int depth)
{
    volatile char earth[512];
    earth[0] = (char)depth;
    return bottomless ? dig(depth + 1) + earth[0] : 0;
}

static void *start(void *arg)
{
    pthread_setname_np(pthread_self(), "digger");
    printf("%d\n", dig(0));
    return arg;
}

int main(void)
{
    pthread_t t;
    pthread_create(&t, NULL, start, NULL);
    pthread_join(t, NULL);
    return 0;
}
