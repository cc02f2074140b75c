/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.c - see modules.h. The one place where hv reads an ELF file: the first domain's, which
 * comes from the same boot volume as hv itself. All others are loaded by dom0.
 */
#include "hv/modules.h"

#include "arch.h"
#include "hv/cpu.h"
#include "hv/lib.h"
#include "hv/printk.h"
#include "hv/random.h"
#include "hv/sched.h"
#include "mayfly/elf.h"
#include "mayfly/info.h"

#define CONF_NAME "mayfly.conf"
#define DOM0_DEFAULT "dom0.elf"
#define DOM0_WEIGHT 1000u

static struct hv_module list[HV_MODULES_MAX];
static uint32_t list_count;

uint32_t modules_count(void)
{
    return list_count;
}

static const struct boot_module *find(const struct boot_info *info, const char *name)
{
    for (uint32_t i = 0; i < info->module_count; i++) {
        if (strcmp(info->modules[i].name, name) == 0) {
            return &info->modules[i];
        }
    }
    return NULL;
}

/* Copies to a domain that does not run yet. There is memory: it is the first. */
static void write_domain(struct domain *d, uint64_t va, const void *from, uint64_t bytes)
{
    const char *at = from;

    while (bytes != 0) {
        const uint64_t offset = va & (PAGE_SIZE - 1);
        const uint64_t n = min_u64(bytes, PAGE_SIZE - offset);
        paddr_t pa;
        if (aspace_page(&d->aspace, (gva_t){va}, true, &pa)) {
            panic("boot: not enough memory for the first domain; give the machine more");
        }
        memcpy((char *)phys_to_virt(pa) + offset, at, n);
        at += n;
        va += n;
        bytes -= n;
    }
}

static void map_domain(struct domain *d, uint64_t va, uint64_t bytes, uint32_t prot)
{
    const uint64_t pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;

    if (pages != 0 && aspace_map_zero(&d->aspace, (gva_t){va}, pages, prot)) {
        panic("boot: cannot map %lx, %lu bytes, for the first domain", va, bytes);
    }
}

/* ---- settings -------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The value of `key` in lines `key = value`; the last one counts. */
static void conf_get(const char *text, uint64_t bytes, char separator, const char *key, char *value,
                     size_t value_bytes)
{
    const char *end = text + bytes;
    const size_t key_bytes = strlen(key);

    while (text < end && *text != 0) {
        const char *stop = text;
        while (stop < end && *stop != '\n' && *stop != separator && *stop != 0) {
            stop++;
        }
        const char *at = text;
        while (at < stop && is_space(*at)) {
            at++;
        }
        if ((size_t)(stop - at) > key_bytes && strncmp(at, key, key_bytes) == 0) {
            at += key_bytes;
            while (at < stop && is_space(*at)) {
                at++;
            }
            if (at < stop && *at == '=') {
                at++;
                while (at < stop && is_space(*at)) {
                    at++;
                }
                size_t n = min_u64((uint64_t)(stop - at), value_bytes - 1);
                while (n > 0 && is_space(at[n - 1])) {
                    n--;
                }
                memcpy(value, at, n);
                value[n] = 0;
            }
        }
        text = stop + 1;
    }
}

/* ---- the image ------------------------------------------------------------------------------- */

