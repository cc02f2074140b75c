/* SPDX-License-Identifier: Apache-2.0 */
/* shared_files.c - see shared_files.h. */
#include "families/shared_files.h"

#include <string.h>

#include "mayfly/hypercall.h"

static struct mf_files_window *window_of(const struct shared_files *f)
{
    return members_window(f->slot);
}

int64_t shared_files_make(struct shared_files *f, struct guest *g, uint32_t member)
{
    if (f->slot != 0) {
        return f->owner == member ? 0 : HV_ERR_STATE;
    }
    const int64_t err =
        members_make_window(g, MF_FILES_VA, offsetof(struct mf_files_window, calls), &f->slot);
    if (err < 0) {
        return err;
    }
    f->owner = member;
    window_of(f)->owner = member;
    return 0;
}

int64_t shared_files_inherit(const struct shared_files *f, const struct guest *child, uint32_t user)
{
    if (f->slot == 0 || user == 0) {
        return 0;
    }
    members_add(window_of(f)->born, user);
    return hv_window_share(HV_SELF, (uint64_t)(uintptr_t)window_of(f), child->handle, MF_FILES_VA);
}

static void take_back_buffers(struct mf_files_window *w, uint32_t user)
{
    for (uint32_t i = 0; i < MF_FILES_BUFFERS; i++) {
        uint32_t holder = user;
        __atomic_compare_exchange_n(&w->buffers[i], &holder, 0, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED);
    }
}

bool shared_files_leave(struct shared_files *f, uint32_t member, uint32_t user,
                        uint64_t wakes[MF_FAMILY_WORDS])
{
    if (f->slot == 0) {
        return false;
    }
    struct mf_files_window *const w = window_of(f);
    if (member == f->owner) {
        __atomic_store_n(&w->is_gone, 1, __ATOMIC_RELEASE);
        memset(wakes, 0xff, sizeof(uint64_t[MF_FAMILY_WORDS]));
        members_close_window(&f->slot);
        return true;
    }
    if (user != 0) {
        take_back_buffers(w, user);
        members_add(w->ended, user);
        members_add(wakes, f->owner);
    }
    return false;
}

bool shared_files_event(const struct shared_files *f, uint64_t wakes[MF_FAMILY_WORDS])
{
    return f->slot != 0 && members_take(window_of(f)->wakes, wakes);
}
