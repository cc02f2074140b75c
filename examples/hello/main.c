/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello - prints a greeting and its arguments; `--status N` sets the exit status, `--stay` waits for
 * ever instead of ending.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int status = 0;
    bool stays = false;

    printf("Hello from Mayfly!\n");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--status") == 0 && i + 1 < argc) {
            status = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--stay") == 0) {
            stays = true;
        } else {
            printf("argument %d: %s\n", i, argv[i]);
        }
    }
    fflush(stdout);
    if (stays) {
        for (;;) {
            pause();
        }
    }
    return status;
}