static void load_elf(struct domain *d, const struct boot_module *m)
{
    const char *file = phys_to_virt((paddr_t){m->base});
    const struct elf_header *h = (const struct elf_header *)file;

    if (m->bytes < sizeof(*h) || memcmp(h->ident, "\177ELF\2\1", 6) != 0 || h->type != ET_EXEC ||
        h->machine != EM_X86_64 || h->phentsize != sizeof(struct elf_phdr) || h->phoff > m->bytes ||
        h->phnum > (m->bytes - h->phoff) / sizeof(struct elf_phdr)) {
        panic("boot: %s is not a static x86-64 ELF executable", m->name);
    }
    const struct elf_phdr *segments = (const struct elf_phdr *)(file + h->phoff);
    for (uint32_t i = 0; i < h->phnum; i++) {
        const struct elf_phdr *s = &segments[i];
        if (s->type != PT_LOAD) {
            continue;
        }
        if ((s->vaddr & (PAGE_SIZE - 1)) || s->filesz > s->memsz || s->offset > m->bytes ||
            s->filesz > m->bytes - s->offset || s->vaddr < HV_IMAGE_BASE ||
            s->vaddr >= HV_HEAP_BASE || s->memsz > HV_HEAP_BASE - s->vaddr ||
            (s->flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
            panic("boot: segment %u of %s does not fit the layout of domains", i, m->name);
        }
        map_domain(d, s->vaddr, s->memsz,
                   HV_PROT_READ | (s->flags & PF_W ? HV_PROT_WRITE : 0) |
                       (s->flags & PF_X ? HV_PROT_EXEC : 0));
        write_domain(d, s->vaddr, file + s->offset, s->filesz);
    }
    const struct hv_regs regs = {.rip = h->entry};
    if (regs_to_vcpu(&d->vcpu, &regs)) {
        panic("boot: the entry point of %s lies outside of its memory", m->name);
    }
}

/* mayfly.conf, and behind it the command line, a setting a line. Returns its size. */
static uint64_t write_conf(struct domain *d, uint64_t va, const struct boot_info *info)
{
    const struct boot_module *conf = find(info, CONF_NAME);
    const uint64_t conf_bytes = conf != NULL ? conf->bytes : 0;
    char line[sizeof(info->command_line) + 2];
    const size_t n = strlen(info->command_line);

    map_domain(d, va, conf_bytes + n + 2, HV_PROT_READ);
    if (conf != NULL) {
        write_domain(d, va, phys_to_virt((paddr_t){conf->base}), conf_bytes);
    }
    line[0] = '\n';
    for (size_t i = 0; i < n; i++) {
        line[i + 1] = info->command_line[i] == ' ' ? '\n' : info->command_line[i];
    }
    line[n + 1] = '\n';
    write_domain(d, va + conf_bytes, line, n + 2);
    return conf_bytes + n + 2;
}

static void map_modules(struct domain *d, const struct boot_info *info)
{
    uint64_t va = HV_MODULES_VA + ((sizeof(list) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));

    list[0] = (struct hv_module){CONF_NAME, va, write_conf(d, va, info)};
    list_count = 1;
    for (uint32_t i = 0; i < info->module_count && list_count < HV_MODULES_MAX; i++) {
        const struct boot_module *m = &info->modules[i];
        if (strcmp(m->name, CONF_NAME) == 0) {
            continue;
        }
        struct hv_module *to = &list[list_count++];
        va += (to[-1].bytes + 2 * PAGE_SIZE - 1) & ~(PAGE_SIZE - 1); /* a page between them */
        str_copy(to->name, m->name, sizeof(to->name));
        to->va = va;
        to->bytes = m->bytes;
        const uint64_t pages = (m->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
        if (pages != 0 && aspace_map_phys(&d->aspace, (gva_t){va}, (paddr_t){m->base}, pages,
                                          HV_PROT_READ, false)) {
            panic("boot: not enough memory to map the module %s", m->name);
        }
    }
    map_domain(d, HV_MODULES_VA, sizeof(list), HV_PROT_READ);
    write_domain(d, HV_MODULES_VA, list, list_count * sizeof(list[0]));
}

static void write_info_page(struct domain *d)
{
    struct mf_info info = {
        .magic = MF_INFO_MAGIC,
        .version = MF_INFO_VERSION,
        .bytes = sizeof(info),
        .name = "dom0",
        .control_port = MF_NO_PORT,
        .console = {.port = MF_NO_PORT},
        .net = {.port = MF_NO_PORT},
    };

    random_bytes(info.seed, sizeof(info.seed));
    map_domain(d, HV_INFO_PAGE, PAGE_SIZE, HV_PROT_READ | HV_PROT_WRITE);
    write_domain(d, HV_INFO_PAGE, &info, sizeof(info));
}

void modules_start_first_domain(const struct boot_info *info)
{
    const struct hv_dom_params params = {.weight = DOM0_WEIGHT, .caps = HV_CAP_ALL};
    const struct boot_module *conf = find(info, CONF_NAME);
    char name[HV_MODULE_NAME_BYTES] = DOM0_DEFAULT;
    struct domain *d;
    uint32_t handle;

    if (conf != NULL) {
        conf_get(phys_to_virt((paddr_t){conf->base}), conf->bytes, '\n', "dom0", name,
                 sizeof(name));
    }
    conf_get(info->command_line, sizeof(info->command_line), ' ', "dom0", name, sizeof(name));
    const struct boot_module *image = find(info, name);
    if (image == NULL) {
        panic("boot: no file %s beside mayfly.conf: it is the first domain (see 'dom0 =')", name);
    }
    if (domain_create(&params, &d)) {
        panic("boot: not enough memory for the first domain");
    }
    load_elf(d, image);
    write_info_page(d);
    map_modules(d, info);
    for (uint32_t i = 0; i < pci_count(); i++) {
        if (handle_add(d, HANDLE_PCI, i, HV_RIGHT_DEVICE, &handle)) {
            panic("boot: not enough memory for the devices' handles");
        }
    }
    d->state = HV_DOM_STATE_RUNNING;
    sched_unpause(&d->vcpu);
}
