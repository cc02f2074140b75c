/* SPDX-License-Identifier: Apache-2.0 */
/* boot.c - see boot.h. */
#include "boot.h"

#include <string.h>

#include "mayfly/hypercall.h"

static const struct hv_module *modules; /* borrows: hv's */
static uint32_t module_count;

static void look(void)
{
    struct hv_machine_info info;
    if (modules == NULL && hv_machine_info(&info) >= 0 && info.modules_va != 0) {
        modules = (const struct hv_module *)(uintptr_t)info.modules_va;
        module_count = info.module_count;
    }
}

uint32_t boot_file_count(void)
{
    look();
    return module_count;
}

struct boot_file boot_file(uint32_t index)
{
    const struct hv_module *m = &modules[index];
    return (struct boot_file){m->name, (const void *)(uintptr_t)m->va, m->bytes};
}

struct boot_file boot_find(const char *name)
{
    for (uint32_t i = 0; i < boot_file_count(); i++) {
        const struct boot_file f = boot_file(i);
        if (strcmp(f.name, name) == 0) {
            return f;
        }
    }
    return (struct boot_file){0};
}
