/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c - see service.h. Uses nodes, not descriptors: nothing here is a cancellation point,
 * needs a free descriptor or touches errno.
 */
#include "service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "files/own.h"
#include "files/path.h"
#include "mayfly/hypercall.h"
#include "start/clone.h"

#define NEW_FILE_MODE (S_IFREG | 0644)

/* What is asked for, and the answer: a copy, dom0 sees the whole of it at once. */
struct mf_service_job {
    uint32_t op, bytes;
    uint64_t offset, next;
    uint32_t done, mode;
    const char *path;
    char *data;
};

static bool is_running;

static int put_entry(struct mf_service_job *j, const struct mf_node *n, const char *name,
                     size_t name_bytes)
{
    struct mf_service_entry e = {.name_bytes = (uint16_t)name_bytes};
    struct stat st;

    e.entry_bytes = (uint16_t)((sizeof(e) + name_bytes + 7) & ~(size_t)7);
    if (e.entry_bytes > MF_AREA_DATA_BYTES - j->done) {
        return -ENOSPC;
    }
    mf_node_stat(n, &st);
    e.mode = st.st_mode;
    e.bytes = (uint64_t)st.st_size;
    e.mtime = st.st_mtime;
    memcpy(j->data + j->done, &e, sizeof(e));
    memcpy(j->data + j->done + sizeof(e), name, name_bytes);
    j->done += e.entry_bytes;
    return 0;
}

/* A position in a listing is a cookie; next: that behind the last entry, 0 at the end. */
static int list(struct mf_service_job *j)
{
    struct mf_place place;
    int err = mf_path_find(AT_FDCWD, j->path, MF_PATH_FOLLOW, &place);
    if (err != 0 || place.node == NULL) {
        return err != 0 ? err : -ENOENT;
    }
    j->mode = place.node->mode;
    if (!S_ISDIR(place.node->mode)) {
        return put_entry(j, place.node, place.name, place.name_bytes);
    }
    err = mf_entry_fill(place.node);
    const struct mf_entry *e = err == 0 ? mf_entry_at(place.node, j->offset) : NULL;
    for (; e != NULL && err == 0; e = e->next) {
        err = put_entry(j, e->node, e->name, e->name_bytes);
        j->next = err == 0 ? e->cookie + 1 : j->next;
    }
    if (err == 0) {
        j->next = 0;
    }
    return err == -ENOSPC ? 0 : err;
}

static int regular(const struct mf_node *n)
{
    if (S_ISREG(n->mode)) {
        return 0;
    }
    return S_ISDIR(n->mode) ? -EISDIR : -EINVAL;
}

static int read_piece(struct mf_service_job *j)
{
    struct mf_node *n;
    int err = mf_path_node(AT_FDCWD, j->path, MF_PATH_FOLLOW, &n);
    err = err == 0 ? regular(n) : err;
    if (err != 0) {
        return err;
    }
    const size_t bytes = j->bytes < MF_AREA_DATA_BYTES ? j->bytes : MF_AREA_DATA_BYTES;
    j->mode = n->mode;
    j->next = n->file.bytes;
    j->done = (uint32_t)mf_node_read(n, j->offset, j->data, bytes);
    return 0;
}

static int write_piece(struct mf_service_job *j)
{
    struct mf_place place;
    int err = mf_path_find(AT_FDCWD, j->path, MF_PATH_FOLLOW, &place);
    if (err == 0 && place.node == NULL) {
        err = place.wants_directory ? -EISDIR
                                    : mf_node_create(place.directory, place.name, place.name_bytes,
                                                     NEW_FILE_MODE, &place.node);
    }
    err = err == 0 ? regular(place.node) : err;
    if (err == 0 && j->op == MF_SERVICE_CREATE) {
        err = mf_node_truncate(place.node, 0);
    }
    if (err != 0 || j->bytes > MF_AREA_DATA_BYTES) {
        return err != 0 ? err : -EINVAL;
    }
    const ssize_t done =
        j->bytes == 0 ? 0 : mf_node_write(place.node, j->offset, j->data, j->bytes);
    if (done < 0) {
        return (int)done;
    }
    j->mode = place.node->mode;
    j->done = (uint32_t)done;
    return 0;
}

int mf_own_service_carry_out(struct mf_service_job *j)
{
    switch (j->op) {
    case MF_SERVICE_LIST:
        return list(j);
    case MF_SERVICE_READ:
        return read_piece(j);
    case MF_SERVICE_WRITE:
    case MF_SERVICE_CREATE:
        return write_piece(j);
    default:
        return -ENOSYS;
    }
}
int mf_service_carry_out(struct mf_service_job *j) MF_OWN(service_carry_out);

static uint32_t serve(void)
{
    volatile struct mf_info *const info = mf_info();
    volatile struct mf_service *const s = &info->service;
    const uint32_t number = __atomic_load_n(&s->asked, __ATOMIC_ACQUIRE);
    char *const area = (char *)(uintptr_t)info->area;
    struct mf_service_job j = {.op = s->op,
                               .bytes = s->bytes,
                               .offset = s->offset,
                               .path = area + MF_AREA_PATH,
                               .data = area + MF_AREA_DATA};

    area[MF_AREA_DATA - 1] = '\0';
    s->error = &mf_service_of_files != NULL ? -mf_service_of_files(&j) : ENOSYS;
    s->next = j.next;
    s->done = j.done;
    s->mode = j.mode;
    return number;
}

/* dom0 may stop the guest for a copy as soon as it has the answer: not in critical code. */
static void answer(uint32_t number)
{
    volatile struct mf_info *const info = mf_info();
    __atomic_store_n(&info->service.answered, number, __ATOMIC_RELEASE);
    hv_event_send(info->control_port);
}

/*
 * When nothing else is to go on, the guest only gives its CPU away until dom0 stops it: an event that
 * was taken here would be lost. A copy of the guest finds another window, and goes on.
 */
void mf_service_run(void)
{
    volatile struct mf_service *const s = &mf_info()->service;

    if (is_running || mf_info()->area == 0) {
        return;
    }
    is_running = true;
    do {
        if (s->asked != s->answered) {
            mf_critical_enter_unchecked();
            const uint32_t number = serve();
            mf_critical_leave();
            answer(number);
        } else {
            hv_yield();
        }
    } while (s->exclusive != 0 || s->asked != s->answered);
    is_running = false;
}
