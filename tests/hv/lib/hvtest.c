/* SPDX-License-Identifier: Apache-2.0 */
#include "hvtest.h"

#include <stdarg.h>

void hvtest_start(void);

static unsigned int check_count, failed_count;
static uint32_t next_slot;

/* ---- output ---------------------------------------------------------------------------------- */

#define LINE_BYTES 512
#define STACK_BYTES 65536

struct line {
    char text[LINE_BYTES];
    size_t bytes;
};

static void put(struct line *line, char c)
{
    if (line->bytes < LINE_BYTES - 1) {
        line->text[line->bytes++] = c;
    }
}

static void put_number(struct line *line, uint64_t value, unsigned int base, bool negative,
                       int width, char fill)
{
    char digits[24];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        digits[count++] = '-';
    }
    for (int i = count; i < width; i++) {
        put(line, fill);
    }
    while (count > 0) {
        put(line, digits[--count]);
    }
}

/* One conversion behind the %; returns the character after it. */
static const char *put_conversion(struct line *line, const char *f, va_list *arguments)
{
    const char fill = *f == '0' ? '0' : ' ';
    int width = 0;
    bool is_long = false;
    while (*f >= '0' && *f <= '9') {
        width = width * 10 + *f++ - '0';
    }
    while (*f == 'l' || *f == 'z') {
        is_long = true;
        f++;
    }
    if (*f == 's') {
        for (const char *s = va_arg(*arguments, const char *); *s != '\0'; s++) {
            put(line, *s);
        }
    } else if (*f == 'c') {
        put(line, (char)va_arg(*arguments, int));
    } else if (*f == 'd') {
        const int64_t v = is_long ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(line, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, width, fill);
    } else if (*f == 'u' || *f == 'x') {
        const uint64_t v =
            is_long ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned int);
        put_number(line, v, *f == 'x' ? 16 : 10, false, width, fill);
    } else {
        put(line, *f);
    }
    return f + 1;
}

static void TEST_PRINTF(2, 0) put_format(struct line *line, const char *format, va_list *arguments)
{
    while (*format != '\0') {
        if (*format == '%') {
            format = put_conversion(line, format + 1, arguments);
        } else {
            put(line, *format++);
        }
    }
}

static void put_end(struct line *line)
{
    line->text[line->bytes++] = '\n';
    for (size_t at = 0; at < line->bytes;) {
        const int64_t written = hv_console_write(line->text + at, line->bytes - at);
        if (written < 0) {
            return;
        }
        at += (size_t)written; /* 0: the line is busy */
    }
}

void say(const char *format, ...)
{
    struct line line = {.bytes = 0};
    va_list arguments;
    va_start(arguments, format);
    put_format(&line, format, &arguments);
    va_end(arguments);
    put_end(&line);
}

static bool TEST_PRINTF(2, 0) check_line(bool good, const char *name, va_list *arguments)
{
    struct line line = {.bytes = 0};
    for (const char *c = good ? "ok " : "not ok "; *c != '\0'; c++) {
        put(&line, *c);
    }
    put_number(&line, ++check_count, 10, false, 0, ' ');
    put(&line, ' ');
    put(&line, '-');
    put(&line, ' ');
    put_format(&line, name, arguments);
    put_end(&line);
    failed_count += good ? 0 : 1;
    return good;
}

bool check_at(const char *file, int line, bool good, const char *name, ...)
{
    va_list arguments;
    va_start(arguments, name);
    check_line(good, name, &arguments);
    va_end(arguments);
    if (!good) {
        say("# %s:%d", file, line);
    }
    return good;
}

bool check_equal_at(const char *file, int line, int64_t got, int64_t expected, const char *name,
                    ...)
{
    va_list arguments;
    va_start(arguments, name);
    check_line(got == expected, name, &arguments);
    va_end(arguments);
    if (got != expected) {
        say("# %s:%d: got %ld (0x%lx), expected %ld (0x%lx)", file, line, got, (uint64_t)got,
            expected, (uint64_t)expected);
    }
    return got == expected;
}

