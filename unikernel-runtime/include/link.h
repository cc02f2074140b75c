/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - the objects that a program consists of: one, the guest's image. */
#pragma once

#include <dlfcn.h>
#include_next <elf.h>
#include <stddef.h>
#include <sys/cdefs.h>

#define ElfW(type) Elf64_##type

struct dl_phdr_info {
    Elf64_Addr dlpi_addr;        /* 0: it is not moved */
    const char *dlpi_name;       /* "": the program itself */
    const Elf64_Phdr *dlpi_phdr; /* all of the image as one PT_LOAD, and PT_TLS */
    Elf64_Half dlpi_phnum;
    unsigned long long dlpi_adds;
    unsigned long long dlpi_subs;
    size_t dlpi_tls_modid;
    void *dlpi_tls_data;
};

__BEGIN_DECLS
/* Calls fn once; the result is fn's. */
int dl_iterate_phdr(int (*fn)(struct dl_phdr_info *info, size_t bytes, void *data), void *data);
__END_DECLS
