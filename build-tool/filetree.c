/* SPDX-License-Identifier: Apache-2.0 */
/* filetree.c - see filetree.h. */
#include "filetree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <mayfly/image.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "strlist.h"

struct filetree_entry {
    char *guest, *host; /* owned; host is NULL for a folder above a file */
    uint32_t mode;
    int64_t mtime;
    bool implied; /* a folder that stands in the tree only because of what is in it */
};

static int64_t clamp_time(int64_t seconds)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    const int64_t latest = epoch == NULL ? 0 : strtoll(epoch, NULL, 10);
    return seconds < latest ? seconds : latest;
}

static void add_entry(struct filetree *tree, const char *guest, const char *host,
                      const struct stat *about)
{
    uint32_t mode = S_IFDIR | 0755;
    if (S_ISREG(about->st_mode)) {
        mode = S_IFREG | ((about->st_mode & S_IXUSR) != 0 ? 0755 : 0644);
    } else if (S_ISLNK(about->st_mode)) {
        mode = S_IFLNK | 0777;
    }
    tree->entries = alloc_array(tree->entries, tree->count + 1, sizeof(struct filetree_entry));
    tree->entries[tree->count++] = (struct filetree_entry){
        .guest = alloc_copy(guest),
        .host = host == NULL ? NULL : alloc_copy(host),
        .mode = mode,
        .mtime = clamp_time(about->st_mtime),
        .implied = S_ISDIR(about->st_mode),
    };
}

static char *add_one(struct filetree *tree, const char *host, const char *guest, bool follow);

static char *add_folder(struct filetree *tree, const char *host, const char *guest)
{
    struct dirent **items = NULL;
    const int count = scandir(host, &items, NULL, NULL);
    if (count < 0) {
        return alloc_format("cannot read %s: %s", host, strerror(errno));
    }
    char *wrong = NULL;
    for (int i = 0; i < count; i++) {
        const char *name = items[i]->d_name;
        if (wrong == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            char *below_host = alloc_format("%s/%s", host, name);
            char *below_guest = alloc_format("%s/%s", guest, name);
            wrong = add_one(tree, below_host, below_guest, false);
            free(below_host);
            free(below_guest);
        }
        free(items[i]);
    }
    free(items);
    return wrong;
}

static char *add_one(struct filetree *tree, const char *host, const char *guest, bool follow)
{
    struct stat about;
    if ((follow ? stat(host, &about) : lstat(host, &about)) != 0) {
        return alloc_format("cannot read %s: %s", host, strerror(errno));
    }
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode) && !S_ISLNK(about.st_mode)) {
        return alloc_format("%s is neither a file, a folder nor a link", host);
    }
    if (guest[0] == '\0' && !S_ISDIR(about.st_mode)) {
        return alloc_format("%s is a file: give it a name in the guest, like /%s", host,
                            strrchr(host, '/') != NULL ? strrchr(host, '/') + 1 : host);
    }
    if (guest[0] != '\0') {
        add_entry(tree, guest, host, &about);
    }
    return S_ISDIR(about.st_mode) ? add_folder(tree, host, guest) : NULL;
}

char *filetree_add(struct filetree *tree, const char *host, const char *guest)
{
    return add_one(tree, host, guest, true);
}

/* ---- building ------------------------------------------------------------------------------- */

static void add_parents(struct filetree *tree)
{
    const struct stat folder = {.st_mode = S_IFDIR};
    const size_t count = tree->count;
    for (size_t i = 0; i < count; i++) {
        char *path = alloc_copy(tree->entries[i].guest);
        for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path;) {
            *slash = '\0';
            add_entry(tree, path, NULL, &folder);
        }
        free(path);
    }
}

/* By path; of several entries for one path those with contents first, then the newest folder. */
static int compare_entries(const void *a, const void *b)
{
    const struct filetree_entry *x = a, *y = b;
    const int order = strcmp(x->guest, y->guest);
    if (order != 0) {
        return order;
    }
    if (x->implied != y->implied) {
        return x->implied ? 1 : -1;
    }
    return x->mtime > y->mtime ? -1 : x->mtime < y->mtime;
}

static void free_entry(struct filetree_entry *entry)
{
    free(entry->guest);
    free(entry->host);
}

static char *drop_repeated_folders(struct filetree *tree)
{
    size_t kept = 0;
    qsort(tree->entries, tree->count, sizeof(struct filetree_entry), compare_entries);
    for (size_t i = 1; i < tree->count; i++) {
        struct filetree_entry *last = &tree->entries[kept], *entry = &tree->entries[i];
        if (strcmp(entry->guest, last->guest) != 0) {
            tree->entries[++kept] = *entry;
            continue;
        }
        if (!last->implied || !entry->implied) {
            char *wrong = alloc_format("two files would be %s in the guest", entry->guest);
            memmove(&tree->entries[kept + 1], entry, (tree->count - i) * sizeof(*entry));
            tree->count -= i - kept - 1;
            return wrong;
        }
        free_entry(entry);
    }
    tree->count = kept + 1;
    return NULL;
}

static int append_link(struct buffer *out, const char *host)
{
    char target[PATH_MAX];
    const ssize_t length = readlink(host, target, sizeof(target));
    if (length > 0) {
        buffer_append(out, target, (size_t)length);
    }
    return length > 0 ? 0 : -1;
}

static char *append_contents(struct buffer *out, const struct filetree_entry *entry)
{
    int result = 0;
    if (S_ISREG(entry->mode)) {
        result = buffer_read_file(out, entry->host);
    } else if (S_ISLNK(entry->mode)) {
        result = append_link(out, entry->host);
    }
    return result == 0 ? NULL : alloc_format("cannot read %s", entry->host);
}

static char *build_sorted(const struct filetree *tree, struct buffer *out)
{
    const size_t start = out->bytes;
    const size_t table = buffer_reserve(out, sizeof(struct mf_files));
    const size_t files = buffer_reserve(out, tree->count * sizeof(struct mf_file));
    for (size_t i = 0; i < tree->count; i++) {
        const uint32_t path = (uint32_t)(out->bytes - start);
        buffer_append(out, tree->entries[i].guest, strlen(tree->entries[i].guest) + 1);
        ((struct mf_file *)(void *)(out->data + files))[i].path = path;
    }
    for (size_t i = 0; i < tree->count; i++) {
        const struct filetree_entry *entry = &tree->entries[i];
        buffer_align(out, 16);
        const uint64_t data = out->bytes - start;
        char *wrong = append_contents(out, entry);
        if (wrong != NULL) {
            return wrong;
        }
        struct mf_file *file = &((struct mf_file *)(void *)(out->data + files))[i];
        file->mode = entry->mode;
        file->mtime = entry->mtime;
        file->data = data;
        file->bytes = out->bytes - start - data;
    }
    struct mf_files *head = (struct mf_files *)(void *)(out->data + table);
    *head = (struct mf_files){MF_FILES_MAGIC, (uint32_t)tree->count, out->bytes - start};
    return NULL;
}

char *filetree_build(struct filetree *tree, struct buffer *out)
{
    if (tree->count == 0) {
        return NULL;
    }
    add_parents(tree);
    char *wrong = drop_repeated_folders(tree);
    if (wrong != NULL) {
        return wrong;
    }
    buffer_align(out, 16);
    return build_sorted(tree, out);
}

void filetree_free(struct filetree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free_entry(&tree->entries[i]);
    }
    free(tree->entries);
    *tree = (struct filetree){0};
}
