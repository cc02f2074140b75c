/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h - what the runtime does for dom0 (struct mf_service, mayfly/info.h): lists directories,
 * reads and writes regular files, one bounded piece per request, on whatever stack is there when the
 * guest sleeps or yields. The application sees nothing of it but changed files.
 */
#pragma once

#include "start/info.h"

struct mf_service_job;

/* Does one request about files: 0 or a negative errno number. */
int mf_service_carry_out(struct mf_service_job *j);

/* mf_service_carry_out in programs that open files, absent in others (libc/open.c). */
extern int (*const mf_service_of_files)(struct mf_service_job *) __attribute__((weak));

/* service.c's own. */
void mf_service_run(void);

/** Does what dom0 asks for, if it does. Outside of critical code; never switches threads. */
static inline void mf_service_check(void)
{
    const volatile struct mf_service *const s = &mf_info()->service;
    if (__builtin_expect(s->asked != s->answered, 0)) {
        mf_service_run();
    }
}
