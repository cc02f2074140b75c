/* SPDX-License-Identifier: Apache-2.0 */
#include "parse.h"

#include <string.h>
#include <strings.h>

struct text {
    const char *at;
    size_t bytes;
};

/* Takes the next line off *rest, without its CR LF. False: there is no whole line. */
static bool take_line(struct text *rest, struct text *line)
{
    const char *newline = memchr(rest->at, '\n', rest->bytes);
    if (newline == NULL) {
        return false;
    }
    line->at = rest->at;
    line->bytes = (size_t)(newline - rest->at);
    rest->bytes -= line->bytes + 1;
    rest->at = newline + 1;
    if (line->bytes > 0 && line->at[line->bytes - 1] == '\r') {
        line->bytes--;
    }
    return true;
}

static bool text_is(struct text text, const char *word)
{
    return text.bytes == strlen(word) && strncasecmp(text.at, word, text.bytes) == 0;
}

static int parse_request_line(struct text line, struct http_request *request)
{
    const char *space = memchr(line.at, ' ', line.bytes);
    if (space == NULL || space == line.at) {
        return -400;
    }
    const size_t method_bytes = (size_t)(space - line.at);
    request->method = HTTP_OTHER;
    if (method_bytes == 3 && memcmp(line.at, "GET", 3) == 0) {
        request->method = HTTP_GET;
    } else if (method_bytes == 4 && memcmp(line.at, "HEAD", 4) == 0) {
        request->method = HTTP_HEAD;
    }
    request->target = space + 1;
    const struct text rest = {space + 1, line.bytes - method_bytes - 1};
    const char *end = memchr(rest.at, ' ', rest.bytes);
    if (end == NULL || end == rest.at) {
        return -400;
    }
    request->target_bytes = (size_t)(end - rest.at);
    const struct text version = {end + 1, rest.bytes - request->target_bytes - 1};
    if (version.bytes != 8 || memcmp(version.at, "HTTP/", 5) != 0) {
        return -400;
    }
    if (memcmp(version.at + 5, "1.1", 3) != 0 && memcmp(version.at + 5, "1.0", 3) != 0) {
        return -505;
    }
    request->version_1_0 = version.at[7] == '0';
    request->keep_alive = !request->version_1_0;
    return 0;
}

static int parse_content_length(struct text value, bool *seen, struct http_request *request)
{
    uint32_t length = 0;
    if (value.bytes == 0 || *seen) {
        return -400; /* two lengths are how requests are smuggled */
    }
    for (size_t i = 0; i < value.bytes; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return -400;
        }
        length = length * 10 + (uint32_t)(value.at[i] - '0');
        if (length > HTTP_BODY_MAX) {
            return -413;
        }
    }
    *seen = true;
    request->body_bytes = length;
    return 0;
}

/* The values of Connection that matter, in a list "a, b". */
static void parse_connection(struct text value, struct http_request *request)
{
    while (value.bytes > 0) {
        const char *comma = memchr(value.at, ',', value.bytes);
        struct text word = {value.at, comma != NULL ? (size_t)(comma - value.at) : value.bytes};
        const size_t taken = comma != NULL ? word.bytes + 1 : word.bytes;
        while (word.bytes > 0 && *word.at == ' ') {
            word.at++;
            word.bytes--;
        }
        if (text_is(word, "close")) {
            request->keep_alive = false;
        } else if (text_is(word, "keep-alive")) {
            request->keep_alive = true;
        }
        value.at += taken;
        value.bytes -= taken;
    }
}

static int parse_field(struct text line, bool *length_seen, struct http_request *request)
{
    const char *colon = memchr(line.at, ':', line.bytes);
    if (colon == NULL || colon == line.at || *line.at == ' ' || *line.at == '\t') {
        return -400;
    }
    const struct text name = {line.at, (size_t)(colon - line.at)};
    struct text value = {colon + 1, line.bytes - name.bytes - 1};
    while (value.bytes > 0 && (*value.at == ' ' || *value.at == '\t')) {
        value.at++;
        value.bytes--;
    }
    while (value.bytes > 0 &&
           (value.at[value.bytes - 1] == ' ' || value.at[value.bytes - 1] == '\t')) {
        value.bytes--;
    }
    /* Only fields whose name begins with C or T matter: most are skipped by one comparison. */
    switch (*name.at | 0x20) {
    case 'c':
        if (text_is(name, "connection")) {
            parse_connection(value, request);
        } else if (text_is(name, "content-length")) {
            return parse_content_length(value, length_seen, request);
        }
        return 0;
    case 't':
        return text_is(name, "transfer-encoding") ? -501 : 0;
    default:
        return 0;
    }
}

int http_parse(const char *data, size_t bytes, struct http_request *request)
{
    struct text rest = {data, bytes}, line;
    bool length_seen = false;

    request->body_bytes = 0;
    do { /* empty lines before a request are to be ignored: RFC 9112, 2.2 */
        if (!take_line(&rest, &line)) {
            return 0;
        }
    } while (line.bytes == 0);
    int error = parse_request_line(line, request);
    while (error == 0) {
        if (!take_line(&rest, &line)) {
            return 0;
        }
        if (line.bytes == 0) {
            return (int)(rest.at - data);
        }
        error = parse_field(line, &length_seen, request);
    }
    return error;
}
