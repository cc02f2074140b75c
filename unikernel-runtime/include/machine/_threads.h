/* SPDX-License-Identifier: Apache-2.0 */
/* machine/_threads.h - the types of C11's <threads.h>, which newlib leaves to a port: POSIX's. */
#pragma once

#include <sys/_pthreadtypes.h>

typedef pthread_cond_t cnd_t;
typedef pthread_mutex_t mtx_t;
typedef pthread_once_t once_flag;
typedef pthread_t thrd_t;
typedef pthread_key_t tss_t;

#define ONCE_FLAG_INIT _PTHREAD_ONCE_INIT
#define TSS_DTOR_ITERATIONS 4
