/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c - see inspect.h. */
#include "inspect.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* ---- for people -------------------------------------------------------------------------------
 */

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
}

static void print_segments(const struct image_view *view)
{
    printf("\n%-12s %-6s %12s %12s  %s\n", "address", "access", "bytes", "memory", "what");
    for (size_t i = 0; i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        char text[4];
        access_text(segment->flags, text);
        printf("0x%-10" PRIx64 " %-6s %12" PRIu64 " %12" PRIu64 "  %s\n", segment->va, text,
               segment->file_bytes, segment->memory_bytes, segment_what(view, segment));
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
    printf("runtime      %.*s\n", (int)sizeof(view->header.runtime_version),
           view->header.runtime_version);
    printf("symbols      %" PRIu32 " functions\n", symbol_count(view));
    printf("files        %" PRIu32 "\n", file_count(view));
    print_segments(view);
    print_files(view);
}

/* ---- for programs -----------------------------------------------------------------------------
 */

static json_t *segments_json(const struct image_view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        char text[4];
        access_text(segment->flags, text);
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:s, s:s}", "address",
                                              (json_int_t)segment->va, "bytes",
                                              (json_int_t)segment->file_bytes, "memory",
                                              (json_int_t)segment->memory_bytes, "access", text,
                                              "what", segment_what(view, segment)));
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

json_t *inspect_json(const struct image_view *view)
{
    char runtime[sizeof(view->header.runtime_version) + 1] = {0};
    memcpy(runtime, view->header.runtime_version, sizeof(view->header.runtime_version));
    json_t *all =
        json_pack("{s:I, s:s, s:O, s:o, s:I, s:o}", "bytes", (json_int_t)view->program.file.bytes,
                  "runtime", runtime, "manifest", view->manifest, "segments", segments_json(view),
                  "symbols", (json_int_t)symbol_count(view), "files", files_json(view));
    return all;
}
