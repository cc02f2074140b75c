/* SPDX-License-Identifier: Apache-2.0 */
/* backtrace.c - <execinfo.h>. All code keeps frame pointers; a frame outside the thread's stack ends it. */
#include <execinfo.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mayfly/symtab.h"
#include "start/image.h"
#include "thread/thread_internal.h"

#define LINE_BYTES 160

int backtrace(void **buffer, int size)
{
    const struct mf_thread *const self = mf_thread_self();
    const uintptr_t low = (uintptr_t)self->stack_low;
    const uintptr_t high = (uintptr_t)self - 2 * sizeof(uintptr_t);
    uintptr_t at = (uintptr_t)__builtin_frame_address(0);
    int n = 0;
    while (n < size && at >= low && at <= high && at % sizeof(uintptr_t) == 0) {
        const uintptr_t *const frame = (const uintptr_t *)at;
        if (frame[1] == 0) {
            break;
        }
        buffer[n++] = (void *)frame[1];
        if (frame[0] <= at) {
            break;
        }
        at = frame[0];
    }
    return n;
}

/* Writes at most LINE_BYTES, NUL included; returns the length. */
static size_t describe(char *line, const void *address)
{
    const volatile struct mf_image_header *const image = mf_image();
    const void *const table = (const void *)(uintptr_t)image->symtab_va;
    uint64_t offset = 0;
    /* A call may be its function's last instruction. */
    const char *const name =
        mf_symtab_find(table, image->symtab_bytes, (uintptr_t)address - 1, &offset);
    const int n = name == NULL ? snprintf(line, LINE_BYTES, "[%p]", address)
                               : snprintf(line, LINE_BYTES, "%.120s+0x%llx [%p]", name,
                                          (unsigned long long)offset + 1, address);
    return (size_t)n;
}

char **backtrace_symbols(void *const *buffer, int size)
{
    const size_t count = size < 0 ? 0 : (size_t)size;
    size_t bytes = count * sizeof(char *);
    char line[LINE_BYTES];
    for (size_t i = 0; i < count; i++) {
        bytes += describe(line, buffer[i]) + 1;
    }
    char **const lines = (char **)malloc(bytes == 0 ? 1 : bytes);
    if (lines == NULL) {
        return NULL;
    }
    char *text = (char *)(lines + count);
    for (size_t i = 0; i < count; i++) {
        const size_t n = describe(line, buffer[i]) + 1;
        lines[i] = (char *)memcpy(text, line, n);
        text += n;
    }
    return lines;
}

void backtrace_symbols_fd(void *const *buffer, int size, int fd)
{
    for (int i = 0; i < size; i++) {
        char line[LINE_BYTES + 1];
        const size_t n = describe(line, buffer[i]);
        line[n] = '\n';
        if (write(fd, line, n + 1) < 0) {
            return;
        }
    }
}
