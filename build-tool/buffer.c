/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.c - see buffer.h. */
#include "buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "report.h"

static void buffer_make_room(struct buffer *buffer, size_t bytes)
{
    if (buffer->room - buffer->bytes < bytes) {
        buffer->room = (buffer->bytes + bytes) * 3 / 2 + 64;
        buffer->data = alloc_array(buffer->data, buffer->room, 1);
    }
}

void buffer_append(struct buffer *buffer, const void *data, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    buffer_make_room(buffer, bytes);
    memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
}

void buffer_append_text(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        buffer_append(buffer, text, (size_t)length);
    }
    free(length < 0 ? NULL : text);
}

void buffer_append_quoted(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, "'", 1);
    for (; *text != '\0'; text++) {
        buffer_append(buffer, *text == '\'' ? "'\\''" : text, *text == '\'' ? 4 : 1);
    }
    buffer_append(buffer, "'", 1);
}

size_t buffer_reserve(struct buffer *buffer, size_t bytes)
{
    const size_t at = buffer->bytes;
    buffer_make_room(buffer, bytes);
    memset(buffer->data + at, 0, bytes);
    buffer->bytes += bytes;
    return at;
}

void buffer_align(struct buffer *buffer, size_t alignment)
{
    const size_t missing = (alignment - buffer->bytes % alignment) % alignment;
    if (missing != 0) {
        buffer_reserve(buffer, missing);
    }
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static int read_all(struct buffer *buffer, int fd, const char *path)
{
    for (;;) {
        buffer_make_room(buffer, 65536);
        const ssize_t got = read(fd, buffer->data + buffer->bytes, buffer->room - buffer->bytes);
        if (got == 0) {
            return 0;
        }
        if (got < 0 && errno != EINTR) {
            report_error("cannot read %s: %s", path, strerror(errno));
            return -1;
        }
        buffer->bytes += got > 0 ? (size_t)got : 0;
    }
}

int buffer_read_file(struct buffer *buffer, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        report_error("cannot open %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    if (S_ISREG(about.st_mode)) {
        buffer_make_room(buffer, (size_t)about.st_size + 1);
    }
    const int result = read_all(buffer, fd, path);
    close(fd);
    return result;
}

static int write_all(const struct buffer *buffer, int fd)
{
    size_t done = 0;
    while (done < buffer->bytes) {
        const ssize_t put = write(fd, buffer->data + done, buffer->bytes - done);
        if (put < 0 && errno != EINTR) {
            return -1;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static void report_write(const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT) {
        report_error("no disk space left for %s: free some, or choose another disk (-o, TMPDIR)",
                     path);
    } else {
        report_error("cannot write %s: %s", path, strerror(errno));
    }
}

int buffer_write_file(const struct buffer *buffer, const char *path, mode_t mode)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) { /* /dev/null is not to be replaced */
        report_error("cannot write %s: %s", path,
                     S_ISDIR(about.st_mode) ? "it is a folder" : "it is no ordinary file");
        return -1;
    }
    char *fresh = alloc_format("%s.new-%d", path, (int)getpid());
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    int result = fd < 0 ? -1 : write_all(buffer, fd);
    if (fd >= 0 && close(fd) != 0) {
        result = -1;
    }
    if (result == 0) {
        result = rename(fresh, path);
    }
    if (result != 0) {
        report_write(path);
        unlink(fresh);
    }
    free(fresh);
    return result;
}
