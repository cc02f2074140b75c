/* SPDX-License-Identifier: Apache-2.0 */
/* wordexp.h - words as a shell expands them (POSIX.1-2008). There is no shell: `...` and $(...) are WRDE_CMDSUB. */
#pragma once

#include <stddef.h>
#include <sys/cdefs.h>

typedef struct {
    size_t we_wordc;
    char **we_wordv;
    size_t we_offs;
} wordexp_t;

#define WRDE_DOOFFS 1
#define WRDE_APPEND 2
#define WRDE_NOCMD 4 /* always so */
#define WRDE_REUSE 8
#define WRDE_SHOWERR 16
#define WRDE_UNDEF 32

#define WRDE_NOSPACE 1
#define WRDE_BADCHAR 2
#define WRDE_BADVAL 3
#define WRDE_CMDSUB 4
#define WRDE_SYNTAX                                                                                \
    5 /* also for what is not done: $((...)), ${x#...}, ${x%...}, ${x=...}, ${x?...} */

__BEGIN_DECLS
int wordexp(const char *__restrict words, wordexp_t *__restrict result, int flags);
void wordfree(wordexp_t *result);
__END_DECLS
