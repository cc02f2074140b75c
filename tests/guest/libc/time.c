// SPDX-License-Identifier: Apache-2.0
// Calendar, clocks, sleeping.
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static double now(clockid_t clock)
{
    struct timespec ts = {0, 0};
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void the_calendar_is_right(void)
{
    const time_t leap = 1709210096; /* Thu Feb 29 12:34:56 2024 UTC */
    struct tm tm;
    char text[80];
    gmtime_r(&leap, &tm);
    tap_check(tm.tm_year == 124 && tm.tm_mon == 1 && tm.tm_mday == 29 && tm.tm_wday == 4 &&
                  tm.tm_yday == 59,
              "gmtime_r knows a leap day");
    tap_check(tm.tm_gmtoff == 0 && strcmp(tm.tm_zone, "UTC") == 0, "and that it is in UTC");
    tap_check(tm.tm_gmtoff == 0 && strcmp(tm.tm_zone, "UTC") == 0, "and that it is in UTC");
    tap_equal(timegm(&tm), leap, "timegm is its reverse");
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ %a %b %j %p %%", &tm);
    tap_check(strcmp(text, "2024-02-29T12:34:56Z Thu Feb 060 PM %") == 0, "strftime");
    struct tm parsed = {0};
    tap_check(strptime("2024-02-29 12:34:56", "%Y-%m-%d %H:%M:%S", &parsed) != NULL &&
                  timegm(&parsed) == leap,
              "strptime");
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    localtime_r(&leap, &tm);
    tap_check(tm.tm_hour == 13 && tm.tm_isdst == 0, "a time zone in winter");
    tap_check(tm.tm_gmtoff == 3600 && strcmp(tm.tm_zone, "CET") == 0, "with its offset and name");
    tap_equal(mktime(&tm), leap, "mktime is the reverse of localtime_r");
    const time_t summer = leap + 150 * 86400;
    localtime_r(&summer, &tm);
    tap_check(tm.tm_hour == 14 && tm.tm_isdst == 1, "and in summer");
    tap_check(tm.tm_gmtoff == 7200 && strcmp(tm.tm_zone, "CEST") == 0, "with its own offset");
    parsed = tm;
    parsed.tm_zone = NULL;
    parsed.tm_gmtoff = 0;
    tap_check(mktime(&parsed) == summer && parsed.tm_gmtoff == 7200 &&
                  strcmp(parsed.tm_zone, "CEST") == 0,
              "mktime fills them in");
    strftime(text, sizeof(text), "%z %Z", localtime(&summer));
    tap_check(strcmp(text, "+0200 CEST") == 0, "strftime writes them");
    tap_check(difftime(summer, leap) == 150.0 * 86400, "difftime");
}

static void clocks_run(void)
{
    struct timeval tv;
    struct timespec resolution = {1, 0};
    bool forward = true;
    double last = now(CLOCK_MONOTONIC);
    for (int i = 0; i < 10000; i++) {
        const double next = now(CLOCK_MONOTONIC);
        forward = forward && next >= last;
        last = next;
    }
    tap_check(forward, "the monotonic clock never goes back");
    tap_check(time(NULL) > 1577836800, "the date is after 2020");
    struct timezone zone = {1, 9};
    gettimeofday(&tv, &zone);
    tap_check(zone.tz_minuteswest == -60 && zone.tz_dsttime == 1, "gettimeofday knows the zone");
    const double difference = (double)tv.tv_sec + (double)tv.tv_usec * 1e-6 - now(CLOCK_REALTIME);
    tap_check(difference < 1 && difference > -1, "gettimeofday and clock_gettime agree");
    tap_check(clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 &&
                  resolution.tv_nsec <= 1000000,
              "the resolution is at most 1 ms");
    tap_check(clock_gettime((clockid_t)99, &resolution) == -1 && errno == EINVAL,
              "an unknown clock is EINVAL");
    tap_check(clock() != (clock_t)-1, "clock");
}

static void sleeping_takes_its_time(void)
{
    double start = now(CLOCK_MONOTONIC);
    const struct timespec little = {0, 20000000};
    tap_equal(nanosleep(&little, NULL), 0, "nanosleep");
    tap_check(now(CLOCK_MONOTONIC) - start >= 0.02, "takes at least what was asked for");
    start = now(CLOCK_MONOTONIC);
    tap_check(usleep(5000) == 0 && now(CLOCK_MONOTONIC) - start >= 0.005, "usleep");
    const struct timespec wrong = {0, 1000000000};
    tap_check(nanosleep(&wrong, NULL) == -1 && errno == EINVAL, "a wrong time is EINVAL");
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 10000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    tap_equal(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0, "clock_nanosleep");
    tap_check(now(CLOCK_MONOTONIC) >= (double)until.tv_sec + (double)until.tv_nsec * 1e-9 - 1e-6,
              "until the time that was named");
}

int main(void)
{
    the_calendar_is_right();
    clocks_run();
    sleeping_takes_its_time();
    return tap_done();
}
