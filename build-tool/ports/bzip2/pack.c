/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.c - bzip2 with its stdout in a file, which is printed at the end: a guest's console is a
 * terminal, to which bzip2 writes nothing compressed. bzip2.c is compiled with its main() renamed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int bzip2_main(int argc, char **argv);

static int console = -1, file = -1;

static void print_file(void)
{
    char part[4096];
    ssize_t n;
    fflush(stdout);
    lseek(file, 0, SEEK_SET);
    while ((n = read(file, part, sizeof(part))) > 0) {
        if (write(console, part, (size_t)n) != n) {
            _exit(3);
        }
    }
}

int main(int argc, char **argv)
{
    console = dup(STDOUT_FILENO);
    file = open("/tmp/stdout", O_CREAT | O_TRUNC | O_RDWR, 0600);
    if (console < 0 || file < 0 || dup2(file, STDOUT_FILENO) < 0 || atexit(print_file) != 0) {
        perror("pack");
        return 3;
    }
    return bzip2_main(argc, argv);
}
