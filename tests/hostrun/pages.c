/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c - see pages.h. Linux says in /proc/self/pagemap which pages exist (proc(5)). */
#include "pages.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096u
#define REGION 0x200000u
#define AREAS_MAX 1024
#define PRESENT (1ull << 63)

struct area {
    uint64_t va, bytes, offset, file_bytes;
    const char *file;
};

static struct area areas[AREAS_MAX];
static unsigned int area_count;

void pages_add(uint64_t va, uint64_t bytes, const char *file, uint64_t offset, uint64_t file_bytes)
{
    if (area_count < AREAS_MAX) {
        areas[area_count++] = (struct area){va, bytes, offset, file_bytes, file};
    }
}

/* Whether the page is not what the file has there, with zeros behind. */
static bool is_changed(const struct area *a, uint64_t va, int file)
{
    unsigned char original[PAGE] = {0};
    const uint64_t at = va - a->va;
    if (at < a->file_bytes) {
        const uint64_t left = a->file_bytes - at;
        if (pread(file, original, left < PAGE ? left : PAGE, (off_t)(a->offset + at)) < 0) {
            return true;
        }
    }
    return memcmp(original, (const void *)va, PAGE) != 0;
}

static bool is_used(const struct area *a, uint64_t va, int file, int pagemap)
{
    uint64_t entry = 0;
    if (pread(pagemap, &entry, sizeof(entry), (off_t)(va / PAGE * sizeof(entry))) !=
            (ssize_t)sizeof(entry) ||
        (entry & PRESENT) == 0) {
        return false;
    }
    return va - a->va >= a->file_bytes || is_changed(a, va, file);
}

void pages_report(void)
{
    const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t last_region = UINT64_MAX;
    unsigned int page_count = 0, table_count = 0;
    for (unsigned int i = 0; i < area_count; i++) {
        const struct area *a = &areas[i];
        const int file = a->file == NULL ? -1 : open(a->file, O_RDONLY | O_CLOEXEC);
        for (uint64_t va = a->va; va < a->va + a->bytes; va += PAGE) {
            if (!is_used(a, va, file, pagemap)) {
                continue;
            }
            fprintf(stderr, "hostrun: page %#lx\n", va);
            page_count++;
            table_count += va / REGION != last_region;
            last_region = va / REGION;
        }
        if (file >= 0) {
            close(file);
        }
    }
    fprintf(stderr, "hostrun: %u pages in %u page tables, and the console's window\n", page_count,
            table_count);
    close(pagemap);
}
