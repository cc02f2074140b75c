/* SPDX-License-Identifier: Apache-2.0 */
/* time.h - newlib's, the reverse of gmtime(), the zone's variables, and what C11 has more. */
#pragma once

#include_next <time.h>

#undef CLOCKS_PER_SEC
#define CLOCKS_PER_SEC ((clock_t)1000000) /* POSIX; newlib has 100 for unknown machines */

#if __MISC_VISIBLE
__BEGIN_DECLS
time_t timegm(struct tm *tm);
__END_DECLS
#endif

#if __MISC_VISIBLE || __XSI_VISIBLE
/* Under newlib's names, but no macros: there is a struct timezone. */
extern long timezone __asm__("_timezone");
extern int daylight __asm__("_daylight");
#endif

#if __ISO_C_VISIBLE >= 2011
#define TIME_UTC 1

__BEGIN_DECLS
int timespec_get(struct timespec *now, int base);
__END_DECLS
#endif
