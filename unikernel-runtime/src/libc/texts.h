/* SPDX-License-Identifier: Apache-2.0 */
/* texts.h - tables of texts: one string that holds them one after another, each with a NUL. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Text `number`, counted from 0, of the `bytes` bytes at `all`. NULL: there is none, or it is empty. */
const char *mf_text(const char *all, size_t bytes, int number);

/** Writes `words` and `number` into `buffer`, which has room for them, 12 bytes for the latter. */
void mf_text_number(char *buffer, const char *words, int number);
