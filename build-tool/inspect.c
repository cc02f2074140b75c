/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c - see inspect.h. */
#include "inspect.h"

#include <elf.h>
#include <inttypes.h>
#include <sodium/crypto_hash_sha256.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "posix.h"
#include "seal.h"
#include "strlist.h"

static const char *segment_what(const struct image_view *view, const struct segment *segment)
{
    if (segment->va == view->header.symtab_va) {
        return "symbols";
    }
    if (segment->va == view->header.files_va) {
        return "files";
    }
    if ((segment->flags & PF_X) != 0) {
        return "text";
    }
    if ((segment->flags & PF_W) == 0) {
        return "rodata";
    }
    return segment->file_bytes > 0 ? "data" : "zero";
}

static void access_text(uint32_t flags, char text[4])
{
    text[0] = (flags & PF_R) != 0 ? 'r' : '-';
    text[1] = (flags & PF_W) != 0 ? 'w' : '-';
    text[2] = (flags & PF_X) != 0 ? 'x' : '-';
    text[3] = '\0';
}

/* How many of its symbols are functions: the others are variables. */
static uint32_t function_count(const struct image_view *view)
{
    const struct mf_symtab *const table = view->symbols;
    const struct mf_symbol *const symbols = (const struct mf_symbol *)(table + 1);
    uint32_t count = 0;
    for (size_t i = 0; table != NULL && i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        for (uint32_t k = 0; k < table->count && (segment->flags & PF_X) != 0; k++) {
            count += table->base + symbols[k].offset - segment->va < segment->memory_bytes;
        }
    }
    return count;
}

static uint32_t symbol_count(const struct image_view *view)
{
    return view->symbols == NULL ? 0 : view->symbols->count;
}

static uint32_t file_count(const struct image_view *view)
{
    return view->files == NULL ? 0 : view->files->count;
}

static const struct mf_file *file_at(const struct image_view *view, uint32_t index)
{
    return (const struct mf_file *)(view->files + 1) + index;
}

static const char *file_path(const struct image_view *view, const struct mf_file *file)
{
    return (const char *)view->files + file->path;
}

static void segment_hash(const struct segment *segment, char text[SEAL_HEX_BYTES])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, segment->data, segment->file_bytes);
    seal_hex(hash, text);
}

/* What the program's objects call, when it was built from sources; else what is linked into it. */
static json_t *posix_functions(const struct image_view *view)
{
    json_t *calls = json_object_get(view->manifest, "posix");
    if (json_is_array(calls)) {
        return json_incref(calls);
    }
    struct strlist names = {0};
    const struct mf_symtab *table = view->symbols;
    const char *text =
        table == NULL ? NULL
                      : (const char *)(table + 1) + (size_t)table->count * sizeof(struct mf_symbol);
    for (uint32_t at = 0; table != NULL && at < table->names_bytes;) {
        const size_t length = strnlen(text + at, table->names_bytes - at);
        if (at + length < table->names_bytes && posix_has(text + at)) {
            strlist_add(&names, text + at);
        }
        at += (uint32_t)length + 1;
    }
    strlist_sort(&names);
    json_t *linked = json_array();
    for (size_t i = 0; i < names.count; i++) {
        json_array_append_new(linked, json_string(names.items[i]));
    }
    strlist_free(&names);
    return linked;
}

