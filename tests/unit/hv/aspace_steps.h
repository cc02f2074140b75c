/* SPDX-License-Identifier: Apache-2.0 */
/* aspace_steps.h - what the cases of test_aspace.c are written in. Spaces and windows have
 * numbers. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mmu.h"

#define CASE_SPACES 4u
#define CASE_WINDOWS 3u

enum step_kind {
    STEP_END = 0,
    STEP_CREATE,
    STEP_CLONE,
    STEP_DROP,
    STEP_MAP,
    STEP_DEVICE,
    STEP_UNMAP,
    STEP_PROTECT,
    STEP_READ,
    STEP_WRITE,
    STEP_EXEC,
    STEP_TOUCH_DEVICE,
    STEP_SPECULATE,
    STEP_PEEK, /* hv reads the page */
    STEP_POKE, /* hv writes it */
    STEP_WINDOW,
    STEP_ATTACH,
    STEP_DETACH,
    STEP_MOVE,
    STEP_PUT,
    STEP_NO_WINDOW,
    STEP_MAPPED,
    STEP_LIVE,
    STEP_RESIDENT,
};

struct step {
    enum step_kind kind;
    uint32_t space, other; /* other: target of a clone, or the window */
    uint64_t va;
    uint64_t count; /* pages, a value, or frames */
    uint32_t prot;
    enum hv_err err; /* what it is to report */
};

#define CASE(name, ...) static const struct step name[] = {__VA_ARGS__, {.kind = STEP_END}};

#define STEP(k, s, ...)                                                                            \
    {                                                                                              \
        .kind = STEP_##k, .space = (s), __VA_ARGS__                                                \
    }
#define CREATE(s) CREATE_LIMITED(s, UINT64_MAX)
#define CREATE_LIMITED(s, limit) STEP(CREATE, s, .count = (limit))
#define CREATE_FAILS(s, limit, e) STEP(CREATE, s, .count = (limit), .err = HV_ERR_##e)
#define CLONE(s, to) CLONE_LIMITED(s, to, UINT64_MAX)
#define CLONE_LIMITED(s, to, limit) STEP(CLONE, s, .other = (to), .count = (limit))
#define DROP(s) STEP(DROP, s)
#define MAP(s, at, pages, p) STEP(MAP, s, .va = (at), .count = (pages), .prot = (p))
#define MAP_FAILS(s, at, pages, e)                                                                 \
    STEP(MAP, s, .va = (at), .count = (pages), .prot = HV_PROT_READ, .err = HV_ERR_##e)
#define DEVICE(s, at, pages, p) STEP(DEVICE, s, .va = (at), .count = (pages), .prot = (p))
#define DEVICE_FAILS(s, at, pages, e)                                                              \
    STEP(DEVICE, s, .va = (at), .count = (pages), .prot = HV_PROT_READ, .err = HV_ERR_##e)
#define UNMAP(s, at, pages) STEP(UNMAP, s, .va = (at), .count = (pages))
#define PROTECT(s, at, pages, p) STEP(PROTECT, s, .va = (at), .count = (pages), .prot = (p))
#define PROTECT_FAILS(s, at, pages, p, e)                                                          \
    STEP(PROTECT, s, .va = (at), .count = (pages), .prot = (p), .err = HV_ERR_##e)
#define READ(s, at, value) STEP(READ, s, .va = (at), .count = (value))
#define READ_FAILS(s, at, e) STEP(READ, s, .va = (at), .err = HV_ERR_##e)
#define WRITE(s, at, value) STEP(WRITE, s, .va = (at), .count = (value))
#define WRITE_FAILS(s, at, e) STEP(WRITE, s, .va = (at), .err = HV_ERR_##e)
#define EXEC(s, at, e) STEP(EXEC, s, .va = (at), .err = EXEC_##e)
#define EXEC_HV_OK HV_OK
#define EXEC_PERM HV_ERR_PERM
#define TOUCH_DEVICE(s, at, pa) STEP(TOUCH_DEVICE, s, .va = (at), .count = (pa))
#define SPECULATE(s, at) STEP(SPECULATE, s, .va = (at))
#define PEEK(s, at, value) STEP(PEEK, s, .va = (at), .count = (value))
#define POKE(s, at, value) STEP(POKE, s, .va = (at), .count = (value))
#define POKE_FAILS(s, at, e) STEP(POKE, s, .va = (at), .err = HV_ERR_##e)
#define PAGE_FAILS(s, at, e)                                                                       \
    STEP(PEEK, s, .va = (at), .err = HV_ERR_##e), STEP(POKE, s, .va = (at), .err = HV_ERR_##e)
#define WINDOW(w, first, pages) STEP(WINDOW, 0, .other = (w), .va = (first), .count = (pages))
#define ATTACH(w, s, at) STEP(ATTACH, s, .other = (w), .va = (at))
#define ATTACH_FAILS(w, s, at, e) STEP(ATTACH, s, .other = (w), .va = (at), .err = HV_ERR_##e)
#define DETACH(s, at) STEP(DETACH, s, .va = (at))
#define MOVE_WINDOWS(s, to) STEP(MOVE, s, .other = (to))
#define PUT(w) STEP(PUT, 0, .other = (w))
#define NO_WINDOW(s, at) STEP(NO_WINDOW, s, .va = (at))
#define MAPPED(s, at, pages, yes) STEP(MAPPED, s, .va = (at), .count = (pages), .prot = (yes))
#define LIVE(frames) STEP(LIVE, 0, .count = (frames))
#define RESIDENT(s, frames) STEP(RESIDENT, s, .count = (frames))

int case_start(void **state);
int case_stop(void **state);

/** Runs the case *state, and then once more for each of its allocations with that one failing. */
void case_test(void **state);
