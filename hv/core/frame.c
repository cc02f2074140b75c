/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.c - the pool of free frames. Each CPU has a stack of up to 2 * BATCH frames that only it
 * touches; the common pool is refilled from, and takes, BATCH frames at a time under pool.lock.
 */
#include "hv/frame.h"

#include "arch.h"
#include "hv/lock.h"

#define BATCH 64u
#define NONE 0u /* page number 0 is never handed out */

struct stack {
    uint32_t head;
    uint32_t count;
} __attribute__((aligned(64)));

struct frame *frame_table;

static uint64_t table_limit;
static uint64_t total_count;
static struct stack cpu_stack[CPUS_MAX];
static struct {
    struct lock lock;
    uint32_t head;  /* p */
    uint64_t count; /* p; read without: frame_is_low() */
} pool;

void frame_init(struct frame *table, uint64_t limit)
{
    frame_table = table;
    table_limit = limit;
    total_count = 0;
    pool.head = NONE;
    pool.count = 0;
    for (uint32_t i = 0; i < CPUS_MAX; i++) {
        cpu_stack[i] = (struct stack){NONE, 0};
    }
}

void frame_add_range(paddr_t base, uint64_t pages)
{
    uint64_t first = base.v >> PAGE_SHIFT;

    for (uint64_t n = first + pages; n-- > first;) {
        if (n != NONE && n < table_limit) {
            frame_table[n].refs = 0;
            frame_table[n].next = pool.head;
            pool.head = (uint32_t)n;
            pool.count++;
            total_count++;
        }
    }
}

/*
 * Moves up to BATCH frames between a list under pool.lock and the CPU's stack. The last ones go one by
 * one: on the stack they would be for whoever runs next.
 */
static void refill(struct stack *s)
{
    lock_take(&pool.lock);
    while (s->count < BATCH && pool.head != NONE &&
           (pool.count > FRAME_RESERVE || (s->count == 0 && arch_may_use_reserve()))) {
        const uint32_t n = pool.head;
        pool.head = frame_table[n].next;
        __atomic_store_n(&pool.count, pool.count - 1, __ATOMIC_RELAXED);
        frame_table[n].next = s->head;
        s->head = n;
        s->count++;
    }
    lock_drop(&pool.lock);
}

static void drain(struct stack *s)
{
    lock_take(&pool.lock);
    while (s->count > BATCH) {
        const uint32_t n = s->head;
        s->head = frame_table[n].next;
        s->count--;
        frame_table[n].next = pool.head;
        pool.head = n;
        __atomic_store_n(&pool.count, pool.count + 1, __ATOMIC_RELAXED);
    }
    lock_drop(&pool.lock);
}

paddr_t frame_alloc(void)
{
    struct stack *s = &cpu_stack[arch_cpu_index()];

    if (unlikely(s->head == NONE)) {
        refill(s);
        if (s->head == NONE) {
            return (paddr_t){0};
        }
    }
    const uint32_t n = s->head;
    struct frame *f = &frame_table[n];
    s->head = f->next;
    s->count--;
    f->refs = 1;
    f->low = 512;
    f->high = 0;
    return (paddr_t){(uint64_t)n << PAGE_SHIFT};
}

paddr_t frame_alloc_zero(void)
{
    const paddr_t pa = frame_alloc();

    if (likely(pa.v != 0)) {
        arch_zero_page(phys_to_virt(pa));
    }
    return pa;
}

void frame_free(paddr_t pa)
{
    struct stack *s = &cpu_stack[arch_cpu_index()];
    struct frame *f = frame_of(pa);

    f->refs = 0;
    f->next = s->head;
    s->head = (uint32_t)(pa.v >> PAGE_SHIFT);
    s->count++;
    if (unlikely(s->count >= 2 * BATCH)) {
        drain(s);
    }
}

bool frame_is_low(void)
{
    return __atomic_load_n(&pool.count, __ATOMIC_RELAXED) <= FRAME_RESERVE;
}

uint64_t frame_free_count(void)
{
    uint64_t count = pool.count;

    for (uint32_t i = 0; i < CPUS_MAX; i++) {
        count += cpu_stack[i].count;
    }
    return count;
}

uint64_t frame_total_count(void)
{
    return total_count;
}
