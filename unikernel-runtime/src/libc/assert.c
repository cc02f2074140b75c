/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assert.c - what a failed assert() calls. In place of newlib's, which prints with fiprintf(): its
 * number formatting calls assert() itself, so every program that prints would hold that too (16 KB).
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define DIGITS 12 /* of an int, with its sign and a NUL */

/* Decimal digits of a number >= 0, at the end of `text`. */
static char *digits(int number, char text[DIGITS])
{
    char *at = text + DIGITS - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

static struct iovec piece(const char *text)
{
    return (struct iovec){(void *)(uintptr_t)text, strlen(text)};
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    char number[DIGITS];
    const struct iovec message[] = {
        piece("assertion \""),
        piece(expression),
        piece("\" failed: file \""),
        piece(file),
        piece("\", line "),
        piece(digits(line, number)),
        piece(function == NULL ? "" : ", function: "),
        piece(function == NULL ? "" : function),
        piece("\n"),
    };
    (void)writev(STDERR_FILENO, message, sizeof(message) / sizeof(message[0]));
    abort();
}

void __assert(const char *file, int line, const char *expression)
{
    __assert_func(file, line, NULL, expression);
}
