/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - see console.h. Bytes pass unchanged; there is no line discipline. */
#include "files/console.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "files/ring.h"
#include "mayfly/hypercall.h"
#include "start/clone.h"
#include "start/info.h"
#include "thread/idle.h"
#include "thread/thread.h"

#define RETRY_NS (2 * MF_NS_PER_MS) /* dom0 need not say that a full ring has room again */
#define SERIAL_BYTES 4096           /* HC_CONSOLE_WRITE: per call */

static bool is_watched; /* the event and the poller are registered */

static bool has_rings(void)
{
    return mf_info()->console.port != MF_NO_PORT;
}

static size_t write_serial(const char *data, size_t bytes)
{
    const int64_t n = hv_console_write(data, bytes < SERIAL_BYTES ? bytes : SERIAL_BYTES);
    return n < 0 ? bytes : (size_t)n; /* no right to: there is nobody who could read it */
}

/* Writes what fits now. dom0 is told when it may be asleep: the ring was empty, or is full now. */
static size_t write_some(const char *data, size_t bytes)
{
    if (!has_rings()) {
        return write_serial(data, bytes);
    }
    mf_critical_enter_unchecked(); /* the rings of a clone are where they were, and empty */
    volatile struct mf_ring *const r = &mf_info()->console.out;
    const uint32_t size = r->bytes;
    const uint32_t head = r->head;
    char *const ring = (char *)(uintptr_t)(HV_WINDOW0_VA + r->offset);
    const size_t n = mf_ring_write(r, ring, size, data, bytes);
    if (n != 0 && (r->tail == head || mf_ring_used(r, size) == size)) {
        hv_event_send(mf_info()->console.port);
    }
    mf_critical_leave();
    return n;
}

void mf_console_write_now(const void *data, size_t bytes)
{
    const char *from = (const char *)data;
    while (bytes != 0) {
        const size_t n = write_some(from, bytes);
        from += n;
        bytes -= n;
        if (n == 0) {
            uint32_t tag;
            hv_event_wait(mf_clock_machine_ns() + RETRY_NS, &tag);
        }
    }
}

/* ---- as a file ----------------------------------------------------------------------------- */

/* To be asked before the ring is looked at: all that it will ever hold was there before. */
static bool has_ended(void)
{
    return (__atomic_load_n(&mf_info()->console.flags, __ATOMIC_ACQUIRE) & MF_CONSOLE_INPUT_END) !=
           0;
}

static bool has_input(void)
{
    return has_ended() || mf_ring_used(&mf_info()->console.in, mf_info()->console.in.bytes) != 0;
}

static void on_event(uint32_t tag, void *arg)
{
    (void)tag;
    (void)arg;
    mf_file_notify(&mf_console.file, POLLIN | POLLOUT);
}

static void poll_input(void *arg)
{
    (void)arg;
    if (mf_console.file.watchers != NULL && has_rings() && has_input()) {
        mf_file_notify(&mf_console.file, POLLIN);
    }
}

/* From the first wait on: dom0's events wake whoever waits, for input or for room. */
static void watch(void)
{
    static struct mf_event event = {.first_tag = MF_TAG_CONSOLE, .count = 1, .handle = on_event};
    static struct mf_poller poller = {.poll = poll_input};
    if (!is_watched) {
        is_watched = true;
        mf_event_register(&event);
        mf_poller_register(&poller);
        if (!has_rings()) {
            hv_console_bind(MF_TAG_CONSOLE);
        }
    }
}

/* The serial line has no way to ask whether there is input: what poll() found is kept here. */
static char serial_byte;
static bool has_serial_byte;

static size_t read_some(void *to, size_t bytes)
{
    if (has_rings()) {
        mf_critical_enter_unchecked();
        volatile struct mf_ring *const r = &mf_info()->console.in;
        const uint32_t size = r->bytes;
        const char *const ring = (const char *)(uintptr_t)(HV_WINDOW0_VA + r->offset);
        const bool was_full = mf_ring_used(r, size) == size;
        const size_t n = mf_ring_read(r, ring, size, to, bytes);
        if (n != 0 && was_full) {
            hv_event_send(mf_info()->console.port);
        }
        mf_critical_leave();
        return n;
    }
    if (has_serial_byte) {
        has_serial_byte = false;
        *(char *)to = serial_byte;
        return 1;
    }
    const int64_t n = hv_console_read(to, bytes);
    return n < 0 ? 0 : (size_t)n;
}

static ssize_t console_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *pos)
{
    (void)pos;
    watch();
    for (;;) {
        size_t done = 0;
        const bool is_at_end = has_rings() && has_ended();
        for (int i = 0; i < iov_count; i++) {
            const size_t n = iov[i].iov_len == 0 ? 0 : read_some(iov[i].iov_base, iov[i].iov_len);
            done += n;
            if (n < iov[i].iov_len) {
                break;
            }
        }
        if (done != 0 || is_at_end || mf_iov_bytes(iov, iov_count) == 0) {
            return (ssize_t)done;
        }
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
    }
}

static ssize_t console_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                              off_t *pos)
{
    (void)pos;
    ssize_t total = 0;
    for (int i = 0; i < iov_count; i++) {
        const char *from = (const char *)iov[i].iov_base;
        size_t left = iov[i].iov_len;
        while (left != 0) {
            const size_t n = write_some(from, left);
            from += n;
            left -= n;
            total += (ssize_t)n;
            if (n != 0) {
                continue;
            }
            watch();
            const int err = mf_file_wait(f, POLLOUT, mf_clock_deadline(RETRY_NS));
            if (err == -EAGAIN || err == -EINTR) {
                return total != 0 ? total : err;
            }
        }
    }
    return total;
}

static uint32_t console_poll(struct mf_open_file *f)
{
    (void)f;
    watch();
    if (!has_rings()) {
        if (!has_serial_byte) {
            has_serial_byte = hv_console_read(&serial_byte, 1) == 1;
        }
        return POLLOUT | (has_serial_byte ? POLLIN : 0);
    }
    volatile struct mf_ring *const r = &mf_info()->console.out;
    const bool is_full = mf_ring_used(r, r->bytes) == r->bytes;
    return (is_full ? 0 : POLLOUT) | (has_input() ? POLLIN : 0);
}

static int console_fstat(struct mf_open_file *f, struct stat *st)
{
    (void)f;
    *st = (struct stat){.st_mode = S_IFCHR | 0620, .st_nlink = 1, .st_blksize = 1024};
    return 0;
}

static int console_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    (void)f;
    if (request == FIONREAD) {
        *(int *)arg = has_rings()
                          ? (int)mf_ring_used(&mf_info()->console.in, mf_info()->console.in.bytes)
                          : has_serial_byte;
        return 0;
    }
    return -ENOTTY;
}

const struct mf_fd_ops mf_console_ops = {
    .readv = console_readv,
    .writev = console_writev,
    .poll = console_poll,
    .fstat = console_fstat,
    .ioctl = console_ioctl,
};

struct mf_console_file mf_console = {.file = {.ops = &mf_console_ops, .refs = 3, .flags = O_RDWR}};
