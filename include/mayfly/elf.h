/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf.h - the part of ELF64 that an image uses (System V ABI, chapters 4 and 5), for those who load
 * one: hv the first domain, dom0 all others. image.h says what else is in an image.
 */
#pragma once

#include <stdint.h>

#define ET_EXEC 2
#define EM_X86_64 62
#define PT_LOAD 1
#define PT_NOTE 4
#define PF_X 1u
#define PF_W 2u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
    uint32_t name_bytes, desc_bytes, type;
};

_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_phdr) == 56, "ELF64");
