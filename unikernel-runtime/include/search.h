/* SPDX-License-Identifier: Apache-2.0 */
/* search.h - newlib's, and what POSIX.1-2008 has more. */
#pragma once

#include_next <search.h>

__BEGIN_DECLS
void insque(void *element, void *before);
void *lfind(const void *key, const void *base, size_t *count, size_t bytes,
            int (*compare)(const void *, const void *));
void *lsearch(const void *key, void *base, size_t *count, size_t bytes,
              int (*compare)(const void *, const void *));
void remque(void *element);
__END_DECLS
