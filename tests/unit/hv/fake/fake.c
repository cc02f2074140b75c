/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake.c - see fake.h. The state of failing allocations and of the flush hook is per thread; the
 * live flags are written by the thread that allocates or frees the frame.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/aspace.h"

#include <sanitizer/common_interface_defs.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at))
#endif

#define RUBBISH 0xa7 /* as an entry: present, writable, user */

unsigned char fake_ram[FAKE_RAM_PAGES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
_Thread_local uint32_t fake_cpu;
struct fake_pages fake_pages;
struct cpu *fake_cpu_block;
bool fake_reserve = true;
void (*fake_pause)(void);

static struct frame table[FAKE_RAM_PAGES];
static bool is_live[FAKE_RAM_PAGES];
static uint64_t free_at_start;
static _Thread_local uint64_t fail_in;
static _Thread_local bool has_failed;
static _Thread_local struct {
    uint64_t in; /* allocations; 0: not set */
    void (*call)(void *context);
    void *context;
} alloc_hook;
static _Thread_local struct {
    void (*call)(void *context, uint64_t va);
    void *context;
} flush_hook;

paddr_t __real_frame_alloc(void);
paddr_t __real_frame_alloc_zero(void);
void __real_frame_free(paddr_t pa);
paddr_t __wrap_frame_alloc(void);
paddr_t __wrap_frame_alloc_zero(void);
void __wrap_frame_free(paddr_t pa);

void fake_bad_address(const char *what, uint64_t address)
{
    fprintf(stderr, "fake: %s(%#lx): not allowed\n", what, address);
    __sanitizer_print_stack_trace();
    abort();
}

static void check_page(const char *what, const void *page)
{
    if (((uintptr_t)page & (PAGE_SIZE - 1)) != 0) {
        fake_bad_address(what, (uintptr_t)page);
    }
    (void)virt_to_phys(page);
}

/* The only function that may touch a frame which is not known to be live yet:
 * frame_alloc_zero(). */
void fake_zero_page(void *page)
{
    check_page("arch_zero_page", page);
    ASAN_UNPOISON_MEMORY_REGION(page, PAGE_SIZE);
    memset(page, 0, PAGE_SIZE);
}

/* Word by word and atomic, as the real one is for aligned words: tables are read while others clear
 * their W bits. */
void fake_copy_page(void *to, const void *from)
{
    check_page("arch_copy_page", to);
    check_page("arch_copy_page", from);
    if (to == from) {
        fake_bad_address("arch_copy_page onto itself", (uintptr_t)to);
    }
    const uint64_t *source = from;
    uint64_t *target = to;
    for (size_t i = 0; i < PAGE_SIZE / 8; i++) {
        target[i] = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
    }
}

void fake_flush_page(uint64_t va)
{
    if (va >= HV_GUEST_END) {
        fake_bad_address("arch_flush_page", va);
    }
    if (flush_hook.call != NULL) {
        flush_hook.call(flush_hook.context, va);
    }
}

void fake_on_flush(void (*hook)(void *context, uint64_t va), void *context)
{
    flush_hook.call = hook;
    flush_hook.context = context;
}

static paddr_t take_live(paddr_t pa)
{
    bool *live = &is_live[pa.v >> PAGE_SHIFT];

    if (pa.v != 0) {
        if (*live) {
            fake_bad_address("frame_alloc: frame is in use", pa.v);
        }
        *live = true;
        ASAN_UNPOISON_MEMORY_REGION(phys_to_virt(pa), PAGE_SIZE);
    }
    return pa;
}

void fake_at_alloc(uint64_t n, void (*hook)(void *context), void *context)
{
    alloc_hook.in = n;
    alloc_hook.call = hook;
    alloc_hook.context = context;
}

static bool must_fail(void)
{
    if (alloc_hook.in != 0 && --alloc_hook.in == 0) {
        alloc_hook.call(alloc_hook.context);
    }
    if (fail_in == 0 || --fail_in > 0) {
        return false;
    }
    has_failed = true;
    return true;
}

paddr_t __wrap_frame_alloc(void)
{
    if (must_fail()) {
        return (paddr_t){0};
    }
    const paddr_t pa = take_live(__real_frame_alloc());
    if (pa.v != 0) {
        memset(phys_to_virt(pa), RUBBISH, PAGE_SIZE);
    }
    return pa;
}

paddr_t __wrap_frame_alloc_zero(void)
{
    return must_fail() ? (paddr_t){0} : take_live(__real_frame_alloc_zero());
}

void __wrap_frame_free(paddr_t pa)
{
    void *page = phys_to_virt(pa);

    check_page("frame_free", page);
    if (!is_live[pa.v >> PAGE_SHIFT]) {
        fake_bad_address("frame_free: frame is free", pa.v);
    }
    if (frame_of(pa)->refs > 1) {
        fake_bad_address("frame_free: frame has references", pa.v);
    }
    is_live[pa.v >> PAGE_SHIFT] = false;
    memset(page, RUBBISH, PAGE_SIZE);
    ASAN_POISON_MEMORY_REGION(page, PAGE_SIZE);
    __real_frame_free(pa);
}

bool fake_is_live(paddr_t pa)
{
    return is_live[pa.v >> PAGE_SHIFT];
}

void fake_start(uint32_t pages)
{
    ASAN_POISON_MEMORY_REGION(fake_ram, sizeof(fake_ram));
    memset(table, RUBBISH, sizeof(table));
    memset(is_live, 0, sizeof(is_live));
    fail_in = 0;
    frame_init(table, FAKE_RAM_PAGES);
    frame_add_range((paddr_t){0}, pages);
    fake_pages.hypercall = __wrap_frame_alloc();
    fake_pages.time = __wrap_frame_alloc();
    fake_pages.zero = __wrap_frame_alloc_zero();
    aspace_init(fake_pages.hypercall, fake_pages.time, fake_pages.zero);
    free_at_start = frame_free_count();
}

uint64_t fake_live(void)
{
    return free_at_start - frame_free_count();
}

bool fake_stop(void)
{
    if (frame_of(fake_pages.hypercall)->refs != 1 || frame_of(fake_pages.time)->refs != 1 ||
        frame_of(fake_pages.zero)->refs != 1) {
        return false;
    }
    __wrap_frame_free(fake_pages.hypercall);
    __wrap_frame_free(fake_pages.time);
    __wrap_frame_free(fake_pages.zero);
    return frame_free_count() == frame_total_count();
}

void fake_fail_alloc(uint64_t n)
{
    fail_in = n;
    has_failed = false;
}

bool fake_has_failed(void)
{
    return has_failed;
}
