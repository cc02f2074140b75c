/* SPDX-License-Identifier: Apache-2.0 */
/* hello - prints a greeting and its arguments; `--status N` sets the exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int status = 0;

    printf("Hello from Mayfly!\n");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--status") == 0 && i + 1 < argc) {
            status = atoi(argv[++i]);
        } else {
            printf("argument %d: %s\n", i, argv[i]);
        }
    }
    return status;
}
