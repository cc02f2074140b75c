/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - a table of strings, for any number of threads. Every function takes the table's
 * lock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define STORE_KEY_MAX 64
#define STORE_VALUE_MAX 1024
#define STORE_ENTRIES_MAX 10000

enum store_result {
    STORE_OK,
    STORE_NONE, /* no such key */
    STORE_FULL, /* STORE_ENTRIES_MAX reached, or no memory */
    STORE_LONG, /* key empty or longer than STORE_KEY_MAX, or value than STORE_VALUE_MAX */
};

/** Sets `key` to a copy of `value`. Errors: STORE_FULL, STORE_LONG; the old value stays then. */
enum store_result store_set(const char *key, const char *value);

/** Copies the value of `key` to value[STORE_VALUE_MAX + 1]. Errors: STORE_NONE. */
enum store_result store_get(const char *key, char *value);

/** Removes `key`. Errors: STORE_NONE. */
enum store_result store_delete(const char *key);

size_t store_count(void);

/** As fork(), with the table in order in both: no thread is changing it at that moment. */
pid_t store_fork(void);

/** Writes `ITEM key value` for each entry and `SAVED count`. False: a write failed. */
bool store_print(FILE *out);