static bool is_valid(const struct image_view *view)
{
    return signature_is_by(&view->signature, view->program.file.data, view->signature.key);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void print_list(const char *title, const json_t *list)
{
    size_t i = 0;
    json_t *item = NULL;
    if (json_array_size(list) == 0) {
        return;
    }
    printf("%-12s", title);
    json_array_foreach(list, i, item)
    {
        printf(" %s", json_string_value(item) != NULL ? json_string_value(item) : "?");
    }
    putchar('\n');
}

static void print_ports(const json_t *ports)
{
    size_t i = 0;
    json_t *port = NULL;
    json_array_foreach(ports, i, port)
    {
        const char *proto = json_string_value(json_object_get(port, "proto"));
        printf("port         %" JSON_INTEGER_FORMAT " -> %" JSON_INTEGER_FORMAT "/%s\n",
               json_integer_value(json_object_get(port, "host")),
               json_integer_value(json_object_get(port, "guest")), proto != NULL ? proto : "?");
    }
}

/* What it says of them: what it does not say is as dom0 has it. */
static void print_rights(const json_t *manifest)
{
    const char *const inspect = json_string_value(json_object_get(manifest, "inspect"));
    const char *const share = json_string_value(json_object_get(manifest, "share"));
    const json_t *const fork = json_object_get(manifest, "fork");
    if (inspect != NULL) {
        printf("inspect      %s\n", inspect);
    }
    if (share != NULL) {
        printf("share        %s\n", share);
    }
    if (json_is_integer(fork)) {
        printf("fork         %" JSON_INTEGER_FORMAT " processes at a time\n",
               json_integer_value(fork));
    }
}

static void print_manifest(json_t *manifest)
{
    const char *key = NULL;
    json_t *value = NULL;
    const char *name = json_string_value(json_object_get(manifest, "name"));
    const json_int_t memory = json_integer_value(json_object_get(manifest, "memory"));
    printf("name         %s\n", name != NULL ? name : "?");
    printf("memory       %" JSON_INTEGER_FORMAT " KiB\n", memory / 1024);
    print_list("args", json_object_get(manifest, "args"));
    json_object_foreach(json_object_get(manifest, "env"), key, value)
    {
        const char *text = json_string_value(value);
        printf("environment  %s=%s\n", key, text != NULL ? text : "?");
    }
    print_ports(json_object_get(manifest, "ports"));
    print_rights(manifest);
}

static void print_signature(const struct image_view *view)
{
    char text[SEAL_HEX_BYTES];
    if (view->unsealed != NULL) {
        printf("signature    none: it %s\n", view->unsealed);
        return;
    }
    seal_hex(view->signature.id, text);
    printf("id           sha256:%s\n", text);
    seal_hex(view->signature.key, text);
    printf("signature    %s%s\n",
           !view->signature.is_signed ? "none"
           : is_valid(view)           ? "by "
                                      : "NOT VALID, by ",
           view->signature.is_signed ? text : "");
}

/* Names in columns of at most 100. */
static void print_posix(const struct image_view *view)
{
    json_t *names = posix_functions(view), *name = NULL;
    const bool are_calls = json_object_get(view->manifest, "posix") != NULL;
    size_t i = 0, column = 0;
    printf("\nfunctions of POSIX that %s:\n", are_calls ? "the program calls" : "are in it");
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);
        const size_t length = text == NULL ? 0 : strlen(text);
        if (column > 0 && column + length > 98) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf(" %s", text != NULL ? text : "?");
    }
    puts(i == 0 ? " none" : "");
    json_decref(names);
}

static void print_sources(const struct image_view *view)
{
    json_t *sources = json_object_get(view->manifest, "sources"), *hash = NULL;
    const char *name = NULL;
    if (json_object_size(sources) > 0) {
        printf("\n%-64s  %s\n", "sha256", "made of");
    }
    json_object_foreach(sources, name, hash)
    {
        printf("%-64s  %s\n", json_string_value(hash) != NULL ? json_string_value(hash) : "?",
               name);
    }
}

static void print_runtime(const struct image_view *view)
{
    const json_t *runtime = json_object_get(view->manifest, "runtime");
    const char *hash = json_string_value(json_object_get(runtime, "sha256"));
    printf("runtime      %.*s%s%s\n", (int)sizeof(view->header.runtime_version),
           view->header.runtime_version, hash != NULL ? " sha256:" : "", hash != NULL ? hash : "");
}

static void print_segments(const struct image_view *view)
{
    printf("\n%-12s %-6s %12s %12s  %-8s %s\n", "address", "access", "bytes", "memory", "what",
           "sha256");
    for (size_t i = 0; i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        char text[4];
        char hash[SEAL_HEX_BYTES];
        access_text(segment->flags, text);
        segment_hash(segment, hash);
        printf("0x%-10" PRIx64 " %-6s %12" PRIu64 " %12" PRIu64 "  %-8s %.16s\n", segment->va, text,
               segment->file_bytes, segment->memory_bytes, segment_what(view, segment), hash);
    }
}

