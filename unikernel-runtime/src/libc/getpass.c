/* SPDX-License-Identifier: Apache-2.0 */
/* getpass.c - a password from the console: a line, without echo (there is none). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *getpass(const char *prompt)
{
    static char line[129];
    FILE *const console = fopen("/dev/tty", "r+");
    FILE *const from = console != NULL ? console : stdin;
    fputs(prompt, console != NULL ? console : stderr);
    fflush(console != NULL ? console : stderr);
    char *const got = fgets(line, sizeof(line), from);
    if (got != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
    }
    if (console != NULL) {
        fputc('\n', console);
        fclose(console);
    }
    return got;
}
