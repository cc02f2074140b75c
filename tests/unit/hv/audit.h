/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - counts what all spaces together reach and compares it with what the core believes: each
 * frame's references, each space's `resident`, the bounds of tables, the free frames; and no entry
 * lets a write through to anything that has more than one reference.
 */
#pragma once

#include "hv/aspace.h"

/** Begins an audit. Between begin and end every space and every extra reference is named once. */
void audit_begin(void);
void audit_space(const struct aspace *as);
/** The test itself holds a reference to this window table. */
void audit_window(paddr_t window);
void audit_end(void);
