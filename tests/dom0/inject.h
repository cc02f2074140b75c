/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.h - included before each file of the dom0 that fails on demand: its hypercalls go through
 * inject.c (see there).
 */
#pragma once

#include "mayfly/layout.h"

#undef HV_HYPERCALL_PAGE
#define HV_HYPERCALL_PAGE ((uintptr_t)inject_stubs)

extern const char inject_stubs[];
