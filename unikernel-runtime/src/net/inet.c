/* SPDX-License-Identifier: Apache-2.0 */
/* inet.c - Internet addresses as text (POSIX.1-2008 arpa/inet.h). Needs no network. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define GROUPS 8 /* of an IPv6 address */

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

/* The value of a digit in any base up to 16, or -1. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ---- IPv4 --------------------------------------------------------------------------------- */

/* Four decimal numbers without leading zeros (RFC 6943, 3.1.1); stops behind the last one. */
static const char *read_ip4(const char *text, uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        unsigned int value = 0;
        const char *const start = text;
        while (*text >= '0' && *text <= '9' && text - start < 3) {
            value = value * 10 + (unsigned int)(*text++ - '0');
        }
        if (text == start || value > 255 || (*start == '0' && text - start > 1) ||
            (i < 3 && *text++ != '.')) {
            return NULL;
        }
        bytes[i] = (uint8_t)value;
    }
    return text;
}

/* One number of inet_aton(): decimal, 0octal or 0xhex. */
static const char *read_number(const char *text, uint32_t *value)
{
    uint64_t sum = 0;
    int base = 10;
    const char *start = text;

    if (text[0] == '0') {
        base = 8;
        if (text[1] == 'x' || text[1] == 'X') {
            base = 16;
            text += 2;
            start = text;
        }
    }
    for (int d; (d = digit_value(*text)) >= 0 && d < base; text++) {
        sum = sum * (uint64_t)base + (uint64_t)d;
        if (sum > UINT32_MAX) {
            return NULL;
        }
    }
    *value = (uint32_t)sum;
    return text == start ? NULL : text;
}

int inet_aton(const char *text, struct in_addr *address)
{
    uint32_t part[4];
    int count = 0;

    for (;;) {
        text = read_number(text, &part[count]);
        if (text == NULL) {
            return 0;
        }
        count++;
        if (*text != '.' || count == 4) {
            break;
        }
        text++;
    }
    if (*text != '\0' && strchr(" \t\r\n\v\f", *text) == NULL) {
        return 0;
    }
    uint32_t value = 0; /* the last number fills all bytes that are left */
    for (int i = 0; i + 1 < count; i++) {
        if (part[i] > 255) {
            return 0;
        }
        value |= part[i] << (24 - 8 * i);
    }
    if (count > 1 && part[count - 1] >= 1u << (8 * (5 - count))) {
        return 0;
    }
    if (address != NULL) {
        address->s_addr = htonl(value | part[count - 1]);
    }
    return 1;
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;
    return inet_aton(text, &address) != 0 ? address.s_addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr address)
{
    static char text[INET_ADDRSTRLEN];
    return (char *)(uintptr_t)inet_ntop(AF_INET, &address, text, sizeof(text));
}

static size_t write_ip4(const uint8_t *bytes, char *text)
{
    char *at = text;

    for (int i = 0; i < 4; i++) {
        const unsigned int v = bytes[i];
        if (i > 0) {
            *at++ = '.';
        }
        if (v >= 100) {
            *at++ = (char)('0' + v / 100);
        }
        if (v >= 10) {
            *at++ = (char)('0' + v / 10 % 10);
        }
        *at++ = (char)('0' + v % 10);
    }
    *at = '\0';
    return (size_t)(at - text);
}

/* ---- IPv6 (RFC 4291, 2.2) ------------------------------------------------------------------- */

/* Up to four hexadecimal digits. */
static const char *read_group(const char *text, uint8_t *bytes)
{
    unsigned int value = 0;
    int digits = 0;

    for (int d; digits < 4 && (d = digit_value(*text)) >= 0; digits++, text++) {
        value = value * 16 + (unsigned int)d;
    }
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return digits == 0 ? NULL : text;
}

/* Moves the groups behind "::", which stands at group `gap` of `count`, to the end. */
static void open_gap(uint8_t *bytes, int gap, int count)
{
    const size_t tail = (size_t)(count - gap) * 2;

    memmove(bytes + 16 - tail, bytes + gap * 2, tail);
    memset(bytes + gap * 2, 0, 16 - (size_t)gap * 2 - tail);
}

