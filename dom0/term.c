/* SPDX-License-Identifier: Apache-2.0 */
/* term.c - see term.h. */
#include "term.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "lineedit.h"
#include "mayfly/hypercall.h"

#define TEXT_BYTES 512

static struct lineedit *line; /* borrows */

void term_write(const char *data, uint32_t bytes)
{
    while (bytes > 0) {
        const int64_t done = hv_console_write(data, bytes);
        if (done <= 0) {
            return; /* no console: nobody to tell */
        }
        data += done;
        bytes -= (uint32_t)done;
    }
}

static void write_formatted(const char *format, va_list args)
{
    char text[TEXT_BYTES];
    const int bytes = vsnprintf(text, sizeof(text), format, args);
    if (bytes > 0) {
        term_write(text, (uint32_t)bytes < sizeof(text) ? (uint32_t)bytes : sizeof(text) - 1);
    }
}

void term_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted(format, args);
    va_end(args);
}

void term_begin(void)
{
    if (line != NULL) {
        lineedit_hide(line);
    }
}

void term_end(void)
{
    if (line != NULL) {
        lineedit_show(line);
    }
}

void term_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    term_begin();
    write_formatted(format, args);
    term_end();
    va_end(args);
}

void term_set_line(struct lineedit *e)
{
    line = e;
}
