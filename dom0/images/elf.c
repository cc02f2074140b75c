/* SPDX-License-Identifier: Apache-2.0 */
/* elf.c - see elf.h. */
#include "images/elf.h"

#include <stdbool.h>
#include <string.h>

#include "mayfly/abi.h"
#include "mayfly/elf.h"
#include "mayfly/image.h"

static bool lies_within(uint64_t offset, uint64_t bytes, uint64_t all)
{
    return offset <= all && bytes <= all - offset;
}

static const char *check_header(const struct elf_header *h, size_t bytes)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    if (memcmp(h->ident, ident, sizeof(ident)) != 0) {
        return "not an ELF file for 64 bits";
    }
    if (h->type != ET_EXEC || h->machine != EM_X86_64) {
        return "not a static x86-64 executable";
    }
    if (h->phentsize != sizeof(struct elf_phdr) ||
        !lies_within(h->phoff, (uint64_t)h->phnum * sizeof(struct elf_phdr), bytes)) {
        return "the program headers lie outside of the file";
    }
    return NULL;
}

static const char *add_segment(struct elf_image *e, const struct elf_phdr *p, const uint8_t *file,
                               size_t bytes)
{
    uint64_t lowest = HV_IMAGE_BASE & ~(uint64_t)(HV_PAGE_BYTES - 1);
    if (p->memsz == 0) {
        return NULL;
    }
    if (p->filesz > p->memsz || !lies_within(p->offset, p->filesz, bytes)) {
        return "a segment lies outside of the file";
    }
    if (e->segment_count == ELF_SEGMENTS_MAX) {
        return "too many segments";
    }
    if (e->segment_count > 0) {
        const struct elf_segment *last = &e->segments[e->segment_count - 1];
        lowest = last->va + last->pages * HV_PAGE_BYTES;
    }
    if ((p->vaddr & (HV_PAGE_BYTES - 1)) != 0 || p->vaddr < lowest || p->vaddr > HV_HEAP_BASE ||
        p->memsz > HV_HEAP_BASE - p->vaddr) {
        return "a segment is not where the layout allows it";
    }
    if ((p->flags & (PF_X | PF_W)) == (PF_X | PF_W)) {
        return "a segment is writable and executable";
    }
    e->segments[e->segment_count++] = (struct elf_segment){
        .va = p->vaddr,
        .pages = (p->memsz + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES,
        .prot = HV_PROT_READ | ((p->flags & PF_W) != 0 ? HV_PROT_WRITE : 0) |
                ((p->flags & PF_X) != 0 ? HV_PROT_EXEC : 0),
        .data = file + p->offset,
        .bytes = p->filesz,
    };
    return NULL;
}

/* Looks for the manifest among the notes of one segment. */
static const char *find_manifest(struct elf_image *e, const uint8_t *notes, uint64_t bytes)
{
    uint64_t at = 0;
    while (lies_within(at, sizeof(struct elf_note), bytes)) {
        struct elf_note n;
        memcpy(&n, notes + at, sizeof(n));
        const uint64_t name = at + sizeof(n);
        const uint64_t desc = name + (((uint64_t)n.name_bytes + 3) & ~3ull);
        if (!lies_within(desc, n.desc_bytes, bytes)) {
            return "a note lies outside of its segment";
        }
        if (n.type == MF_NOTE_MANIFEST && n.name_bytes == sizeof(MF_NOTE_NAME) &&
            memcmp(notes + name, MF_NOTE_NAME, sizeof(MF_NOTE_NAME)) == 0) {
            e->manifest = (const char *)notes + desc;
            e->manifest_bytes = n.desc_bytes;
        }
        at = desc + (((uint64_t)n.desc_bytes + 3) & ~3ull);
    }
    return NULL;
}

static bool is_executable(const struct elf_image *e, uint64_t va)
{
    for (uint32_t i = 0; i < e->segment_count; i++) {
        const struct elf_segment *s = &e->segments[i];
        if (va >= s->va && va - s->va < s->bytes) {
            return (s->prot & HV_PROT_EXEC) != 0;
        }
    }
    return false;
}

const char *elf_parse(struct elf_image *e, const void *file, size_t bytes)
{
    const uint8_t *data = file;
    struct elf_header h;
    const char *problem;

    *e = (struct elf_image){0};
    if (bytes < sizeof(h)) {
        return "not an ELF file for 64 bits";
    }
    memcpy(&h, data, sizeof(h));
    problem = check_header(&h, bytes);
    for (uint32_t i = 0; i < h.phnum && problem == NULL; i++) {
        struct elf_phdr p;
        memcpy(&p, data + h.phoff + i * sizeof(p), sizeof(p));
        if (p.type == PT_LOAD) {
            problem = add_segment(e, &p, data, bytes);
        } else if (p.type == PT_NOTE) {
            problem = lies_within(p.offset, p.filesz, bytes)
                          ? find_manifest(e, data + p.offset, p.filesz)
                          : "the notes lie outside of the file";
        }
    }
    if (problem == NULL && !is_executable(e, h.entry)) {
        problem = "the entry point is not in an executable segment";
    }
    e->entry = h.entry;
    return problem;
}

const void *elf_at(const struct elf_image *e, uint64_t va, uint64_t bytes)
{
    for (uint32_t i = 0; i < e->segment_count; i++) {
        const struct elf_segment *s = &e->segments[i];
        if (va >= s->va && lies_within(va - s->va, bytes, s->bytes)) {
            return s->data + (va - s->va);
        }
    }
    return NULL;
}
