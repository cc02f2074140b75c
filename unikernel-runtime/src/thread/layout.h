/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - numbers of struct mf_thread that assembly needs; checked in thread.c. */
#pragma once

#define MF_THREAD_BYTES 320 /* a multiple of 64 */
#define MF_THREAD_SP 8      /* offset of the saved stack pointer */
#define MF_THREAD_CANARY 40 /* %fs:40, fixed by gcc's stack protector */
#define MF_TLS_ALIGN_MAX 64
