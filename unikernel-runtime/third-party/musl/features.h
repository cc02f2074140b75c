/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.h - what musl's long double functions expect of a header of this name, when they are
 * compiled with our headers in place of musl's (src/libc/part.mk).
 */
#pragma once

#include <math.h>

#define hidden __attribute__((visibility("hidden")))
#define weak_alias(old, new) extern __typeof(old) new __attribute__((__weak__, __alias__(#old)))

/* A variable there, a function in newlib. */
#define __signgam mf_musl_signgam

/* Ours call these (math_long.c). */
#define acoshl mf_musl_acoshl
#define lgammal mf_musl_lgammal
#define tgammal mf_musl_tgammal
