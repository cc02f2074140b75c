/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strptime.c - strptime() (POSIX.1-2008), with glibc's %F, %G, %P, %g, %k, %l, %s, %z, %Z. newlib's takes a month 13,
 * 1969 for 2069, and no short names for %B. Names are English: that is what locales have here.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct state {
    struct tm *tm;
    int century;          /* -1: none */
    bool is_pm, is_half;  /* %p, %I */
    bool has_year_of_two; /* %y without %C */
    bool has_date, has_yday, has_wday;
};

static const char days[] = "Sunday\0Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0";
static const char months[] =
    "January\0February\0March\0April\0May\0June\0July\0August\0September\0October\0"
    "November\0December\0";

/* Which of the names, in full or its first three letters, begins here. */
static const char *take_name(const char *at, const char *names, int *index)
{
    for (int i = 0; *names != '\0'; i++, names += strlen(names) + 1) {
        const size_t bytes = strncasecmp(at, names, strlen(names)) == 0 ? strlen(names) : 3;
        if (strncasecmp(at, names, bytes) == 0) {
            *index = i;
            return at + bytes;
        }
    }
    return NULL;
}

/* At most `digits` digits; less `offset` it goes to *to. */
static const char *take_number(const char *at, int digits, int least, int most, int offset, int *to)
{
    int n = 0;
    while (isspace((unsigned char)*at) != 0) {
        at++;
    }
    if (isdigit((unsigned char)*at) == 0) {
        return NULL;
    }
    for (; digits > 0 && isdigit((unsigned char)*at) != 0; digits--, at++) {
        n = n * 10 + (*at - '0');
    }
    if (n < least || n > most) {
        return NULL;
    }
    *to = n - offset;
    return at;
}

/* +hh, +hhmm, +hh:mm or Z. */
static const char *take_zone(const char *at, struct tm *tm)
{
    int hours = 0, minutes = 0;
    while (isspace((unsigned char)*at) != 0) {
        at++;
    }
    if (*at == 'Z') {
        tm->tm_gmtoff = 0;
        return at + 1;
    }
    const int sign = *at == '-' ? -1 : 1;
    if ((*at != '+' && *at != '-') || isdigit((unsigned char)at[1]) == 0) {
        return NULL;
    }
    at = take_number(at + 1, 2, 0, 24, 0, &hours);
    if (at != NULL &&
        (isdigit((unsigned char)*at) != 0 || (*at == ':' && isdigit((unsigned char)at[1]) != 0))) {
        at = take_number(at + (*at == ':'), 2, 0, 59, 0, &minutes);
    }
    tm->tm_gmtoff = sign * (hours * 3600L + minutes * 60L);
    return at;
}

static const char *take(struct state *s, const char *at, const char *format);

static const char *take_seconds(struct state *s, const char *at)
{
    char *end;
    const time_t t = (time_t)strtoll(at, &end, 10);
    return end != at && localtime_r(&t, s->tm) != NULL ? end : NULL;
}

static const char *take_half(struct state *s, const char *at)
{
    if (strncasecmp(at, "am", 2) != 0 && strncasecmp(at, "pm", 2) != 0) {
        return NULL;
    }
    s->is_pm = tolower((unsigned char)*at) == 'p';
    s->is_half = true;
    return at + 2;
}

/* Times of day, and what is a list of others. */
static const char *take_time(struct state *s, const char *at, char c)
{
    struct tm *const tm = s->tm;
    switch (c) {
    case 'H':
    case 'k':
        s->is_half = false;
        return take_number(at, 2, 0, 23, 0, &tm->tm_hour);
    case 'I':
    case 'l':
        at = take_number(at, 2, 1, 12, 0, &tm->tm_hour);
        tm->tm_hour = at != NULL ? tm->tm_hour % 12 : tm->tm_hour;
        s->is_half = true;
        return at;
    case 'M':
        return take_number(at, 2, 0, 59, 0, &tm->tm_min);
    case 'S':
        return take_number(at, 2, 0, 61, 0, &tm->tm_sec);
    case 'p':
    case 'P':
        return take_half(s, at);
    case 'R':
        return take(s, at, "%H:%M");
    case 'T':
    case 'X':
        return take(s, at, "%H:%M:%S");
    case 'r':
        return take(s, at, "%I:%M:%S %p");
    case 'D':
    case 'x':
        return take(s, at, "%m/%d/%y");
    case 'F':
        return take(s, at, "%Y-%m-%d");
    case 'c':
        return take(s, at, "%a %b %e %H:%M:%S %Y");
    case 's':
        return take_seconds(s, at);
    case 'z':
        return take_zone(at, tm);
    case 'Z':
        return at + strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    default:
        return NULL;
    }
}

