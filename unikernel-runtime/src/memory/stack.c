/* SPDX-License-Identifier: Apache-2.0 */
/* stack.c - stacks of threads, each above an unmapped guard page; ended threads' are used again. */
#include "mayfly/hypercall.h"
#include "memory/memory.h"

#define CACHE_MAX 64
#define DEFAULT_SLOT_BYTES (MF_STACK_BYTES + HV_PAGE_BYTES)

static char *cache; /* tops of unused stacks of the default size, linked through their last word */
static unsigned int cache_count;

static char **link_of(char *top)
{
    return (char **)(void *)(top - sizeof(char *));
}

char *mf_stack_alloc(size_t bytes, char **low)
{
    const size_t stack_bytes = bytes <= MF_STACK_BYTES
                                   ? MF_STACK_BYTES
                                   : (bytes + HV_PAGE_BYTES - 1) & -(size_t)HV_PAGE_BYTES;
    if (stack_bytes == MF_STACK_BYTES && cache != NULL) {
        char *const top = cache;
        cache = *link_of(top);
        cache_count--;
        *low = top - stack_bytes;
        return top;
    }
    const uint64_t slot = mf_va_alloc(stack_bytes + HV_PAGE_BYTES, DEFAULT_SLOT_BYTES);
    if (slot == 0) {
        return NULL;
    }
    const uint64_t start = slot + HV_PAGE_BYTES;
    if (hv_mem_map(start, stack_bytes / HV_PAGE_BYTES, HV_PROT_READ | HV_PROT_WRITE) < 0) {
        mf_va_free(slot, stack_bytes + HV_PAGE_BYTES);
        return NULL;
    }
    *low = (char *)(uintptr_t)start;
    return *low + stack_bytes;
}

void mf_stack_free(char *low, char *top)
{
    const size_t bytes = (size_t)(top - low);
    if (bytes == MF_STACK_BYTES && cache_count < CACHE_MAX) {
        *link_of(top) = cache;
        cache = top;
        cache_count++;
        return;
    }
    const uint64_t start = (uint64_t)(uintptr_t)low;
    if (hv_mem_unmap(start, bytes / HV_PAGE_BYTES) >= 0) {
        mf_va_free(start - HV_PAGE_BYTES, bytes + HV_PAGE_BYTES);
    }
}
