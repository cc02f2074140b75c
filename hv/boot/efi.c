/* SPDX-License-Identifier: Apache-2.0 */
/*
 * efi.c - BOOTX64.EFI: loads hv and the boot files from the volume that it came from, leaves boot
 * services and enters hv (UEFI specification 2.10). Fills struct boot_info as pvh.c does.
 *
 *   \EFI\BOOT\BOOTX64.EFI   this program
 *   \mayfly\hv.elf          hv; goes to a 2 MiB boundary below 4 GiB
 *   \mayfly\...             every other file becomes a module, named by its path below \mayfly
 *
 * What hv keeps lies in memory of types EfiLoaderCode and EfiLoaderData. Errors end the program
 * with one line on the console, and the firmware goes on with its next boot option.
 */
#include <efi.h>
#include <efilib.h>
#include <elf.h>
#include <stdbool.h>

#include "hv/boot_info.h"

#define BOOT_DIRECTORY L"\\mayfly"
#define HV_FILE L"hv.elf"
#define HV_IMAGE_VA 0xffffffff80000000ul /* hv.ld */
#define HV_BYTES_MAX 0x800000ul          /* what its early tables map */
#define REACH_END 0xfffffffful           /* and what they reach of memory, inclusive */
#define PAGE_BYTES 0x1000ul
#define HUGE_BYTES 0x200000ul
#define DEPTH_MAX 4
#define CR4_LA57 (1ul << 12)

static struct boot_info *info;
static UINT64 hv_entry; /* physical */

static EFI_STATUS fail(EFI_STATUS status, const CHAR16 *what, const CHAR16 *advice)
{
    Print(L"mayfly: %s (%r): %s\n", what, status, advice);
    return status;
}

