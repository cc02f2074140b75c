/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timezone.c - TZ (POSIX.1-2008, XBD 8.3), for newlib's localtime() and mktime(): newlib itself knows no names in
 * angle brackets ("<-03>3"), no summer time before 1970, and no times of change beyond 0 to 24 hours.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libc/calendar.h"

#define NAME_BYTES 16
#define HOUR 3600
#define DAY 86400

void _tzset_unlocked_r(struct _reent *reent);
int __tzcalc_limits(int year);

static char names[2][NAME_BYTES];

/* Letters, or anything between < and >. False: there is no name. */
static bool take_name(const char **at, char *name)
{
    const char *p = *at;
    const bool is_quoted = *p == '<';
    p += is_quoted;
    const size_t bytes = is_quoted ? strcspn(p, ">") : strcspn(p, "0123456789,+-:<> ");
    if (bytes == 0 || (is_quoted && p[bytes] != '>')) {
        return false;
    }
    strlcpy(name, p, bytes < NAME_BYTES ? bytes + 1 : NAME_BYTES);
    *at = p + bytes + is_quoted;
    return true;
}

/* [+-]hh[:mm[:ss]]. False: there is none. */
static bool take_time(const char **at, long *seconds)
{
    const char *p = *at;
    const bool is_negative = *p == '-';
    p += *p == '-' || *p == '+';
    if (isdigit((unsigned char)*p) == 0) {
        return false;
    }
    long sum = 0;
    for (long unit = HOUR; unit > 0; unit /= 60) {
        char *end;
        sum += strtol(p, &end, 10) * unit;
        p = end;
        if (*p != ':') {
            break;
        }
        p++;
    }
    *seconds = is_negative ? -sum : sum;
    *at = p;
    return true;
}

static int take_number(const char **at)
{
    char *end;
    const long n = strtol(*at, &end, 10);
    *at = *end == '.' ? end + 1 : end;
    return (int)n;
}

/* Mm.w.d, Jn or n, and perhaps /time. */
static bool take_rule(const char **at, __tzrule_type *rule)
{
    const char kind = **at;
    *at += kind == 'M' || kind == 'J' ? 1 : 0;
    if (isdigit((unsigned char)**at) == 0) {
        return false;
    }
    rule->ch = kind == 'M' || kind == 'J' ? kind : 'D';
    rule->m = kind == 'M' ? take_number(at) : 1;
    rule->n = kind == 'M' ? take_number(at) : 1;
    rule->d = take_number(at);
    long seconds = 2 * HOUR;
    if (**at == '/') {
        ++*at;
        take_time(at, &seconds);
    }
    rule->s = (int)seconds;
    return rule->m >= 1 && rule->m <= 12 && rule->n >= 1 && rule->n <= 5 &&
           (kind != 'M' || rule->d <= 6);
}

static bool parse(const char *at, __tzinfo_type *tz)
{
    static const __tzrule_type america[2] = {{.ch = 'M', .m = 3, .n = 2, .s = 2 * HOUR},
                                             {.ch = 'M', .m = 11, .n = 1, .s = 2 * HOUR}};
    long standard, summer;
    if (!take_name(&at, names[0]) || !take_time(&at, &standard)) {
        return false;
    }
    _tzname[0] = _tzname[1] = names[0];
    _timezone = standard;
    _daylight = 0;
    tz->__tzrule[0].offset = tz->__tzrule[1].offset = standard;
    if (!take_name(&at, names[1])) {
        return true;
    }
    summer = standard - HOUR;
    take_time(&at, &summer);
    __tzrule_type rules[2] = {america[0], america[1]};
    for (int i = 0; i < 2 && *at == ','; i++) {
        at++;
        if (!take_rule(&at, &rules[i])) {
            return true;
        }
    }
    tz->__tzrule[0] = rules[0];
    tz->__tzrule[1] = rules[1];
    tz->__tzrule[0].offset = standard;
    tz->__tzrule[1].offset = summer;
    _tzname[1] = names[1];
    _daylight = standard != summer;
    return true;
}

void _tzset_unlocked_r(struct _reent *reent)
{
    static char *before;
    const char *const value = getenv("TZ");
    __tzinfo_type *const tz = __gettzinfo();
    (void)reent;
    if (value != NULL && before != NULL && strcmp(value, before) == 0) {
        return;
    }
    free(before);
    before = value != NULL ? strdup(value) : NULL;
    if (value == NULL || !parse(value + (*value == ':'), tz)) {
        parse("UTC0", tz);
    }
    __tzcalc_limits(tz->__tzyear);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day of a change, from 1970-01-01 on. */
static long long day_of(const __tzrule_type *rule, int year)
{
    if (rule->ch != 'M') {
        const bool is_behind =
            rule->ch == 'J' && (rule->d < 60 || !is_leap(year)); /* counts from 1 */
        return mf_days_before(year, 0) + rule->d - is_behind;
    }
    const long long first = mf_days_before(year, rule->m - 1);
    const long long end =
        rule->m == 12 ? mf_days_before(year + 1, 0) : mf_days_before(year, rule->m);
    long long day = first + (rule->d - (first + 4) % 7 + 14) % 7 +
                    7 * (rule->n - 1); /* 1970 began on a Thursday */
    while (day >= end) {
        day -= 7;
    }
    return day;
}

/* Sets when clocks change in that year, for newlib. */
int __tzcalc_limits(int year)
{
    __tzinfo_type *const tz = __gettzinfo();
    tz->__tzyear = year;
    for (int i = 0; i < 2; i++) {
        __tzrule_type *const rule = &tz->__tzrule[i];
        /* Each time is told by the clock that is changed. */
        rule->change = (time_t)(day_of(rule, year) * DAY + rule->s + tz->__tzrule[i].offset);
    }
    tz->__tznorth = tz->__tzrule[0].change < tz->__tzrule[1].change;
    return 1;
}
