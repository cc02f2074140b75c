/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room.h - memory that dom0 itself uses for the first time. Its pages get their frames when they are
 * first written; when guests have taken all that there is, that frame is one of the last ones, which
 * hv keeps for dom0, and without any dom0 ends. So what dom0 needs in any case has its frames from
 * the start, and what grows asks here first and copes with a no.
 *
 * The heap   asks by itself (sbrk() is wrapped): malloc() returns NULL. All of it is populated.
 * Windows    of guests are not meant: mf_touch() is for them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Populates dom0's variables (but for those in sections .bss..cold) and a part of its stack. */
void room_init(void);

/**
 * Whether the machine has memory for `bytes` more, without the last frames: 0 for what hv takes for a
 * template or a window.
 */
bool room_is_there(size_t bytes);

/** Populates [p, p + bytes), which keeps what is in it. False, and nothing done: no memory for it. */
bool room_claim(void *p, size_t bytes);
