// SPDX-License-Identifier: Apache-2.0
// sources: dom0/images/elf.c
// cflags: -Idom0
// The reader of images, on a good one and on broken ones.
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../dom0/images/elf.h"
#include "mayfly/abi.h"

#define FILE_BYTES 0x3000

struct sample {
    Elf64_Ehdr h;
    Elf64_Phdr p[4];
    struct {
        Elf64_Nhdr h;
        char name[8], text[8];
    } note;
    uint8_t rest[FILE_BYTES - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr) - 28];
};

static struct sample *make(void)
{
    struct sample *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    assert_int_equal(sizeof(*s), FILE_BYTES);
    s->h = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_entry = 0x203010,
        .e_phoff = sizeof(s->h),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 4,
    };
    s->p[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                           .p_flags = PF_R,
                           .p_offset = 0x1000,
                           .p_vaddr = 0x202000,
                           .p_filesz = 0x800,
                           .p_memsz = 0x800};
    s->p[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                           .p_flags = PF_R | PF_X,
                           .p_offset = 0x2000,
                           .p_vaddr = 0x203000,
                           .p_filesz = 0x1000,
                           .p_memsz = 0x1000};
    s->p[2] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x400000, .p_memsz = 0x5001};
    s->p[3] = (Elf64_Phdr){
        .p_type = PT_NOTE, .p_offset = offsetof(struct sample, note), .p_filesz = sizeof(s->note)};
    s->note.h = (Elf64_Nhdr){.n_namesz = 7, .n_descsz = 5, .n_type = 1};
    memcpy(s->note.name, "Mayfly", 7);
    memcpy(s->note.text, "{...}", sizeof("{...}"));
    return s;
}

static void good_image_is_read(void **state)
{
    (void)state;
    struct sample *s = make();
    struct elf_image e;
    assert_null(elf_parse(&e, s, sizeof(*s)));
    assert_int_equal(e.entry, 0x203010);
    assert_int_equal(e.segment_count, 3);
    assert_int_equal(e.segments[1].prot, HV_PROT_READ | HV_PROT_EXEC);
    assert_int_equal(e.segments[2].pages, 6);
    assert_int_equal(e.manifest_bytes, 5);
    assert_memory_equal(e.manifest, "{...}", 5);
    assert_ptr_equal(elf_at(&e, 0x202010, 16), (uint8_t *)s + 0x1010);
    assert_null(elf_at(&e, 0x2027ff, 2));
    assert_null(elf_at(&e, 0x400000, 1));
    assert_null(elf_at(&e, 0x202000, UINT64_MAX));
    free(s);
}

static void broken_images_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 15; i++) {
        struct sample *s = make();
        struct elf_image e;
        size_t bytes = sizeof(*s);
        switch (i) {
        case 0:
            bytes = 63;
            break;
        case 1:
            s->h.e_ident[4] = 1;
            break;
        case 2:
            s->h.e_type = ET_DYN;
            break;
        case 3:
            s->h.e_phoff = UINT64_MAX - 10;
            break;
        case 4:
            s->h.e_phnum = 65535;
            break;
        case 5:
            s->p[0].p_offset = UINT64_MAX;
            break;
        case 6:
            s->p[0].p_filesz = 0x801;
            break;
        case 7:
            s->p[1].p_vaddr = 0x202000;
            break;
        case 8:
            s->p[0].p_vaddr = 0x200000;
            break;
        case 9:
            s->p[2].p_memsz = UINT64_MAX;
            break;
        case 10:
            s->p[1].p_flags = PF_R | PF_W | PF_X;
            break;
        case 11:
            s->h.e_entry = 0x202000;
            break;
        case 12:
            s->p[3].p_filesz = FILE_BYTES;
            break;
        case 13:
            s->note.h.n_descsz = UINT32_MAX;
            break;
        default:
            s->note.h.n_namesz = UINT32_MAX;
            break;
        }
        assert_non_null(elf_parse(&e, s, bytes));
        free(s);
    }
}

static void random_changes_are_survived(void **state)
{
    (void)state;
    struct sample *s = make(), *copy = make();
    srandom(3);
    for (int i = 0; i < 200000; i++) {
        struct elf_image e;
        memcpy(copy, s, sizeof(*s));
        for (int k = (int)(random() % 4); k >= 0; k--) {
            ((uint8_t *)copy)[(size_t)random() % offsetof(struct sample, rest)] =
                (uint8_t)(random() % 3 == 0 ? 0xff : random());
        }
        const size_t bytes = random() % 2 ? sizeof(*s) : (size_t)random() % sizeof(*s);
        if (elf_parse(&e, copy, bytes) == NULL) {
            for (uint32_t k = 0; k < e.segment_count; k++) {
                const struct elf_segment *g = &e.segments[k];
                assert_true(g->bytes == 0 || (g->data >= (uint8_t *)copy &&
                                              g->data + g->bytes <= (uint8_t *)copy + bytes));
            }
        }
    }
    free(s);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_image_is_read),
        cmocka_unit_test(broken_images_are_refused),
        cmocka_unit_test(random_changes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
