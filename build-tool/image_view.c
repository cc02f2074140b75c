/* SPDX-License-Identifier: Apache-2.0 */
/* image_view.c - see image_view.h. */
#include "image_view.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

/* Whether the file is an ELF file at all (a folder is not). */
static int is_elf(const char *path)
{
    char magic[SELFMAG] = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, magic, sizeof(magic));
    if (fd >= 0) {
        close(fd);
    }
    return got == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* ---- the manifest --------------------------------------------------------------------------- */

static json_t *manifest_of_notes(Elf_Data *notes)
{
    GElf_Nhdr note;
    size_t name = 0, description = 0, at = 0, next = 0;
    while ((next = gelf_getnote(notes, at, &note, &name, &description)) > 0) {
        const char *bytes = notes->d_buf;
        if (note.n_type == MF_NOTE_MANIFEST && note.n_namesz == sizeof(MF_NOTE_NAME) &&
            memcmp(bytes + name, MF_NOTE_NAME, sizeof(MF_NOTE_NAME)) == 0) {
            return json_loadb(bytes + description, note.n_descsz, 0, NULL);
        }
        at = next;
    }
    return NULL;
}

static json_t *read_manifest(Elf *elf)
{
    size_t count = 0;
    json_t *manifest = NULL;
    if (elf_getphdrnum(elf, &count) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < count && i < INT32_MAX && manifest == NULL; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, (int)i, &header) == NULL || header.p_type != PT_NOTE) {
            continue;
        }
        Elf_Data *notes =
            elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_NHDR);
        manifest = notes == NULL ? NULL : manifest_of_notes(notes);
    }
    if (!json_is_object(manifest)) {
        json_decref(manifest);
        return NULL;
    }
    return manifest;
}

static json_t *read_manifest_of(const struct buffer *file)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)file->data, file->bytes);
    json_t *manifest = elf == NULL ? NULL : read_manifest(elf);
    elf_end(elf);
    return manifest;
}

bool image_view_is_program(const char *path)
{
    struct buffer file = {0};
    if (!is_elf(path) || buffer_read_file(&file, path) != 0) {
        return false;
    }
    json_t *manifest = read_manifest_of(&file);
    const bool has_none = manifest == NULL;
    json_decref(manifest);
    buffer_free(&file);
    return has_none;
}

/* ---- header, symbols, files ------------------------------------------------------------------ */

/*
 * The `bytes` of file contents at address `va`. NULL when no segment holds all of them, or they are
 * not aligned for the structures of image.h.
 */
static const void *bytes_at(const struct program *program, uint64_t va, uint64_t bytes)
{
    for (size_t i = 0; i < program->segments_count; i++) {
        const struct segment *segment = &program->segments[i];
        if (va >= segment->va && va - segment->va <= segment->file_bytes &&
            bytes <= segment->file_bytes - (va - segment->va)) {
            const uint8_t *data = segment->data + (va - segment->va);
            return (uintptr_t)data % _Alignof(struct mf_files) == 0 ? data : NULL;
        }
    }
    return NULL;
}

static int symbols_are_complete(const struct mf_symtab *table, uint64_t bytes)
{
    return table != NULL && bytes >= sizeof(*table) && table->magic == MF_SYMTAB_MAGIC &&
           sizeof(*table) + (uint64_t)table->count * sizeof(struct mf_symbol) +
                   table->names_bytes <=
               bytes;
}

static int files_are_complete(const struct mf_files *files, uint64_t bytes)
{
    if (files == NULL || bytes < sizeof(*files) || files->magic != MF_FILES_MAGIC ||
        files->bytes > bytes ||
        (uint64_t)files->count * sizeof(struct mf_file) > files->bytes - sizeof(*files)) {
        return 0;
    }
    const struct mf_file *file = (const struct mf_file *)(files + 1);
    for (uint32_t i = 0; i < files->count; i++) {
        if (file[i].path >= files->bytes || file[i].data > files->bytes ||
            file[i].bytes > files->bytes - file[i].data ||
            memchr((const char *)files + file[i].path, '\0', files->bytes - file[i].path) == NULL) {
            return 0;
        }
    }
    return 1;
}

static const char *read_header(struct image_view *view)
{
    const struct program *program = &view->program;
    const struct mf_image_header *header =
        bytes_at(program, program->segments[0].va, sizeof(*header));
    if (header == NULL || header->magic != MF_IMAGE_MAGIC) {
        return "is not an image of Mayfly: make one with `mayfly build`";
    }
    view->header = *header;
    if (header->version != MF_IMAGE_VERSION) {
        return "was made by another version of Mayfly: build it again";
    }
    if (header->symtab_va != 0) {
        view->symbols = bytes_at(program, header->symtab_va, header->symtab_bytes);
        if (!symbols_are_complete(view->symbols, header->symtab_bytes)) {
            return "is damaged: its symbol table is not whole; build it again";
        }
    }
    if (header->files_va != 0) {
        view->files = bytes_at(program, header->files_va, header->files_bytes);
        if (!files_are_complete(view->files, header->files_bytes)) {
            return "is damaged: its file tree is not whole; build it again";
        }
    }
    return NULL;
}

/* ---- all of it ---------------------------------------------------------------------------- */

int image_view_load(struct image_view *view, const char *path)
{
    *view = (struct image_view){0};
    if (program_load(&view->program, path) != 0) {
        return -1;
    }
    view->manifest = read_manifest_of(&view->program.file);
    view->unsealed =
        signature_read(&view->signature, view->program.file.data, view->program.file.bytes);
    const char *wrong = read_header(view);
    if (wrong == NULL && view->manifest == NULL) {
        wrong = "has no manifest: package it with `mayfly build` or `mayfly pack`";
    }
    if (wrong != NULL) {
        report_error("%s %s", path, wrong);
        image_view_free(view);
        return -1;
    }
    return 0;
}

void image_view_free(struct image_view *view)
{
    json_decref(view->manifest);
    program_free(&view->program);
    *view = (struct image_view){0};
}
