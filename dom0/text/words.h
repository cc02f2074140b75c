/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - a line of text as words, the way a shell splits it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WORDS_MAX 256
#define WORDS_LINE_BYTES 8192 /* of a line of mayfly.conf, with its NUL */

/**
 * Splits `line` in place: words are separated by blanks; '...' and "..." group, \ makes the next
 * character ordinary (not inside '...'). words[] borrows from `line`. Returns their number, or -1
 * with *error (a constant) when a quote does not end or there are more than WORDS_MAX.
 */
int words_split(char *line, char *words[WORDS_MAX], const char **error);

/** The value of a word KEY=VALUE, or NULL when the word is not for this key. */
const char *words_value(const char *word, const char *key);

/** A decimal number in [low, high], all of `text`. */
bool words_number(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/** A size in bytes: a number, maybe with K, M or G (and maybe iB or B after it). 0 is no size. */
bool words_size(const char *text, uint64_t *bytes);

/** An IPv4 address; host order. Ends at `end` (a character, or 0), where *rest then points. */
bool words_ip4(const char *text, char end, uint32_t *ip, const char **rest);
