/* SPDX-License-Identifier: Apache-2.0 */
/* shadow.h - hashes of passwords, in /etc/shadow if the image has that. The functions are musl's. */
#pragma once

#include <stdio.h>
#include <sys/cdefs.h>

#define SHADOW "/etc/shadow"

struct spwd {
    char *sp_namp, *sp_pwdp;
    long sp_lstchg, sp_min, sp_max, sp_warn, sp_inact, sp_expire; /* days; -1: none */
    unsigned long sp_flag;
};

__BEGIN_DECLS
struct spwd *fgetspent(FILE *file);
int putspent(const struct spwd *entry, FILE *file);
struct spwd *getspnam(const char *name);
int getspnam_r(const char *name, struct spwd *entry, char *buffer, size_t bytes,
               struct spwd **result);
__END_DECLS
