/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.h - what those of musl's functions that are taken expect of a header of this name, when they are
 * compiled with our headers in place of musl's (src/libc/part.mk).
 */
#pragma once

#include <math.h>
#include <regex.h>

/* musl's own locales: none of what is taken looks at them. */
#define _LOCALE_IMPL_H

#define hidden __attribute__((visibility("hidden")))
#define mf_weak_alias(old, new) extern __typeof(old) new __attribute__((__weak__, __alias__(#old)))
#define weak_alias(old, new) mf_weak_alias(old, new)

/* A variable there, a function in newlib. */
#define __signgam mf_musl_signgam

/* Ours call these (math_long.c). */
#define acoshl mf_musl_acoshl
#define exp10l mf_musl_exp10l
#define lgammal mf_musl_lgammal
#define powl mf_musl_powl
#define tgammal mf_musl_tgammal
long double powl(long double x, long double y); /* under its new name */

/* Ours call them (regex.c). */
#define regcomp mf_musl_regcomp
#define regexec mf_musl_regexec
#define CHARCLASS_NAME_MAX 14

/* The parts of crypt(), which are not declared in <crypt.h>. */
struct crypt_data;
char *__crypt_r(const char *key, const char *setting, struct crypt_data *data);
char *__crypt_des(const char *key, const char *setting, char *output);
char *__crypt_md5(const char *key, const char *setting, char *output);
char *__crypt_blowfish(const char *key, const char *setting, char *output);
char *__crypt_sha256(const char *key, const char *setting, char *output);
char *__crypt_sha512(const char *key, const char *setting, char *output);

/* For fma(). */
#define _ATOMIC_H
#define a_clz_64 __builtin_clzll

/* random() needs no lock: a thread is not interrupted in the C library. */
#define LOCK_H
#define LOCK(lock) (void)(lock)
#define UNLOCK(lock) (void)(lock)

/* The parts of <resolv.h>. */
int __dn_expand(const unsigned char *base, const unsigned char *end, const unsigned char *from,
                char *to, int space);
int __res_mkquery(int operation, const char *name, int class, int type, const unsigned char *data,
                  int data_bytes, const unsigned char *record, unsigned char *buffer, int bytes);
int __res_send(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes);
