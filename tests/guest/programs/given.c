// SPDX-License-Identifier: Apache-2.0
/*
 * given - prints its arguments and the variable WORD and says that it is ready; then answers each line
 * of input with their number, so that it is seen whether it began anew.
 */
#include <mayfly.h>
#include <stdio.h>
#include <stdlib.h>

volatile unsigned int lines; /* tests write it from outside */

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
    while (fgets(line, sizeof(line), stdin) != NULL) {
        lines++;
        printf("given: line %u\n", lines);
    }
    return 0;
}