static UINTN pages_of(UINT64 bytes)
{
    return (UINTN)((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

static EFI_STATUS read_all(EFI_FILE_HANDLE file, void *to, UINTN bytes)
{
    UINTN count = bytes;
    const EFI_STATUS status = file->Read(file, &count, to);
    return !EFI_ERROR(status) && count != bytes ? EFI_END_OF_FILE : status;
}

/* Reads `file` into pages of its own; what is left of the last one is zero. */
static EFI_STATUS read_to_pages(EFI_FILE_HANDLE file, UINT64 bytes, EFI_PHYSICAL_ADDRESS *base)
{
    const UINTN pages = pages_of(bytes);
    *base = 0;
    if (pages == 0) {
        return EFI_SUCCESS;
    }
    const EFI_STATUS status = BS->AllocatePages(AllocateAnyPages, EfiLoaderData, pages, base);
    if (EFI_ERROR(status)) {
        return status;
    }
    UINT8 *to = (UINT8 *)*base;
    SetMem(to + bytes, pages * PAGE_BYTES - bytes, 0);
    return read_all(file, to, bytes);
}

/* Writes `name` behind the path that `to` holds already. False: too long, or not ASCII. */
static bool append_name(char *to, UINTN used, const CHAR16 *name)
{
    for (; *name != 0; name++, used++) {
        if (*name < ' ' || *name > '~' || used + 1 >= sizeof(info->modules[0].name)) {
            return false;
        }
        to[used] = (char)*name;
    }
    to[used] = '\0';
    return true;
}

static EFI_STATUS add_module(EFI_FILE_HANDLE file, const char *path, UINT64 bytes)
{
    if (info->module_count == BOOT_MODULES_MAX) {
        return fail(EFI_OUT_OF_RESOURCES, L"too many files in \\mayfly", L"remove some");
    }
    struct boot_module *m = &info->modules[info->module_count++];
    CopyMem(m->name, path, sizeof(m->name));
    m->bytes = bytes;
    const EFI_STATUS status = read_to_pages(file, bytes, &m->base);
    if (EFI_ERROR(status)) {
        Print(L"mayfly: %a: %r: check the volume, or give the machine more memory\n", path, status);
    }
    return status;
}

static EFI_STATUS add_directory(EFI_FILE_HANDLE directory, const char *path, UINTN used,
                                UINTN depth);

static EFI_STATUS add_entry(EFI_FILE_HANDLE directory, EFI_FILE_INFO *entry, const char *path,
                            UINTN used, UINTN depth)
{
    char name[sizeof(info->modules[0].name)];
    EFI_FILE_HANDLE file;
    CopyMem(name, path, sizeof(name));
    if (entry->FileName[0] == '.' || (used == 0 && StriCmp(entry->FileName, HV_FILE) == 0)) {
        return EFI_SUCCESS;
    }
    if (!append_name(name, used, entry->FileName)) {
        return fail(EFI_UNSUPPORTED, entry->FileName, L"use ASCII paths of at most 63 characters");
    }
    EFI_STATUS status = directory->Open(directory, &file, entry->FileName, EFI_FILE_MODE_READ, 0);
    if (EFI_ERROR(status)) {
        return fail(status, entry->FileName, L"cannot be opened, check the volume");
    }
    if ((entry->Attribute & EFI_FILE_DIRECTORY) == 0) {
        status = add_module(file, name, entry->FileSize);
    } else if (depth < DEPTH_MAX) {
        used = strlena((CHAR8 *)name);
        status = append_name(name, used, L"/")
                     ? add_directory(file, name, used + 1, depth + 1)
                     : fail(EFI_UNSUPPORTED, entry->FileName, L"its path is too long");
    }
    file->Close(file);
    return status;
}

static EFI_STATUS add_directory(EFI_FILE_HANDLE directory, const char *path, UINTN used,
                                UINTN depth)
{
    union {
        EFI_FILE_INFO info;
        UINT8 bytes[sizeof(EFI_FILE_INFO) + 256 * sizeof(CHAR16)];
    } entry;
    for (;;) {
        UINTN bytes = sizeof(entry);
        EFI_STATUS status = directory->Read(directory, &bytes, &entry);
        if (EFI_ERROR(status)) {
            return fail(status, L"cannot read the folder \\mayfly", L"check the volume");
        }
        if (bytes == 0) {
            return EFI_SUCCESS;
        }
        status = add_entry(directory, &entry.info, path, used, depth);
        if (EFI_ERROR(status)) {
            return status;
        }
    }
}

/* ---- hv
 * ------------------------------------------------------------------------------------------ */

static bool elf_is_hv(const Elf64_Ehdr *e, UINT64 bytes)
{
    return bytes >= sizeof(*e) && CompareMem(e->e_ident, ELFMAG, SELFMAG) == 0 &&
           e->e_ident[EI_CLASS] == ELFCLASS64 && e->e_machine == EM_X86_64 &&
           e->e_phentsize == sizeof(Elf64_Phdr) && e->e_phoff <= bytes &&
           e->e_phnum <= (bytes - e->e_phoff) / sizeof(Elf64_Phdr) && e->e_entry >= HV_IMAGE_VA &&
           e->e_entry - HV_IMAGE_VA < HV_BYTES_MAX;
}

static bool segment_fits(const Elf64_Phdr *p, UINT64 file_bytes)
{
    const UINT64 offset = p->p_vaddr - HV_IMAGE_VA;
    return p->p_vaddr >= HV_IMAGE_VA && offset <= HV_BYTES_MAX &&
           p->p_memsz <= HV_BYTES_MAX - offset && p->p_filesz <= p->p_memsz &&
           p->p_offset <= file_bytes && p->p_filesz <= file_bytes - p->p_offset;
}

/* Memory for the image on a 2 MiB boundary; what alignment left over is given back. */
static EFI_STATUS allocate_image(UINT64 bytes, EFI_PHYSICAL_ADDRESS *base)
{
    const UINTN pages = pages_of(bytes), spare = HUGE_BYTES / PAGE_BYTES - 1;
    EFI_PHYSICAL_ADDRESS got = REACH_END;
    const EFI_STATUS status =
        BS->AllocatePages(AllocateMaxAddress, EfiLoaderCode, pages + spare, &got);
    if (EFI_ERROR(status)) {
        return status;
    }
    *base = (got + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
    const UINTN before = pages_of(*base - got);
    if (before != 0) {
        BS->FreePages(got, before);
    }
    if (before != spare) {
        BS->FreePages(*base + pages * PAGE_BYTES, spare - before);
    }
    return EFI_SUCCESS;
}

static EFI_STATUS load_hv(const UINT8 *file, UINT64 bytes)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
    if (!elf_is_hv(e, bytes)) {
        return fail(EFI_LOAD_ERROR, L"\\mayfly\\hv.elf is not hv", L"copy it again");
    }
    const Elf64_Phdr *p = (const Elf64_Phdr *)(file + e->e_phoff);
    for (UINTN i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type != PT_LOAD) {
            continue;
        }
        if (!segment_fits(&p[i], bytes)) {
            return fail(EFI_LOAD_ERROR, L"\\mayfly\\hv.elf is damaged", L"copy it again");
        }
        const UINT64 end = p[i].p_vaddr - HV_IMAGE_VA + p[i].p_memsz;
        info->hv_bytes = end > info->hv_bytes ? end : info->hv_bytes;
    }
    info->hv_bytes = pages_of(info->hv_bytes) * PAGE_BYTES;
    const EFI_STATUS status = allocate_image(info->hv_bytes, &info->hv_base);
    if (EFI_ERROR(status)) {
        return fail(status, L"no memory for hv", L"give the machine more memory below 4 GiB");
    }
    SetMem((void *)info->hv_base, info->hv_bytes, 0);
    for (UINTN i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type == PT_LOAD) {
            CopyMem((UINT8 *)info->hv_base + (p[i].p_vaddr - HV_IMAGE_VA), file + p[i].p_offset,
                    p[i].p_filesz);
        }
    }
    hv_entry = info->hv_base + (e->e_entry - HV_IMAGE_VA);
    return EFI_SUCCESS;
}

static EFI_STATUS read_hv(EFI_FILE_HANDLE directory)
{
    EFI_FILE_HANDLE file;
    EFI_STATUS status = directory->Open(directory, &file, HV_FILE, EFI_FILE_MODE_READ, 0);
    EFI_FILE_INFO *file_info = EFI_ERROR(status) ? NULL : LibFileInfo(file);
    if (file_info == NULL) {
        return fail(EFI_NOT_FOUND, L"\\mayfly\\hv.elf is not on the boot volume", L"copy it there");
    }
    UINT8 *bytes = AllocatePool(file_info->FileSize);
    status = bytes == NULL ? EFI_OUT_OF_RESOURCES : read_all(file, bytes, file_info->FileSize);
    if (EFI_ERROR(status)) {
        return fail(status, L"\\mayfly\\hv.elf cannot be read", L"check the volume");
    }
    status = load_hv(bytes, file_info->FileSize);
    FreePool(bytes);
    FreePool(file_info);
    file->Close(file);
    return status;
}

/* Opens \mayfly on the volume that this program was loaded from. */
static EFI_STATUS open_directory(EFI_HANDLE image, EFI_FILE_HANDLE *directory)
{
    EFI_LOADED_IMAGE *loaded;
    EFI_FILE_IO_INTERFACE *volume;
    EFI_FILE_HANDLE root;
    EFI_STATUS status = BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded);
    if (!EFI_ERROR(status)) {
        status = BS->HandleProtocol(loaded->DeviceHandle, &FileSystemProtocol, (void **)&volume);
    }
    if (!EFI_ERROR(status)) {
        status = volume->OpenVolume(volume, &root);
    }
    if (EFI_ERROR(status)) {
        return fail(status, L"the boot volume cannot be opened", L"start from a FAT volume");
    }
    status = root->Open(root, directory, BOOT_DIRECTORY, EFI_FILE_MODE_READ, 0);
    if (EFI_ERROR(status)) {
        return fail(status, L"the boot volume has no folder \\mayfly", L"copy it there");
    }
    root->Close(root);
    return EFI_SUCCESS;
}

