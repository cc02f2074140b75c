/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.h - a growing run of bytes, and whole files in memory. A zeroed struct is an empty buffer.
 * Errors of the file functions are reported (report.h) where they happen; they return -1 then.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buffer {
    uint8_t *data; /* owned */
    size_t bytes, room;
};

void buffer_append(struct buffer *buffer, const void *data, size_t bytes);
void buffer_append_text(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** As one word of the shell, in single quotes. */
void buffer_append_quoted(struct buffer *buffer, const char *text);

/** Appends zero bytes until the size is a multiple of `alignment` (a power of two). */
void buffer_align(struct buffer *buffer, size_t alignment);

/** Appends `bytes` zero bytes and returns the offset of the first. */
size_t buffer_reserve(struct buffer *buffer, size_t bytes);

void buffer_free(struct buffer *buffer);

/** Appends the contents of the file to the buffer. */
int buffer_read_file(struct buffer *buffer, const char *path);

/**
 * Makes `path` hold the buffer's bytes, in one step: a reader sees the old file or the new one, and
 * on an error (no space, say) the old one stays.
 */
int buffer_write_file(const struct buffer *buffer, const char *path, mode_t mode);
