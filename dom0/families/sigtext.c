/* SPDX-License-Identifier: Apache-2.0 */
/* sigtext.c - see sigtext.h. The numbers are the guests' (sys/signal.h of the runtime), as Linux'. */
#include "families/sigtext.h"

#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#define SIGNAL_MAX 63u

static const struct {
    const char *name;
    uint32_t number;
} names[] = {
    {"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ABRT", 6},   {"KILL", 9},
    {"USR1", 10}, {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14},  {"TERM", 15},
    {"CHLD", 17}, {"CONT", 18}, {"STOP", 19}, {"TSTP", 20},  {"TTIN", 21},
    {"TTOU", 22}, {"URG", 23},  {"IO", 29},   {"WINCH", 28},
};

uint32_t sigtext_find(const char *text)
{
    char *end;
    const unsigned long number = strtoul(text, &end, 10);
    if (*end == '\0' && end != text) {
        return number <= SIGNAL_MAX ? (uint32_t)number : 0;
    }
    text += strncasecmp(text, "SIG", 3) == 0 ? 3 : 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(text, names[i].name) == 0) {
            return names[i].number;
        }
    }
    return 0;
}