/* ---- what the firmware knows
 * ---------------------------------------------------------------------- */

static UINT64 wall_clock_ns(void)
{
    EFI_TIME t;
    if (EFI_ERROR(RT->GetTime(&t, NULL)) || t.Year < 1970 || t.Month - 1u > 11 || t.Day - 1u > 30) {
        return 0;
    }
    /* Years that begin in March put the leap day last. */
    const UINT32 year = t.Month <= 2 ? t.Year - 1u : t.Year;
    const UINT32 month = t.Month <= 2 ? t.Month + 9u : t.Month - 3u;
    const UINT64 days = 365ul * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
                        t.Day - 1 - 719468;
    const INT64 zone_minutes = t.TimeZone == EFI_UNSPECIFIED_TIMEZONE ? 0 : t.TimeZone;
    const INT64 minutes = (INT64)((days * 24 + t.Hour) * 60 + t.Minute) + zone_minutes;
    return (UINT64)(minutes * 60 + t.Second) * 1000000000ul + t.Nanosecond;
}

static void collect_facts(void)
{
    void *rsdp = NULL;
    EFI_RNG_PROTOCOL *rng;
    EFI_GUID rng_guid = EFI_RNG_PROTOCOL_GUID, acpi20 = ACPI_20_TABLE_GUID,
             acpi10 = ACPI_TABLE_GUID;
    if (EFI_ERROR(LibGetSystemConfigurationTable(&acpi20, &rsdp))) {
        LibGetSystemConfigurationTable(&acpi10, &rsdp);
    }
    info->rsdp = (UINT64)rsdp;
    info->wall_ns = wall_clock_ns();
    if (!EFI_ERROR(LibLocateProtocol(&rng_guid, (void **)&rng))) {
        if (EFI_ERROR(rng->GetRNG(rng, NULL, sizeof(info->seed), info->seed))) {
            SetMem(info->seed, sizeof(info->seed), 0);
        }
    }
}

/* ---- memory map and the way out
 * -------------------------------------------------------------------- */

static UINT32 kind_of(const EFI_MEMORY_DESCRIPTOR *d)
{
    switch (d->Type) {
    case EfiLoaderCode:
    case EfiLoaderData:
        return BOOT_MEM_LOADER;
    case EfiConventionalMemory:
    case EfiBootServicesCode:
    case EfiBootServicesData:
        return BOOT_MEM_FREE;
    default:
        return BOOT_MEM_OTHER;
    }
}