static bool read_ip6(const char *text, uint8_t *bytes)
{
    int count = 0, gap = -1;

    if (text[0] == ':') {
        if (text[1] != ':') {
            return false;
        }
        text++; /* the loop below takes the second one for the end of a group */
    }
    while (*text != '\0') {
        if (*text == ':') {
            if (gap >= 0) {
                return false;
            }
            gap = count;
            text++;
            continue;
        }
        if (count == GROUPS) {
            return false;
        }
        const char *end = count <= GROUPS - 2 ? read_ip4(text, bytes + count * 2) : NULL;
        if (end != NULL && *end == '\0') {
            count += 2;
            break;
        }
        end = read_group(text, bytes + count * 2);
        if (end == NULL || (*end != ':' && *end != '\0') || (*end == ':' && end[1] == '\0')) {
            return false;
        }
        count++;
        text = *end == ':' ? end + 1 : end;
    }
    if (gap >= 0) {
        if (count == GROUPS) {
            return false;
        }
        open_gap(bytes, gap, count);
        return true;
    }
    return count == GROUPS;
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952, 4.2). */
static int find_zeros(const uint16_t *groups, int *length)
{
    int best = -1;

    *length = 1;
    for (int i = 0; i < GROUPS; i++) {
        int run = 0;
        while (i + run < GROUPS && groups[i + run] == 0) {
            run++;
        }
        if (run > *length) {
            best = i;
            *length = run;
        }
        i += run;
    }
    return best;
}

static char *write_group(char *at, uint16_t value)
{
    bool started = false;

    for (int shift = 12; shift >= 0; shift -= 4) {
        const unsigned int digit = ((unsigned int)value >> shift) & 0xf;
        started |= digit != 0 || shift == 0;
        if (started) {
            *at++ = "0123456789abcdef"[digit];
        }
    }
    return at;
}

static size_t write_ip6(const uint8_t *bytes, char *text)
{
    uint16_t groups[GROUPS];
    char *at = text;
    int zeros_length;

    for (int i = 0; i < GROUPS; i++) {
        groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
    const int zeros = find_zeros(groups, &zeros_length);
    const bool is_mapped = zeros == 0 && zeros_length == 5 && groups[5] == 0xffff;
    for (int i = 0; i < GROUPS;) {
        if (i == zeros) {
            *at++ = ':';
            i += zeros_length;
            if (i == GROUPS) {
                *at++ = ':';
            }
            continue;
        }
        if (i > 0) {
            *at++ = ':';
        }
        if (is_mapped && i == 6) {
            return (size_t)(at - text) + write_ip4(bytes + 12, at);
        }
        at = write_group(at, groups[i++]);
    }
    *at = '\0';
    return (size_t)(at - text);
}

/* ---- both --------------------------------------------------------------------------------- */

int inet_pton(int family, const char *restrict text, void *restrict address)
{
    uint8_t bytes[16];

    if (family == AF_INET) {
        const char *const end = read_ip4(text, bytes);
        if (end == NULL || *end != '\0') {
            return 0;
        }
        memcpy(address, bytes, 4);
        return 1;
    }
    if (family == AF_INET6) {
        if (!read_ip6(text, bytes)) {
            return 0;
        }
        memcpy(address, bytes, sizeof(bytes));
        return 1;
    }
    errno = EAFNOSUPPORT;
    return -1;
}

const char *inet_ntop(int family, const void *restrict address, char *restrict text,
                      socklen_t bytes)
{
    char whole[INET6_ADDRSTRLEN];
    size_t length;

    if (family == AF_INET) {
        length = write_ip4(address, whole);
    } else if (family == AF_INET6) {
        length = write_ip6(address, whole);
    } else {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    if (length >= bytes) {
        errno = ENOSPC;
        return NULL;
    }
    return memcpy(text, whole, length + 1);
}
