/* SPDX-License-Identifier: Apache-2.0 */
/* printk.c - formats hv's messages. No locks, no allocation: the serial line keeps pieces apart. */
#include "hv/printk.h"
#include "hv/lib.h"
#include "hv/machine.h"

struct output {
    char buffer[160];
    size_t used;
};

struct conversion {
    size_t width;
    char pad;
    bool left;
    bool is_long; /* l, ll, z: 64 bits */
};

static void output_flush(struct output *out)
{
    serial_write(out->buffer, out->used);
    out->used = 0;
}

static void output_char(struct output *out, char c)
{
    if (out->used + 2 > sizeof(out->buffer)) {
        output_flush(out);
    }
    if (c == '\n') {
        out->buffer[out->used++] = '\r';
    }
    out->buffer[out->used++] = c;
}

static void output_padded(struct output *out, const struct conversion *c, const char *s,
                          size_t bytes)
{
    size_t fill = c->width > bytes ? c->width - bytes : 0;
    for (; fill != 0 && !c->left; fill--) {
        output_char(out, c->pad);
    }
    for (; bytes != 0; bytes--) {
        output_char(out, *s++);
    }
    for (; fill != 0; fill--) {
        output_char(out, ' ');
    }
}

static void output_number(struct output *out, const struct conversion *c, uint64_t value,
                          uint32_t radix, bool negative)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0);
    if (negative) {
        digits[--at] = '-';
    }
    output_padded(out, c, digits + at, sizeof(digits) - at);
}

/* Reads flags, width and length modifiers; returns the conversion letter's address. */
static const char *parse_conversion(const char *f, struct conversion *c)
{
    *c = (struct conversion){.pad = ' '};
    for (; *f == '0' || *f == '-'; f++) {
        if (*f == '0') {
            c->pad = '0';
        } else {
            c->left = true;
        }
    }
    for (; *f >= '0' && *f <= '9'; f++) {
        c->width = c->width * 10 + (size_t)(*f - '0');
    }
    for (; *f == 'l' || *f == 'z'; f++) {
        c->is_long = true;
    }
    return f;
}

void vprintk(const char *format, va_list arguments)
{
    struct output out;
    struct conversion c;
    va_list ap;
    va_copy(ap, arguments);
    out.used = 0;
    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            output_char(&out, *f);
            continue;
        }
        f = parse_conversion(f + 1, &c);
        if (*f == 's') {
            const char *s = va_arg(ap, const char *);
            s = s == NULL ? "(null)" : s;
            output_padded(&out, &c, s, strlen(s));
        } else if (*f == 'c') {
            output_char(&out, (char)va_arg(ap, int));
        } else if (*f == 'd') {
            const int64_t v = c.is_long ? va_arg(ap, int64_t) : va_arg(ap, int32_t);
            output_number(&out, &c, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0);
        } else if (*f == 'u' || *f == 'x') {
            const uint64_t v = c.is_long ? va_arg(ap, uint64_t) : va_arg(ap, uint32_t);
            output_number(&out, &c, v, *f == 'u' ? 10 : 16, false);
        } else if (*f == 'p') {
            c = (struct conversion){.width = 16, .pad = '0'};
            output_number(&out, &c, (uintptr_t)va_arg(ap, void *), 16, false);
        } else if (*f == '%') {
            output_char(&out, '%');
        } else {
            break; /* not ours: what follows cannot be trusted to match the arguments */
        }
    }
    va_end(ap);
    output_flush(&out);
}

void printk(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vprintk(format, ap);
    va_end(ap);
}
