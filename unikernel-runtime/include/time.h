/* SPDX-License-Identifier: Apache-2.0 */
/* time.h - newlib's, and the reverse of gmtime(). */
#pragma once

#include_next <time.h>

#if __MISC_VISIBLE
__BEGIN_DECLS
time_t timegm(struct tm *tm);
__END_DECLS
#endif
