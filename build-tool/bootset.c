/* SPDX-License-Identifier: Apache-2.0 */
/* bootset.c - see bootset.h. */
#include "bootset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "cpio.h"
#include "report.h"

#define FILES_MAX 62      /* hv takes 64 modules; mayfly.conf and hv.elf are two */
#define NAME_MAX_BYTES 63 /* of a module's name */

void bootset_set(struct bootset *set, const char *key, const char *format, ...)
{
    va_list arguments;
    char *value = NULL;
    va_start(arguments, format);
    if (vasprintf(&value, format, arguments) < 0) {
        value = alloc_copy("");
    }
    va_end(arguments);
    buffer_append_text(&set->conf, "%s = %s\n", key, value);
    free(value);
}

int bootset_add(struct bootset *set, const char *name, const char *source)
{
    if (set->count == FILES_MAX || strlen(name) > NAME_MAX_BYTES) {
        report_error(set->count == FILES_MAX ? "%s: hv takes at most 61 images at boot"
                                             : "%s: this name is too long for the boot volume",
                     name);
        return -1;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->files[i].name, name) == 0) {
            report_error("%s and %s would both be %s: give one of them another name",
                         set->files[i].source, source, name);
            return -1;
        }
    }
    set->files = alloc_array(set->files, set->count + 1, sizeof(struct bootset_file));
    set->files[set->count++] = (struct bootset_file){alloc_copy(name), alloc_copy(source)};
    return 0;
}

void bootset_free(struct bootset *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free(set->files[i].name);
        free(set->files[i].source);
    }
    free(set->files);
    buffer_free(&set->conf);
    *set = (struct bootset){0};
}

/* ---- PVH ------------------------------------------------------------------------------------ */

static int archive_file(struct cpio *archive, const struct bootset_file *file)
{
    struct buffer contents = {0};
    int result = buffer_read_file(&contents, file->source);
    if (result == 0) {
        result = cpio_add_file(archive, file->name, &contents);
    }
    buffer_free(&contents);
    return result;
}

int bootset_write_archive(const struct bootset *set, const char *path)
{
    struct buffer out = {0};
    struct cpio archive = {.out = &out};
    int result = cpio_add_file(&archive, "mayfly.conf", &set->conf);
    cpio_add_folder(&archive, "images");
    for (size_t i = 0; i < set->count && result == 0; i++) {
        result = archive_file(&archive, &set->files[i]);
    }
    if (result == 0) {
        cpio_finish(&archive);
        result = buffer_write_file(&out, path, 0600);
    }
    buffer_free(&out);
    return result;
}

/* ---- UEFI ----------------------------------------------------------------------------------- */

static int make_folders(const char *folder)
{
    static const char *const below[] = {"", "/EFI", "/EFI/BOOT", "/mayfly", "/mayfly/images"};
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        char *path = alloc_format("%s%s", folder, below[i]);
        const int failed = mkdir(path, 0755) != 0 && errno != EEXIST;
        if (failed) {
            report_error("cannot make the folder %s: %s", path, strerror(errno));
        }
        free(path);
        if (failed) {
            return -1;
        }
    }
    return 0;
}

static int copy_file(const char *folder, const char *name, const char *source)
{
    struct buffer contents = {0};
    char *path = alloc_format("%s/%s", folder, name);
    int result = buffer_read_file(&contents, source);
    if (result == 0) {
        result = buffer_write_file(&contents, path, 0644);
    }
    free(path);
    buffer_free(&contents);
    return result;
}

int bootset_write_volume(const struct bootset *set, const char *folder, const char *loader,
                         const char *hv)
{
    char *below = alloc_format("%s/mayfly", folder);
    char *conf = alloc_format("%s/mayfly.conf", below);
    int result = make_folders(folder);
    if (result == 0) {
        result = copy_file(folder, "EFI/BOOT/BOOTX64.EFI", loader);
    }
    if (result == 0) {
        result = copy_file(below, "hv.elf", hv);
    }
    if (result == 0) {
        result = buffer_write_file(&set->conf, conf, 0644);
    }
    for (size_t i = 0; i < set->count && result == 0; i++) {
        result = copy_file(below, set->files[i].name, set->files[i].source);
    }
    free(conf);
    free(below);
    return result;
}
