/* SPDX-License-Identifier: Apache-2.0 */
/* time.c - the reverse of gmtime(), and C11's clock, which newlib has not. */
#include <time.h>

#include "libc/calendar.h"

long long mf_days_before(long long year, int month)
{
    static const short in_year[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    /* Leap days up to the last 29th of February: of this year from March on. */
    const long long y = month > 1 ? year : year - 1;
    const long long shifted = y + 400000; /* no negative number is divided */
    const long long leap_days = shifted / 4 - shifted / 100 + shifted / 400 - (97000 + 477);
    return (year - 1970) * 365 + in_year[month] + leap_days;
}

/** Fields may be out of their ranges; they are normalised, and the others filled in. */
time_t timegm(struct tm *tm)
{
    long long year = 1900ll + tm->tm_year + tm->tm_mon / 12;
    int month = tm->tm_mon % 12;
    if (month < 0) {
        month += 12;
        year--;
    }
    const long long days = mf_days_before(year, month) + tm->tm_mday - 1;
    const time_t t = ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
    gmtime_r(&t, tm);
    return t;
}

int timespec_get(struct timespec *now, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}
