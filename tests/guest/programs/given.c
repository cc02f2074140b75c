// SPDX-License-Identifier: Apache-2.0
/*
 * given - prints its arguments and the variable WORD and says that it is ready; then answers each line
 * of input with their number, so that it is seen whether it began anew.
 */
#include <mayfly.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char line[80];
    const char *const word = getenv("WORD");

    printf("given: begins");
    for (int i = 1; i < argc; i++) {
        printf(" %s", argv[i]);
    }
    printf("; WORD is %s\n", word != NULL ? word : "not set");
    mf_ready();
    for (int count = 1; fgets(line, sizeof(line), stdin) != NULL; count++) {
        printf("given: line %d\n", count);
    }
    return 0;
}
