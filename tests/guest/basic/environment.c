// SPDX-License-Identifier: Apache-2.0
// args: one "two words" three
// env: COLOUR=blue EMPTY=
// files: tests/guest/data/greeting.txt:/etc/greeting.txt
// memory: 16M
// status: 0
// What the manifest promises reaches main(): arguments, environment, files.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

int main(int argc, char **argv)
{
    char text[64] = "";
    const char *colour = getenv("COLOUR"), *empty = getenv("EMPTY");

    tap_equal(argc, 4, "there are three arguments");
    tap_check(argc == 4 && strcmp(argv[2], "two words") == 0,
              "a word with a space is one argument");
    tap_check(argv[argc] == NULL, "argv ends with NULL");
    tap_check(colour != NULL && strcmp(colour, "blue") == 0, "the environment is there");
    tap_check(empty != NULL && *empty == '\0', "an empty variable too");
    tap_check(getenv("NONSENSE") == NULL, "and no others");

    const int fd = open("/etc/greeting.txt", O_RDONLY);
    tap_check(fd >= 0, "a file of the image is opened");
    tap_equal(read(fd, text, sizeof(text)), 6, "and read");
    tap_check(strcmp(text, "hello\n") == 0, "it has what was packed");
    tap_check(open("/etc/nothing.txt", O_RDONLY) < 0 && errno == ENOENT, "others are not there");
    return tap_done();
}
