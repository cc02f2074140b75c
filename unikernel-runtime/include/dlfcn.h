/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dlfcn.h - dynamic linking (POSIX.1-2008), for programs that can do without: a guest is one static
 * program. dlopen(NULL) gives a handle for it; every other dlopen(), and every dlsym(), fails, and
 * dlerror() says why. dladdr() (GNU) finds functions in the image's symbol
 * table.
 */
#pragma once

#include <sys/features.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTLD_LAZY 1
#define RTLD_NOW 2
#define RTLD_GLOBAL 0x100
#define RTLD_LOCAL 0
#if __MISC_VISIBLE || defined(_GNU_SOURCE)
#define RTLD_DEFAULT ((void *)0)
#define RTLD_NEXT ((void *)-1)
#endif

void *dlopen(const char *file, int mode);
void *dlsym(void *__restrict handle, const char *__restrict name);
int dlclose(void *handle);
char *dlerror(void);

#if __MISC_VISIBLE || defined(_GNU_SOURCE)
typedef struct {
    const char *dli_fname;
    void *dli_fbase;
    const char *dli_sname;
    void *dli_saddr;
} Dl_info;

int dladdr(const void *address, Dl_info *info);
#endif

#ifdef __cplusplus
}
#endif
