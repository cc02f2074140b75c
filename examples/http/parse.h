/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h - the head of an HTTP/1.x request (RFC 9112). No allocation, no state, one pass. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY_MAX 0x100000u /* a longer announced body is answered with 413 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
    enum http_method method;
    bool keep_alive;
    bool version_1_0;    /* answers to keep-alive must say so */
    uint32_t body_bytes; /* follow the head and are not part of it */
    const char *target;  /* borrows the caller's buffer; not NUL-terminated */
    size_t target_bytes;
};

/**
 * Parses the request head at `data`. Returns its length in bytes with *request filled in, 0 when
 * the head is not complete yet, or the negative HTTP status that answers it: -400, -413, -501,
 * -505. After an error the connection cannot be used further, as the next request's start is
 * unknown.
 */
int http_parse(const char *data, size_t bytes, struct http_request *request);
