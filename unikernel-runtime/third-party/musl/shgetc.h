/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shgetc.h - what musl's floatscan.c reads from, in place of musl's streams: any source of characters
 * (src/libc/number.h).
 */
#pragma once

#include "libc/number.h"

#define FILE struct mf_source
#define __floatscan mf_musl_floatscan

#define shgetc(source) mf_source_get(source)
#define shunget(source) mf_source_unget(source)
#define shlim(source, limit) ((source)->is_wrong = true)
