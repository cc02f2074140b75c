/* SPDX-License-Identifier: Apache-2.0 */
/* texts.c - looks into tables of texts. */
#include "libc/texts.h"

#include <string.h>

const char *mf_text(const char *all, size_t bytes, int number)
{
    const char *text = all;
    while (number > 0 && text < all + bytes) {
        text += strlen(text) + 1;
        number--;
    }
    return number == 0 && text < all + bytes && *text != '\0' ? text : NULL;
}

/* Not by snprintf(): who has only perror() is not to carry printf() about. */
void mf_text_number(char *buffer, const char *words, int number)
{
    char digits[12], *first = digits + sizeof(digits) - 1;
    unsigned int rest = number < 0 ? 0u - (unsigned int)number : (unsigned int)number;
    *first = '\0';
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        *--first = '-';
    }
    strcpy(stpcpy(buffer, words), first);
}
