/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - see image.h. */
#include "image.h"

#include <elf.h>
#include <mayfly/image.h>
#include <mayfly/layout.h>
#include <sodium/crypto_hash_sha256.h>
#include <stdbool.h>
#include <string.h>

#define REGION_BYTES 0x200000ull                    /* what one page table maps */
#define SEGMENTS_MAX (2 * PROGRAM_SEGMENTS_MAX + 2) /* a program's may be split in two */

struct plan {
    struct segment segments[SEGMENTS_MAX]; /* by address */
    size_t count;
    struct mf_image_header header;
};

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* ---- the program's own segments ------------------------------------------------------------- */

static size_t leading_zeros(const struct segment *segment)
{
    size_t zeros = 0;
    while (zeros < segment->file_bytes && segment->data[zeros] == 0) {
        zeros++;
    }
    return zeros;
}

/*
 * Zero pages at the start (a stack) and zero bytes at the end of a writable segment need not be in
 * the file: memory beyond the file's bytes is zero on demand.
 */
static void plan_writable(struct plan *plan, struct segment segment)
{
    while (segment.file_bytes > 0 && segment.data[segment.file_bytes - 1] == 0) {
        segment.file_bytes--;
    }
    const uint64_t pages = leading_zeros(&segment) / HV_PAGE_BYTES * HV_PAGE_BYTES;
    if (pages > 0) {
        struct segment zeros = segment;
        zeros.file_bytes = 0;
        zeros.memory_bytes = pages;
        plan->segments[plan->count++] = zeros;
        segment.va += pages;
        segment.data += pages;
        segment.file_bytes -= pages;
        segment.memory_bytes -= pages;
    }
    plan->segments[plan->count++] = segment;
}

static const char *plan_program(struct plan *plan, const struct program *program)
{
    const struct segment *first = &program->segments[0];
    if (first->va != HV_IMAGE_BASE || (first->flags & PF_W) != 0 ||
        first->file_bytes < sizeof(plan->header)) {
        return "has no image header: link it with x86_64-mayfly-elf-gcc";
    }
    memcpy(&plan->header, first->data, sizeof(plan->header));
    if (plan->header.magic != MF_IMAGE_MAGIC) {
        return "has no image header: link it with x86_64-mayfly-elf-gcc";
    }
    if (plan->header.version != MF_IMAGE_VERSION) {
        return "was linked with the runtime of another Mayfly: link it again with this one's";
    }
    for (size_t i = 0; i < program->segments_count; i++) {
        if ((program->segments[i].flags & PF_W) != 0) {
            plan_writable(plan, program->segments[i]);
        } else {
            plan->segments[plan->count++] = program->segments[i];
        }
    }
    return NULL;
}

/* ---- where the added segments go ------------------------------------------------------------ */

/* Free addresses: [gap, gap_end) beside the text, and from `behind` on. */
struct space {
    uint64_t gap, gap_end, behind;
};

static struct space find_space(const struct plan *plan)
{
    struct space space = {.gap = 0, .gap_end = HV_HEAP_BASE, .behind = 0};
    for (size_t i = 0; i < plan->count; i++) {
        const struct segment *segment = &plan->segments[i];
        const uint64_t end = segment->va + segment->memory_bytes;
        if ((segment->flags & PF_W) == 0) {
            space.gap = round_up(end, HV_PAGE_BYTES);
        } else if (space.gap_end == HV_HEAP_BASE) {
            space.gap_end = segment->va / REGION_BYTES * REGION_BYTES;
        }
        space.behind = round_up(end, REGION_BYTES);
    }
    if (space.gap_end < HV_HEAP_BASE && space.gap_end > 0) {
        space.gap_end -= HV_PAGE_BYTES; /* the main stack's guard */
    }
    return space;
}

static bool place(struct plan *plan, struct space *space, const struct buffer *part, uint64_t *va)
{
    const uint64_t bytes = round_up(part->bytes, HV_PAGE_BYTES);
    if (space->gap <= space->gap_end && bytes <= space->gap_end - space->gap) {
        *va = space->gap;
        space->gap += bytes;
    } else if (space->behind <= HV_HEAP_BASE && bytes <= HV_HEAP_BASE - space->behind) {
        *va = space->behind;
        space->behind += bytes;
    } else {
        return false;
    }
    size_t at = plan->count++;
    for (; at > 0 && plan->segments[at - 1].va > *va; at--) {
        plan->segments[at] = plan->segments[at - 1];
    }
    plan->segments[at] = (struct segment){
        .va = *va,
        .file_bytes = part->bytes,
        .memory_bytes = part->bytes,
        .flags = PF_R,
        .data = part->data,
    };
    return true;
}

