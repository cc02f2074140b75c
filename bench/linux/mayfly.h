/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly.h - for the programs of bench/guest when they are compiled for Linux. */
#pragma once

/* A Linux process has nobody to tell. */
static inline void mf_ready(void)
{
}