void skip(const char *name, const char *why)
{
    say("ok %u - %s # SKIP %s", ++check_count, name, why);
}

void give_up(const char *why)
{
    say("not ok %u - cannot go on: %s", ++check_count, why);
    say("1..%u", check_count);
    for (;;) {
        hv_machine_off(99);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

uint64_t now_ns(void)
{
    const volatile struct hv_time_page *page =
        (const volatile struct hv_time_page *)(uintptr_t)HV_TIME_PAGE;
    for (;;) {
        const uint32_t seq = page->seq;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        const uint64_t ns =
            (uint64_t)(((unsigned __int128)(rdtsc() - page->tsc_base) * page->mult) >> page->shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((seq & 1) == 0 && seq == page->seq) {
            return ns;
        }
    }
}

/* ---- children -------------------------------------------------------------------------------- */

struct child child_create(void (*fn)(void *), void *arg, const struct hv_dom_params *params)
{
    struct hv_dom_params p = params != NULL ? *params : (struct hv_dom_params){0};
    struct child child = {.end_tag = CHILD_TAG | next_slot++};
    p.flags |= HV_DOM_END_EVENT;
    p.end_tag = child.end_tag;
    child.handle = hv_dom_clone(HV_SELF, &p);
    if (child.handle == 0) {
        fn(arg);
        hv_exit(0);
    }
    return child;
}

bool event_expect(uint32_t tag, uint64_t deadline_ns)
{
    uint32_t got;
    for (;;) {
        const int64_t r = hv_event_wait(deadline_ns, &got);
        if (r > 0 && got == tag) {
            return true;
        }
        if (r <= 0) {
            return false;
        }
    }
}

void child_wait(struct child child, struct hv_report *report)
{
    const uint32_t handle = (uint32_t)child.handle;
    if (!event_expect(child.end_tag, now_ns() + CHILD_LIMIT_NS)) {
        give_up("a child did not end");
    }
    const int64_t r = hv_dom_report(handle, report);
    if (r != HV_OK) {
        say("# hv_dom_report: %ld", r);
        give_up("no report of a child that has ended");
    }
    if (hv_dom_destroy(handle) != HV_OK) {
        give_up("an ended child could not be destroyed");
    }
}

void child_run(void (*fn)(void *), void *arg, struct hv_report *report)
{
    const struct child child = child_create(fn, arg, NULL);
    if (child.handle < 0) {
        say("# hv_dom_clone: %ld", child.handle);
        give_up("a child could not be made");
    }
    if (hv_dom_start((uint32_t)child.handle) != HV_OK) {
        give_up("a child could not be started");
    }
    child_wait(child, report);
}

/* ---- the rest -------------------------------------------------------------------------------- */

uint64_t free_frames(void)
{
    struct hv_machine_info info;
    if (hv_machine_info(&info) != HV_OK) {
        give_up("hv_machine_info");
    }
    return info.free_frames;
}

uint64_t random_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
    return result;
}

void *memset(void *to, int byte, size_t bytes)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(byte) : "memory");
    return result;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    for (; bytes > 0; bytes--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

/* So that no test that counts frames sees a page of ours touched for the first time. */
static void touch_pages(void)
{
    *(volatile unsigned int *)&check_count = 0;
    *(volatile uint32_t *)&next_slot = 0;
    extern volatile char hvtest_stack[STACK_BYTES]; /* start.S */
    for (size_t at = 0; at < STACK_BYTES - 2 * HV_PAGE_BYTES; at += HV_PAGE_BYTES) {
        hvtest_stack[at] = 0;
    }
}

void hvtest_start(void)
{
    touch_pages();
    test_main();
    say("1..%u", check_count);
    for (;;) {
        hv_machine_off(failed_count == 0 ? 0 : 1);
    }
}