static const char *plan_parts(struct plan *plan, const struct image_parts *parts)
{
    struct space space = find_space(plan);
    if (parts->symbols->bytes > 0) {
        if (!place(plan, &space, parts->symbols, &plan->header.symtab_va)) {
            return "is too large: no room for its symbol table below 1 GiB";
        }
        plan->header.symtab_bytes = parts->symbols->bytes;
    }
    if (parts->files->bytes > 0) {
        if (!place(plan, &space, parts->files, &plan->header.files_va)) {
            return "and its files are too large: together they must stay below 1 GiB";
        }
        plan->header.files_bytes = parts->files->bytes;
    }
    return NULL;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* A note with room for `bytes` of descriptor; returns where that starts. */
static size_t append_note(struct buffer *out, uint32_t type, size_t bytes)
{
    const Elf64_Nhdr note = {
        .n_namesz = sizeof(MF_NOTE_NAME),
        .n_descsz = (Elf64_Word)bytes,
        .n_type = type,
    };
    buffer_append(out, &note, sizeof(note));
    buffer_append(out, MF_NOTE_NAME, sizeof(MF_NOTE_NAME));
    buffer_align(out, 4);
    const size_t at = buffer_reserve(out, bytes);
    buffer_align(out, 4);
    return at;
}

/* The notes with the hashes of the layers and the signature still to be filled in. */
static size_t append_notes(struct buffer *out, const struct plan *plan, const char *manifest)
{
    const size_t length = strlen(manifest);
    const size_t text = append_note(out, MF_NOTE_MANIFEST, length);
    memcpy(out->data + text, manifest, length);
    const size_t layers = append_note(out, MF_NOTE_LAYERS, plan->count * sizeof(struct mf_layer));
    append_note(out, MF_NOTE_SIGNATURE, sizeof(struct mf_signature));
    return layers;
}

static Elf64_Ehdr elf_header(const struct plan *plan, uint64_t entry)
{
    return (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = entry,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)(plan->count + 1),
        .e_shentsize = sizeof(Elf64_Shdr),
    };
}

static Elf64_Phdr note_header(const struct plan *plan, size_t bytes)
{
    return (Elf64_Phdr){
        .p_type = PT_NOTE,
        .p_flags = PF_R,
        .p_offset = sizeof(Elf64_Ehdr) + (plan->count + 1) * sizeof(Elf64_Phdr),
        .p_filesz = bytes,
        .p_align = 4,
    };
}

static void append_segment(struct buffer *out, const struct segment *segment, size_t header_at)
{
    if (segment->file_bytes > 0) {
        buffer_align(out, HV_PAGE_BYTES);
    }
    const Elf64_Phdr header = {
        .p_type = PT_LOAD,
        .p_flags = segment->flags,
        .p_offset = segment->file_bytes > 0 ? out->bytes : 0,
        .p_vaddr = segment->va,
        .p_paddr = segment->va,
        .p_filesz = segment->file_bytes,
        .p_memsz = segment->memory_bytes,
        .p_align = HV_PAGE_BYTES,
    };
    memcpy(out->data + header_at, &header, sizeof(header));
    buffer_append(out, segment->data, segment->file_bytes);
}

const char *image_pack(const struct image_parts *parts, struct buffer *out)
{
    struct plan plan = {0};
    const char *wrong = plan_program(&plan, parts->program);
    if (wrong == NULL) {
        wrong = plan_parts(&plan, parts);
    }
    if (wrong != NULL) {
        return wrong;
    }
    const Elf64_Ehdr header = elf_header(&plan, parts->program->entry);
    struct buffer notes = {0};
    const size_t layers = append_notes(&notes, &plan, parts->manifest);
    const Elf64_Phdr note = note_header(&plan, notes.bytes);
    buffer_append(out, &header, sizeof(header));
    buffer_append(out, &note, sizeof(note));
    const size_t headers_at = buffer_reserve(out, plan.count * sizeof(Elf64_Phdr));
    const size_t layers_at = out->bytes + layers;
    buffer_append(out, notes.data, notes.bytes);
    buffer_free(&notes);
    for (size_t i = 0; i < plan.count; i++) {
        append_segment(out, &plan.segments[i], headers_at + i * sizeof(Elf64_Phdr));
        const size_t start = out->bytes - plan.segments[i].file_bytes;
        if (i == 0) { /* plan_program(): the first segment starts with the header */
            memcpy(out->data + start, &plan.header, sizeof(plan.header));
        }
        crypto_hash_sha256(out->data + layers_at + i * sizeof(struct mf_layer), out->data + start,
                           plan.segments[i].file_bytes);
    }
    return NULL;
}