/* Inserts a range in order and joins it with neighbours of its kind. False: too many. */
static bool add_range(UINT64 base, UINT64 bytes, UINT32 kind)
{
    UINT32 at = info->range_count;
    for (; at > 0 && info->ranges[at - 1].base > base; at--) {
    }
    struct boot_range *r = &info->ranges[at], *before = r - 1;
    const bool has_before = at > 0 && before->kind == kind && before->base + before->bytes == base;
    const bool has_after = at < info->range_count && r->kind == kind && base + bytes == r->base;
    if (has_before && has_after) {
        before->bytes += bytes + r->bytes;
        info->range_count--;
        CopyMem(r, r + 1, (info->range_count - at) * sizeof(*r));
    } else if (has_before) {
        before->bytes += bytes;
    } else if (has_after) {
        r->base = base;
        r->bytes += bytes;
    } else if (info->range_count == BOOT_RANGES_MAX) {
        return false;
    } else {
        CopyMem(r + 1, r, (info->range_count - at) * sizeof(*r));
        *r = (struct boot_range){.base = base, .bytes = bytes, .kind = kind};
        info->range_count++;
    }
    return true;
}

/* Only what hv may use or must keep gets into the ranges. */
static bool read_memory_map(const UINT8 *map, UINTN bytes, UINTN step)
{
    info->range_count = 0;
    for (UINTN at = 0; at + sizeof(EFI_MEMORY_DESCRIPTOR) <= bytes; at += step) {
        const EFI_MEMORY_DESCRIPTOR *d = (const EFI_MEMORY_DESCRIPTOR *)(map + at);
        const UINT32 kind = kind_of(d);
        if (kind != BOOT_MEM_OTHER &&
            !add_range(d->PhysicalStart, d->NumberOfPages * PAGE_BYTES, kind)) {
            return false;
        }
    }
    return true;
}

/* The map's key is void as soon as anything is allocated: so nothing is between the two calls, and
 * when an event of the firmware did it, we try again. */
static EFI_STATUS leave_boot_services(EFI_HANDLE image)
{
    UINTN bytes = 0, key, step;
    UINT32 version;
    EFI_STATUS status = BS->GetMemoryMap(&bytes, NULL, &key, &step, &version);
    const UINTN room = bytes + 16 * step;
    UINT8 *map = AllocatePool(room);
    if (map == NULL) {
        return fail(EFI_OUT_OF_RESOURCES, L"no memory", L"give the machine more memory");
    }
    for (UINTN i = 0; i < 8; i++) {
        bytes = room;
        status = BS->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)map, &key, &step, &version);
        if (EFI_ERROR(status)) {
            break;
        }
        if (!read_memory_map(map, bytes, step)) {
            return fail(EFI_OUT_OF_RESOURCES, L"the memory map has too many pieces",
                        L"raise BOOT_RANGES_MAX in hv/boot_info.h");
        }
        status = BS->ExitBootServices(image, key);
        if (!EFI_ERROR(status)) {
            return EFI_SUCCESS;
        }
    }
    return fail(status, L"the firmware does not let go", L"reset the machine");
}

static EFI_STATUS allocate_info(void)
{
    EFI_PHYSICAL_ADDRESS base = REACH_END;
    const EFI_STATUS status =
        BS->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages_of(sizeof(*info)), &base);
    if (EFI_ERROR(status)) {
        return fail(status, L"no memory", L"give the machine more memory");
    }
    info = (struct boot_info *)base;
    SetMem(info, sizeof(*info), 0);
    info->magic = BOOT_INFO_MAGIC;
    return EFI_SUCCESS;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    const char no_path[sizeof(info->modules[0].name)] = "";
    EFI_FILE_HANDLE directory;
    UINT64 cr4;
    InitializeLib(image, table);
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    if ((cr4 & CR4_LA57) != 0) {
        return fail(EFI_UNSUPPORTED, L"5-level paging is on", L"switch it off in the firmware");
    }
    EFI_STATUS status = allocate_info();
    if (!EFI_ERROR(status)) {
        status = open_directory(image, &directory);
    }
    if (!EFI_ERROR(status)) {
        status = read_hv(directory);
    }
    if (!EFI_ERROR(status)) {
        status = add_directory(directory, no_path, 0, 0);
    }
    if (!EFI_ERROR(status)) {
        collect_facts();
        status = leave_boot_services(image);
    }
    if (EFI_ERROR(status)) {
        return status;
    }
    __asm__ volatile("cli; cld; jmp *%0" ::"r"(hv_entry), "D"(info) : "memory");
    __builtin_unreachable();
}
