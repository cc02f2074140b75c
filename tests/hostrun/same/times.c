// SPDX-License-Identifier: Apache-2.0
// Times: all conversions of strftime() and strptime(), TZ's rules, localtime() and mktime(), before 1970 too.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

static const char *const zones[] = {"UTC0",
                                    "CET-1CEST,M3.5.0,M10.5.0/3",
                                    "EST5EDT,M3.2.0,M11.1.0",
                                    "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01",
                                    "<+0330>-3:30",
                                    "<-03>3",
                                    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                    "IST-1GMT0,M10.5.0,M3.5.0/1",
                                    "AEST-10AEDT,M10.1.0,M4.1.0/3",
                                    "XXX0YYY,J60,300"};
static const long long all_times[] = {0,
                                      1,
                                      -1,
                                      86399,
                                      951782400,
                                      1078012800,
                                      1711846800,
                                      1711846799,
                                      1729990800,
                                      1729994399,
                                      4102444800LL,
                                      -2208988800LL,
                                      253402000000LL,
                                      1234567890,
                                      1700000000,
                                      2147483648LL,
                                      68256000,
                                      1583020799};

static void print_time(time_t x)
{
    struct tm m, g;
    localtime_r(&x, &m);
    gmtime_r(&x, &g);
    char b[400];
    size_t n = strftime(b, 400,
                        "%a %A %b %B %c %C %d %D %e %F %g %G %h %H %I %j %k %l %m %M %n%p %P %r %R "
                        "%s %S %t%T %u %U %V %w %W %x %X %y %Y %z %Z %% %Ey %Od %%",
                        &m);
    printf("%lld %zu %s %d %ld %s|", (long long)x, n, b, m.tm_isdst, m.tm_gmtoff, m.tm_zone);
    printf("%s", asctime_r(&g, b));
    printf("%lld ", (long long)mktime(&m));
    printf("%s", ctime_r(&x, b));
    m.tm_mon += 14;
    m.tm_mday -= 40;
    m.tm_sec += 100000;
    m.tm_isdst = -1;
    printf("%lld", (long long)mktime(&m));
    printf(" %d %d %d\n", m.tm_wday, m.tm_yday, m.tm_isdst);
    wchar_t wb[50];
    printf("%zu %ls\n", wcsftime(wb, 50, L"%Y-%m-%d %H:%M", &g), wb);
}

static void parse_times(void)
{
    static const struct {
        const char *t, *f;
    } p[] = {{"2024-02-29 13:14:15", "%Y-%m-%d %H:%M:%S"},
             {"29 Feb 2024", "%d %b %Y"},
             {"Thursday, 29-Feb-24", "%A, %d-%b-%y"},
             {"01:02:03 PM", "%I:%M:%S %p"},
             {"12 AM", "%I %p"},
             {"1700000000", "%s"},
             {"2024 060", "%Y %j"},
             {"10:20 +0530", "%H:%M %z"},
             {"2024-13-01", "%Y-%m-%d"},
             {"  7/4", "%m/%d"},
             {"12/31/99", "%D"},
             {"13:14", "%R"},
             {"13:14:15", "%T"},
             {"x", "%%"},
             {"%", "%%"},
             {"Mon Feb 26 10:00:00 2024", "%c"},
             {"5 2024", "%u %Y"},
             {"10", "%H%n"},
             {"1 2 69", "%d %m %y"},
             {"1 2 68", "%d %m %y"},
             {"4 feb 2001", "%d %B %Y"},
             {"5 MARCH 19 70", "%d %b %C %y"},
             {"2024-02-29T", "%FT"}};
    setenv("TZ", "UTC0", 1);
    tzset();
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        struct tm m;
        memset(&m, 0, sizeof m);
        char *e = strptime(p[i].t, p[i].f, &m);
        printf("%s %s: %s", p[i].t, p[i].f, e ? e : "NULL");
        if (e) {
            printf(" %d %d %d %d %d %d %d", m.tm_year, m.tm_mon, m.tm_mday, m.tm_hour, m.tm_min,
                   m.tm_sec, m.tm_wday);
        }
        puts("");
    }
    printf("%.1f %lld\n", difftime(5, 3),
           (long long)timegm(&(struct tm){.tm_year = 100, .tm_mon = 25, .tm_mday = -3}));
}

int main(void)
{
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        printf("%s %s %ld %d\n", tzname[0], tzname[1], timezone, daylight);
        for (size_t k = 0; k < sizeof(all_times) / sizeof(all_times[0]); k++) {
            print_time((time_t)all_times[k]);
        }
    }
    parse_times();
    return 0;
}
