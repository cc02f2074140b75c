/* SPDX-License-Identifier: Apache-2.0 */
/* stdlib.h - newlib's, and what is in common use. */
#pragma once

#include_next <stdlib.h>

#if __MISC_VISIBLE
__BEGIN_DECLS
int clearenv(void);
char *secure_getenv(const char *name);
#if __MISC_VISIBLE
const char *getprogname(void);
void setprogname(const char *path);
#endif
__END_DECLS
#endif
