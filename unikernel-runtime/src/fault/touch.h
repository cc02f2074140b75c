/* SPDX-License-Identifier: Apache-2.0 */
/*
 * touch.h - whether the machine has memory for pages of a window, before they are used. A window's
 * page gets its frame at the first access of either side, and stays. For a domain that nobody
 * watches, as dom0 is, that access fails where no frame is left (HV_FAULT_NOMEM, abi.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Reads a byte of each page of [p, p + bytes), all mapped. False: one of them has no memory. */
bool mf_touch(const void *p, size_t bytes);
