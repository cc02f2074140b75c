/* SPDX-License-Identifier: Apache-2.0 */
/* dlfcn.c - see dlfcn.h. One error is kept for each thread until it is asked for. */
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mayfly/layout.h"
#include "mayfly/symtab.h"
#include "start/image.h"
#include "start/link.h"

static __thread const char *error;
static char program; /* its address is the handle */

void *dlopen(const char *file, int mode)
{
    (void)mode;
    if (file == NULL) {
        return &program;
    }
    error = "shared objects cannot be loaded: a guest is one static program";
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle;
    (void)name;
    error = "a guest has no dynamic symbols";
    return NULL;
}

int dlclose(void *handle)
{
    if (handle == &program) {
        return 0;
    }
    error = "this is no handle";
    return -1;
}

char *dlerror(void)
{
    const char *said = error;
    error = NULL;
    return (char *)said;
}

int dladdr(const void *address, Dl_info *info)
{
    const volatile struct mf_image_header *const image = mf_image();
    const void *const table = (const void *)(uintptr_t)image->symtab_va;
    const uintptr_t at = (uintptr_t)address;
    uint64_t offset = 0;
    *info = (Dl_info){0};
    const bool is_stack = at >= (uintptr_t)__stack_bottom && at < (uintptr_t)__stack_top;
    if (at < HV_IMAGE_BASE || at >= (uintptr_t)_end || is_stack) {
        return 0;
    }
    info->dli_fname = "main";
    info->dli_fbase = (void *)(uintptr_t)HV_IMAGE_BASE;
    info->dli_sname = mf_symtab_find(table, image->symtab_bytes, at, &offset);
    info->dli_saddr = info->dli_sname == NULL ? NULL : (void *)(at - offset);
    return 1;
}

int dl_iterate_phdr(int (*fn)(struct dl_phdr_info *info, size_t bytes, void *data), void *data)
{
    const Elf64_Phdr headers[] = {
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_X,
         .p_vaddr = HV_IMAGE_BASE,
         .p_paddr = HV_IMAGE_BASE,
         .p_memsz = (uintptr_t)_end - HV_IMAGE_BASE,
         .p_align = HV_PAGE_BYTES},
        {.p_type = PT_TLS,
         .p_flags = PF_R,
         .p_vaddr = (uintptr_t)__tdata_start,
         .p_filesz = (uintptr_t)(__tdata_end - __tdata_start),
         .p_memsz = (uintptr_t)(__tls_end - __tdata_start),
         .p_align = 16},
    };
    struct dl_phdr_info info = {
        .dlpi_name = "",
        .dlpi_phdr = headers,
        .dlpi_phnum = sizeof(headers) / sizeof(headers[0]),
        .dlpi_adds = 1,
        .dlpi_tls_modid = 1,
    };
    return fn(&info, sizeof(info), data);
}
