/* SPDX-License-Identifier: Apache-2.0 */
/* provenance.c - see provenance.h. */
#include "provenance.h"

#include <gelf.h>
#include <libgen.h>
#include <mayfly/image.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "place.h"
#include "posix.h"
#include "report.h"
#include "seal.h"

/* ---- sources ---------------------------------------------------------------------------------- */

static char *path_in(const struct manifest *manifest, const char *name)
{
    return name[0] == '/' ? alloc_copy(name) : alloc_format("%s/%s", manifest->dir, name);
}

static int add_hash(json_t *sources, const char *name, const char *path)
{
    char hash[SEAL_HEX_BYTES];
    if (seal_hash_file(path, hash) != 0) {
        return -1;
    }
    json_object_set_new(sources, name, json_string(hash));
    return 0;
}

/*
 * A file outside of the project by its absolute name (a system's header) is not ours: where it lies
 * may differ from machine to machine.
 */
static int add_source(json_t *sources, const struct manifest *manifest, const char *name)
{
    if (name[0] == '/' || json_object_get(sources, name) != NULL) {
        return 0;
    }
    char *path = path_in(manifest, name);
    int status = add_hash(sources, name, path);
    if (status == 0 && json_object_get(sources, name) == NULL) {
        report_error("the name of %s is not UTF-8, so no manifest can have it: rename it", path);
        status = -1;
    }
    free(path);
    return status;
}

/* Adds the names of a makefile's rule `TARGET: NAME NAME \` (gcc -MMD); `\ ` is a blank. */
static int add_rule(json_t *sources, const struct manifest *manifest, char *text)
{
    char *at = strchr(text, ':');
    at = at == NULL ? text + strlen(text) : at + 1;
    while (*at != '\0') {
        at += strspn(at, " \n");
        if (at[0] == '\\' && at[1] == '\n') {
            at += 2;
            continue;
        }
        char *name = at, *to = at;
        while (*at != '\0' && *at != ' ' && *at != '\n') {
            at += at[0] == '\\' && (at[1] == ' ' || at[1] == '#');
            *to++ = *at++;
        }
        const int is_last = *at == '\0';
        *to = '\0';
        if (*name != '\0' && add_source(sources, manifest, name) != 0) {
            return -1;
        }
        at += !is_last;
    }
    return 0;
}

static int add_rules_of(json_t *sources, const struct manifest *manifest, const char *path)
{
    struct buffer text = {0};
    if (access(path, R_OK) != 0) {
        return 0; /* the compiler made none: assembly without a preprocessor */
    }
    int status = buffer_read_file(&text, path);
    if (status == 0) {
        buffer_append(&text, "", 1);
        status = add_rule(sources, manifest, (char *)text.data);
    }
    buffer_free(&text);
    return status;
}

/* ---- functions of POSIX ------------------------------------------------------------------------- */

static void add_calls(struct strlist *names, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    const size_t count =
        data == NULL || header->sh_entsize == 0 ? 0 : header->sh_size / header->sh_entsize;
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL || symbol.st_shndx != SHN_UNDEF) {
            continue;
        }
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name != NULL && posix_has(name)) {
            strlist_add(names, name);
        }
    }
}

/* What the object leaves undefined. */
static int add_calls_of(struct strlist *names, const char *path)
{
    struct buffer file = {0};
    if (buffer_read_file(&file, path) != 0) {
        return -1;
    }
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)file.data, file.bytes);
    Elf_Scn *section = NULL;
    while (elf != NULL && (section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB) {
            add_calls(names, elf, section, &header);
        }
    }
    elf_end(elf);
    buffer_free(&file);
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static int add_objects(json_t *sources, struct strlist *names, const struct manifest *manifest,
                       const char *folder)
{
    int status = 0;
    for (size_t i = 0; status == 0; i++) {
        char *object = alloc_format("%s/%zu.o", folder, i);
        char *rules = alloc_format("%s/%zu.d", folder, i);
        const int is_there = access(object, R_OK) == 0;
        if (is_there) {
            status = add_calls_of(names, object) != 0 || add_rules_of(sources, manifest, rules) != 0
                         ? -1
                         : 0;
        }
        free(object);
        free(rules);
        if (!is_there) {
            break;
        }
    }
    return status;
}

static json_t *made_of(json_t *sources, const struct strlist *names)
{
    json_t *posix = json_array();
    for (size_t i = 0; i < names->count; i++) {
        json_array_append_new(posix, json_string(names->items[i]));
    }
    return json_pack("{s:o, s:o}", "sources", sources, "posix", posix);
}

json_t *provenance_of_build(const struct manifest *manifest, const char *folder)
{
    struct strlist names = {0};
    json_t *sources = json_object(), *made = NULL;
    int status = add_hash(sources, MANIFEST_FILE, manifest->path);
    if (status == 0 && manifest->fields->elf != NULL) {
        char *path = path_in(manifest, manifest->fields->elf), *copy = alloc_copy(path);
        status = add_hash(sources, basename(copy), path);
        free(copy);
        free(path);
    } else if (status == 0) {
        status = add_objects(sources, &names, manifest, folder);
    }
    if (status != 0) {
        json_decref(sources);
    } else if (manifest->fields->elf != NULL) {
        made = json_pack("{s:o}", "sources", sources);
    } else {
        strlist_sort(&names);
        made = made_of(sources, &names);
    }
    strlist_free(&names);
    return made;
}

json_t *provenance_of_elf(const char *path)
{
    char *copy = alloc_copy(path);
    json_t *sources = json_object();
    if (add_hash(sources, basename(copy), path) != 0) {
        json_decref(sources);
        sources = NULL;
    }
    free(copy);
    return sources == NULL ? NULL : json_pack("{s:o}", "sources", sources);
}

/* The hash that `make` wrote beside the libraries; nothing when there is no compiler here. */
static void add_runtime_hash(json_t *runtime)
{
    struct buffer text = {0};
    char *path = place_runtime_hash();
    if (access(path, R_OK) == 0 && buffer_read_file(&text, path) == 0 &&
        text.bytes >= SEAL_HEX_BYTES - 1) {
        json_object_set_new(runtime, "sha256",
                            json_stringn((const char *)text.data, SEAL_HEX_BYTES - 1));
    }
    buffer_free(&text);
    free(path);
}

char *provenance_add(char *json, json_t *made, const struct program *program)
{
    struct mf_image_header header = {0};
    const struct segment *first = &program->segments[0];
    if (first->file_bytes >= sizeof(header)) {
        memcpy(&header, first->data, sizeof(header));
    }
    json_t *all = json_loads(json, 0, NULL), *runtime = json_object();
    const size_t length = strnlen(header.runtime_version, sizeof(header.runtime_version));
    json_object_set_new(runtime, "version", json_stringn(header.runtime_version, length));
    add_runtime_hash(runtime);
    json_object_update(all, made);
    json_object_set_new(all, "runtime", runtime);
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(all);
    json_decref(made);
    free(json);
    return text;
}
