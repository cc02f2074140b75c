/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - see program.h. */
#include "program.h"

#include <gelf.h>
#include <mayfly/layout.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "report.h"

/* ---- symbols ------------------------------------------------------------------------------ */

static unsigned rank_of(const GElf_Sym *symbol)
{
    const unsigned binding = GELF_ST_BIND(symbol->st_info);
    return binding == STB_GLOBAL ? 3 : binding == STB_WEAK ? 2 : 1;
}

/* Functions, and variables that can change: both are looked at in a running guest. */
static bool is_wanted(const struct program *program, const GElf_Sym *symbol)
{
    const unsigned type = GELF_ST_TYPE(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || type == STT_FUNC) {
        return symbol->st_shndx != SHN_UNDEF;
    }
    for (size_t i = 0; i < program->segments_count && type == STT_OBJECT; i++) {
        const struct segment *segment = &program->segments[i];
        if (symbol->st_value >= segment->va &&
            symbol->st_value - segment->va < segment->memory_bytes) {
            return (segment->flags & PF_W) != 0;
        }
    }
    return false;
}

static void add_symbols(struct program *program, Elf *elf, Elf_Scn *section,
                        const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    if (data == NULL || header->sh_entsize == 0) {
        return;
    }
    const size_t count = header->sh_size / header->sh_entsize;
    program->symbols = alloc_array(program->symbols, program->symbols_count + count,
                                   sizeof(struct program_symbol));
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL || !is_wanted(program, &symbol)) {
            continue;
        }
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name != NULL && name[0] != '\0') {
            program->symbols[program->symbols_count++] = (struct program_symbol){
                .address = symbol.st_value, .name = name, .rank = rank_of(&symbol)};
        }
    }
}

static int compare_symbols(const void *a, const void *b)
{
    const struct program_symbol *x = a, *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    return x->rank != y->rank ? (x->rank > y->rank ? -1 : 1) : strcmp(x->name, y->name);
}

static void sort_symbols(struct program *program)
{
    size_t kept = 0;
    if (program->symbols_count == 0) {
        return;
    }
    qsort(program->symbols, program->symbols_count, sizeof(struct program_symbol), compare_symbols);
    for (size_t i = 1; i < program->symbols_count; i++) {
        if (program->symbols[i].address != program->symbols[kept].address) {
            program->symbols[++kept] = program->symbols[i];
        }
    }
    program->symbols_count = kept + 1;
}

static void read_symbols(struct program *program, Elf *elf)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB) {
            add_symbols(program, elf, section, &header);
        }
    }
    sort_symbols(program);
}

/* ---- segments ------------------------------------------------------------------------------- */

static const char *segment_fault(const struct program *program, const GElf_Phdr *header)
{
    const uint64_t bytes = program->file.bytes;
    if (header->p_offset > bytes || header->p_filesz > bytes - header->p_offset ||
        header->p_memsz < header->p_filesz) {
        return "is cut off: link it again";
    }
    if ((header->p_flags & PF_W) != 0 && (header->p_flags & PF_X) != 0) {
        return "has a segment that is writable and executable: link it without -N";
    }
    if (header->p_vaddr < HV_IMAGE_BASE || header->p_vaddr >= HV_HEAP_BASE ||
        header->p_memsz > HV_HEAP_BASE - header->p_vaddr) {
        return "lies outside of a guest's addresses (0x202000 to 1 GiB): link it with "
               "x86_64-mayfly-elf-gcc";
    }
    if (header->p_vaddr % HV_PAGE_BYTES != 0) {
        return "has a segment that does not start on a page: link it with x86_64-mayfly-elf-gcc";
    }
    return program->segments_count == PROGRAM_SEGMENTS_MAX ? "has too many segments" : NULL;
}

static const char *take_segment(struct program *program, const GElf_Phdr *header)
{
    if (header->p_type == PT_INTERP || header->p_type == PT_DYNAMIC) {
        return "is not static: link it with x86_64-mayfly-elf-gcc";
    }
    if (header->p_type != PT_LOAD || header->p_memsz == 0) {
        return NULL;
    }
    const char *fault = segment_fault(program, header);
    if (fault != NULL) {
        return fault;
    }
    program->segments[program->segments_count++] = (struct segment){
        .va = header->p_vaddr,
        .file_bytes = header->p_filesz,
        .memory_bytes = header->p_memsz,
        .flags = header->p_flags & (PF_R | PF_W | PF_X),
        .data = program->file.data + header->p_offset,
    };
    return NULL;
}

static int compare_segments(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    return x->va < y->va ? -1 : x->va > y->va;
}

static const char *read_segments(struct program *program, Elf *elf)
{
    size_t count = 0;
    if (elf_getphdrnum(elf, &count) != 0) {
        return "has no segments: link it";
    }
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        GElf_Phdr header;
        const char *fault = gelf_getphdr(elf, (int)i, &header) == NULL
                                ? "is cut off: link it again"
                                : take_segment(program, &header);
        if (fault != NULL) {
            return fault;
        }
    }
    if (program->segments_count == 0) {
        return "has no segments: link it";
    }
    qsort(program->segments, program->segments_count, sizeof(struct segment), compare_segments);
    for (size_t i = 1; i < program->segments_count; i++) {
        const struct segment *before = &program->segments[i - 1];
        const uint64_t end = before->va + before->memory_bytes;
        if ((end + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES * HV_PAGE_BYTES > program->segments[i].va) {
            return "has two segments in one page: link it with x86_64-mayfly-elf-gcc";
        }
    }
    return NULL;
}

/* ---- the file ------------------------------------------------------------------------------- */

static const char *read_elf(struct program *program, Elf *elf)
{
    GElf_Ehdr header;
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL) {
        return "is not an ELF file";
    }
    if (header.e_machine != EM_X86_64 || gelf_getclass(elf) != ELFCLASS64) {
        return "is not for x86-64";
    }
    program->entry = header.e_entry;
    if (header.e_type != ET_EXEC) {
        return "is not a static program at fixed addresses: link it with x86_64-mayfly-elf-gcc";
    }
    const char *fault = read_segments(program, elf);
    if (fault == NULL) {
        read_symbols(program, elf);
    }
    return fault;
}

int program_load(struct program *program, const char *path)
{
    *program = (struct program){0};
    if (buffer_read_file(&program->file, path) != 0) {
        return -1;
    }
    elf_version(EV_CURRENT);
    /* elf_memory() refers to the buffer, so names stay valid after elf_end(). */
    Elf *elf = elf_memory((char *)program->file.data, program->file.bytes);
    const char *fault = read_elf(program, elf);
    elf_end(elf);
    if (fault != NULL) {
        report_error("%s %s", path, fault);
        program_free(program);
        return -1;
    }
    return 0;
}

void program_free(struct program *program)
{
    free(program->symbols);
    buffer_free(&program->file);
    *program = (struct program){0};
}
