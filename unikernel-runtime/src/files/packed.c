/* SPDX-License-Identifier: Apache-2.0 */
/* packed.c - see packed.h. The build tool made the table, so its offsets are not checked again. */
#include "files/packed.h"

#include <stdbool.h>
#include <string.h>

static const struct mf_files *tree;

void mf_packed_use(const struct mf_files *files, uint64_t bytes)
{
    const bool is_tree = files != NULL && bytes >= sizeof(*files) && files->magic == MF_FILES_MAGIC;
    tree = is_tree ? files : NULL;
}

static const struct mf_file *entry(uint32_t index)
{
    return (const struct mf_file *)(tree + 1) + index;
}

const char *mf_packed_path(const struct mf_file *f)
{
    return (const char *)tree + f->path;
}

const char *mf_packed_data(const struct mf_file *f)
{
    return (const char *)tree + f->data;
}

/* As strcmp() of `path` and DIRECTORY/NAME. */
static int compare(const char *path, const char *directory, const char *name, size_t bytes)
{
    const size_t directory_bytes = strlen(directory);
    int order = strncmp(path, directory, directory_bytes);
    if (order != 0) {
        return order;
    }
    path += directory_bytes;
    if (*path != '/') {
        return (unsigned char)*path - '/';
    }
    order = strncmp(path + 1, name, bytes);
    return order != 0 ? order : path[1 + bytes] != '\0';
}

/* The first entry that is not below DIRECTORY/NAME in order. */
static uint32_t lower_bound(const char *directory, const char *name, size_t bytes)
{
    uint32_t low = 0, high = tree->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (compare(mf_packed_path(entry(middle)), directory, name, bytes) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct mf_file *mf_packed_find(const char *directory, const char *name, size_t bytes)
{
    if (tree == NULL) {
        return NULL;
    }
    const uint32_t at = lower_bound(directory, name, bytes);
    if (at == tree->count || compare(mf_packed_path(entry(at)), directory, name, bytes) != 0) {
        return NULL;
    }
    return entry(at);
}

const struct mf_file *mf_packed_next(const char *directory, const struct mf_file *previous)
{
    if (tree == NULL) {
        return NULL;
    }
    const size_t directory_bytes = strlen(directory);
    uint32_t at =
        previous == NULL ? lower_bound(directory, "", 0) : (uint32_t)(previous - entry(0)) + 1;
    while (at < tree->count) {
        const char *const path = mf_packed_path(entry(at));
        if (strncmp(path, directory, directory_bytes) != 0 || path[directory_bytes] != '/') {
            return NULL;
        }
        const char *const name = path + directory_bytes + 1;
        const char *const slash = strchr(name, '/');
        if (slash == NULL) {
            return entry(at);
        }
        /* Skip what is in that subdirectory: '0' is the character behind '/'. */
        const size_t bytes = (size_t)(slash - name);
        char after[MF_NAME_MAX + 2];
        memcpy(after, name, bytes);
        after[bytes] = '0';
        after[bytes + 1] = '\0';
        at = lower_bound(directory, after, bytes + 1);
    }
    return NULL;
}