/* Parts of dates. */
static const char *take_date(struct state *s, const char *at, char c)
{
    struct tm *const tm = s->tm;
    int ignored;
    switch (c) {
    case 'a':
    case 'A':
        s->has_wday = true;
        return take_name(at, days, &tm->tm_wday);
    case 'u':
        s->has_wday = true;
        at = take_number(at, 1, 1, 7, 0, &tm->tm_wday);
        tm->tm_wday %= 7;
        return at;
    case 'w':
        s->has_wday = true;
        return take_number(at, 1, 0, 6, 0, &tm->tm_wday);
    case 'j':
        s->has_yday = true;
        return take_number(at, 3, 1, 366, 1, &tm->tm_yday);
    case 'U':
    case 'V':
    case 'W':
        return take_number(at, 2, 0, 53, 0, &ignored);
    case 'G':
        return take_number(at, 4, 0, 9999, 0, &ignored);
    case 'g':
        return take_number(at, 2, 0, 99, 0, &ignored);
    default:
        break;
    }
    s->has_date = true;
    switch (c) {
    case 'b':
    case 'B':
    case 'h':
        return take_name(at, months, &tm->tm_mon);
    case 'm':
        return take_number(at, 2, 1, 12, 1, &tm->tm_mon);
    case 'd':
    case 'e':
        return take_number(at, 2, 1, 31, 0, &tm->tm_mday);
    case 'y':
        s->has_year_of_two = true;
        return take_number(at, 2, 0, 99, 0, &tm->tm_year);
    case 'C':
        return take_number(at, 2, 0, 99, 0, &s->century);
    case 'Y':
        s->century = -1;
        s->has_year_of_two = false;
        return take_number(at, 4, 0, 9999, 1900, &tm->tm_year);
    default:
        return NULL;
    }
}

static const char *take(struct state *s, const char *at, const char *format)
{
    for (; *format != '\0' && at != NULL; format++) {
        if (isspace((unsigned char)*format) != 0) {
            at += strspn(at, " \t\n\v\f\r");
        } else if (*format != '%') {
            at = *at == *format ? at + 1 : NULL;
        } else {
            format++;
            format += (*format == 'E' || *format == 'O') ? 1 : 0;
            if (*format == '%') {
                at = *at == '%' ? at + 1 : NULL;
            } else if (*format == 'n' || *format == 't') {
                at += strspn(at, " \t\n\v\f\r");
            } else {
                at = strchr("HIMPRSTXDFcklprsxzZ", *format) != NULL ? take_time(s, at, *format)
                                                                    : take_date(s, at, *format);
            }
        }
    }
    return at;
}

/* What follows from the rest of a date. */
static void complete(const struct state *s)
{
    struct tm *const tm = s->tm;
    tm->tm_hour += s->is_half && s->is_pm ? 12 : 0;
    if (s->century >= 0) {
        tm->tm_year = (s->has_year_of_two ? tm->tm_year : (tm->tm_year + 1900) % 100) +
                      s->century * 100 - 1900;
    } else if (s->has_year_of_two && tm->tm_year < 69) {
        tm->tm_year += 100;
    }
    struct tm date = {.tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};
    if (s->has_yday && tm->tm_mday == 0) { /* nothing but a year */
        date.tm_mon = 0;
        date.tm_mday = tm->tm_yday + 1;
    }
    if (!s->has_date && !s->has_yday) {
        return;
    }
    const bool is_day = date.tm_mday > 0;
    timegm(&date);
    if (s->has_yday && tm->tm_mday == 0) {
        tm->tm_mon = date.tm_mon;
        tm->tm_mday = date.tm_mday;
    }
    if (is_day) {
        tm->tm_wday = s->has_wday ? tm->tm_wday : date.tm_wday;
        tm->tm_yday = s->has_yday ? tm->tm_yday : date.tm_yday;
    }
}

char *strptime(const char *restrict text, const char *restrict format, struct tm *restrict tm)
{
    struct state s = {.tm = tm, .century = -1};
    const char *const end = take(&s, text, format);
    if (end != NULL) {
        complete(&s);
    }
    return (char *)(uintptr_t)end;
}

char *strptime_l(const char *restrict text, const char *restrict format, struct tm *restrict tm,
                 locale_t locale)
{
    (void)locale;
    return strptime(text, format, tm);
}