static void print_files(const struct image_view *view)
{
    if (file_count(view) > 0) {
        printf("\n%-6s %12s  %s\n", "mode", "bytes", "file");
    }
    for (uint32_t i = 0; i < file_count(view); i++) {
        const struct mf_file *file = file_at(view, i);
        const char *mark = S_ISDIR(file->mode) ? "/" : "";
        const char *link = S_ISLNK(file->mode) ? (const char *)view->files + file->data : "";
        printf("%06o %12" PRIu64 "  %s%s", file->mode, file->bytes, file_path(view, file), mark);
        printf("%s%.*s\n", S_ISLNK(file->mode) ? " -> " : "",
               S_ISLNK(file->mode) ? (int)file->bytes : 0, link);
    }
}

void inspect_print(const struct image_view *view)
{
    print_manifest(view->manifest);
    printf("size         %zu bytes\n", view->program.file.bytes);
    print_signature(view);
    print_runtime(view);
    printf("symbols      %" PRIu32 " functions, %" PRIu32 " variables\n", function_count(view),
           symbol_count(view) - function_count(view));
    printf("files        %" PRIu32 "\n", file_count(view));
    print_segments(view);
    print_files(view);
    print_posix(view);
    print_sources(view);
}

/* ---- for programs ---------------------------------------------------------------------------- */

static json_t *segments_json(const struct image_view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        char text[4];
        char hash[SEAL_HEX_BYTES];
        access_text(segment->flags, text);
        segment_hash(segment, hash);
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:s, s:s, s:s}", "address",
                                              (json_int_t)segment->va, "bytes",
                                              (json_int_t)segment->file_bytes, "memory",
                                              (json_int_t)segment->memory_bytes, "access", text,
                                              "what", segment_what(view, segment), "sha256", hash));
    }
    return list;
}

static json_t *files_json(const struct image_view *view)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < file_count(view); i++) {
        const struct mf_file *file = file_at(view, i);
        char mode[12];
        snprintf(mode, sizeof(mode), "%06o", file->mode);
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "path", file_path(view, file),
                                              "mode", mode, "bytes", (json_int_t)file->bytes));
    }
    return list;
}

/* Sizes by what it is; there may be several segments of one kind. */
static json_t *sections_json(const struct image_view *view)
{
    json_t *all = json_object();
    for (size_t i = 0; i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        const char *what = segment_what(view, segment);
        const json_t *before = json_object_get(all, what);
        const json_int_t bytes = json_integer_value(json_object_get(before, "bytes"));
        const json_int_t memory = json_integer_value(json_object_get(before, "memory"));
        json_object_set_new(all, what,
                            json_pack("{s:I, s:I}", "bytes",
                                      bytes + (json_int_t)segment->file_bytes, "memory",
                                      memory + (json_int_t)segment->memory_bytes));
    }
    return all;
}

static void add_signature(json_t *all, const struct image_view *view)
{
    char id[SEAL_HEX_BYTES], key[SEAL_HEX_BYTES];
    if (view->unsealed != NULL) {
        json_object_set_new(all, "problem", json_string(view->unsealed));
        return;
    }
    seal_hex(view->signature.id, id);
    seal_hex(view->signature.key, key);
    json_t *signature = json_pack("{s:b, s:b}", "signed", view->signature.is_signed, "valid",
                                  view->signature.is_signed && is_valid(view));
    if (view->signature.is_signed) {
        json_object_set_new(signature, "key", json_string(key));
    }
    json_object_set_new(all, "id", json_string(id));
    json_object_set_new(all, "signature", signature);
}

json_t *inspect_json(const struct image_view *view)
{
    char runtime[sizeof(view->header.runtime_version) + 1] = {0};
    memcpy(runtime, view->header.runtime_version, sizeof(view->header.runtime_version));
    json_t *all = json_pack("{s:I, s:s, s:O, s:o, s:o, s:o, s:I, s:o}", "bytes",
                            (json_int_t)view->program.file.bytes, "runtime", runtime, "manifest",
                            view->manifest, "segments", segments_json(view), "sections",
                            sections_json(view), "posix", posix_functions(view), "symbols",
                            (json_int_t)symbol_count(view), "files", files_json(view));
    add_signature(all, view);
    return all;
}
