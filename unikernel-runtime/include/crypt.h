/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypt.h - hashes of passwords: DES, MD5 ($1$), bcrypt ($2a$, $2b$, $2y$), SHA-256 ($5$) and SHA-512
 * ($6$), musl's. There is no yescrypt ($y$). Linked only into programs that call it.
 */
#pragma once

#include <sys/cdefs.h>

struct crypt_data {
    int initialized;
    char __text[256];
};

__BEGIN_DECLS
/* A setting of a kind that is not known gives a text that is not equal to any hash of that kind. */
char *crypt(const char *key, const char *setting);
char *crypt_r(const char *key, const char *setting, struct crypt_data *data);
__END_DECLS
