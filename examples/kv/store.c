/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS 4096

struct entry {
    struct entry *next;
    char *value; /* owns */
    char key[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *buckets[BUCKETS]; /* lock */
static size_t entry_count;             /* lock */

/* The link that points to the entry of `key`, or to the NULL at the end of its bucket. */
static struct entry **find(const char *key)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = key; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    }
    struct entry **link = &buckets[hash % BUCKETS];
    while (*link != NULL && strcmp((*link)->key, key) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static struct entry *entry_new(const char *key)
{
    const size_t bytes = strlen(key) + 1;
    struct entry *e = malloc(sizeof(*e) + bytes);
    if (e != NULL) {
        *e = (struct entry){0};
        memcpy(e->key, key, bytes);
    }
    return e;
}

static enum store_result set_locked(const char *key, char *value)
{
    struct entry **link = find(key);
    if (*link == NULL) {
        struct entry *e = entry_count < STORE_ENTRIES_MAX ? entry_new(key) : NULL;
        if (e == NULL) {
            return STORE_FULL;
        }
        *link = e;
        entry_count++;
    }
    free((*link)->value);
    (*link)->value = value;
    return STORE_OK;
}

enum store_result store_set(const char *key, const char *value)
{
    if (key[0] == '\0' || strlen(key) > STORE_KEY_MAX || strlen(value) > STORE_VALUE_MAX) {
        return STORE_LONG;
    }
    char *copy = strdup(value);
    if (copy == NULL) {
        return STORE_FULL;
    }
    pthread_mutex_lock(&lock);
    const enum store_result result = set_locked(key, copy);
    pthread_mutex_unlock(&lock);
    if (result != STORE_OK) {
        free(copy);
    }
    return result;
}

enum store_result store_get(const char *key, char *value)
{
    enum store_result result = STORE_NONE;
    pthread_mutex_lock(&lock);
    const struct entry *e = *find(key);
    if (e != NULL) {
        memcpy(value, e->value, strlen(e->value) + 1);
        result = STORE_OK;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

enum store_result store_delete(const char *key)
{
    pthread_mutex_lock(&lock);
    struct entry **link = find(key);
    struct entry *e = *link;
    if (e != NULL) {
        *link = e->next;
        entry_count--;
    }
    pthread_mutex_unlock(&lock);
    if (e == NULL) {
        return STORE_NONE;
    }
    free(e->value);
    free(e);
    return STORE_OK;
}

size_t store_count(void)
{
    pthread_mutex_lock(&lock);
    const size_t result = entry_count;
    pthread_mutex_unlock(&lock);
    return result;
}

pid_t store_fork(void)
{
    pthread_mutex_lock(&lock);
    const pid_t pid = fork();
    pthread_mutex_unlock(&lock);
    return pid;
}

bool store_print(FILE *out)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct entry *e = buckets[i]; e != NULL; e = e->next) {
            fprintf(out, "ITEM %s %s\n", e->key, e->value);
        }
    }
    fprintf(out, "SAVED %zu\n", entry_count);
    pthread_mutex_unlock(&lock);
    return fflush(out) == 0 && !ferror(out);
}
