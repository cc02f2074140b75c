/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c - the owner of a family's files, see family.h: who its users are, and when they are served.
 *
 * The owner looks at the window whenever it polls its devices. While it has users it counts as one
 * that waits for devices, so it is interrupted when it computes: after MF_PREEMPT_SLICE_NS, and soon
 * again while somebody asks.
 */
#include "family/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "family/remote.h"
#include "files/open_file.h"
#include "files/own.h"
#include "files/path.h"
#include "mayfly/hypercall.h"
#include "memory/file_mapping.h"
#include "process/process.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/request.h"
#include "thread/idle.h"
#include "thread/preempt.h"
#include "thread/thread_internal.h"

#define SOON_NS (MF_NS_PER_MS / 5)
#define FAULTS                                                                                     \
    (MF_SIGNAL_BIT(SIGILL) | MF_SIGNAL_BIT(SIGTRAP) | MF_SIGNAL_BIT(SIGABRT) |                     \
     MF_SIGNAL_BIT(SIGBUS) | MF_SIGNAL_BIT(SIGFPE) | MF_SIGNAL_BIT(SIGSEGV) |                      \
     MF_SIGNAL_BIT(SIGSYS))

#pragma weak mf_own_net_finish

const char mf_family_server;

static struct mf_family_user **users; /* by number; NULL: never forked */
static uint32_t user_count;
static bool has_window, must_forget, has_to_wake;
static uint32_t window_generation; /* of the clone that it was made for */
bool mf_family_is_serving;
static struct mf_waitq lingerer;

/* ---- users ------------------------------------------------------------------------------------- */

/* The interruption comes while others wait for something outside (thread/preempt.h). */
static void count_user(int change)
{
    const bool before = user_count != 0;
    user_count += (uint32_t)change;
    if (before != (user_count != 0)) {
        mf_outside_waiters += (uint32_t)change;
        mf_preempt_alarms += (uint32_t)change;
    }
}

static uint64_t bit_of(uint32_t user)
{
    return 1ul << user % 64;
}

static struct mf_family_user *user_at(uint32_t number)
{
    return users != NULL && number < MF_FILES_USERS ? users[number] : NULL;
}

static bool is_shareable(const struct mf_open_file *f)
{
    return mf_file_has_node(f) || mf_io_kind(f, NULL) != MF_IO_NONE;
}

/* Whether a lower descriptor than `fd` is the same open file. */
static bool is_copy(const struct mf_fd_table *t, int fd)
{
    for (int i = t->slots[fd].file->refs == 1 ? fd : 0; i < fd; i++) {
        if (t->slots[i].file == t->slots[fd].file) {
            return true;
        }
    }
    return false;
}

/* The open files of `from`, at the lowest number that each has there. */
static bool copy_files(struct mf_fd_table *to, const struct mf_fd_table *from)
{
    struct mf_fd *const slots = calloc((size_t)from->count, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (int fd = 0; fd < from->count; fd++) {
        struct mf_open_file *const f = from->slots[fd].file;
        if (f != NULL && is_shareable(f) && !is_copy(from, fd)) {
            slots[fd].file = mf_file_get(f);
        }
    }
    *to = (struct mf_fd_table){.slots = slots, .count = from->count, .limit = MF_FD_LIMIT};
    return true;
}

/* Before it is closed: SO_LINGER must not make us wait. */
static void never_linger(struct mf_open_file *f)
{
    if (f != NULL && f->refs == 1) {
        f->flags |= O_NONBLOCK;
    }
}

static void put_files(struct mf_family_user *u)
{
    for (int fd = 0; fd < u->fds.count; fd++) {
        never_linger(u->fds.slots[fd].file);
        mf_file_put(u->fds.slots[fd].file);
    }
    free(u->fds.slots);
}

static int add_user(uint32_t parent)
{
    uint32_t number = 1;

    while (number < MF_FILES_USERS && users[number] != NULL) {
        number++;
    }
    const struct mf_family_user *const p = parent != 0 ? user_at(parent) : NULL;
    struct mf_family_user *const u = number < MF_FILES_USERS ? calloc(1, sizeof(*u)) : NULL;
    if (u == NULL || (parent != 0 && p == NULL) ||
        !copy_files(&u->fds, p != NULL ? &p->fds : &mf_fds)) {
        free(u);
        return number < MF_FILES_USERS ? -ENOMEM : -EAGAIN;
    }
    if (!mf_family_copy_mappings(u, p)) {
        put_files(u);
        free(u);
        return -ENOMEM;
    }
    struct mf_node *const directory = p != NULL ? p->directory : mf_working_directory;
    u->directory = directory != NULL ? mf_node_get(directory) : NULL;
    u->identity = p != NULL ? p->identity : mf_identity;
    u->number = number;
    u->parent = parent;
    users[number] = u;
    mf_watch_begin(u);
    struct mf_files_window *const w = mf_family_window();
    __atomic_fetch_and(&w->born[number / 64], ~bit_of(number), __ATOMIC_RELAXED);
    __atomic_fetch_and(&w->asked[number / 64], ~bit_of(number), __ATOMIC_RELAXED);
    w->calls[number].asked = w->calls[number].answered = 0;
    count_user(1);
    return (int)number;
}

static void forget_user(uint32_t number)
{
    struct mf_family_user *const u = users[number];

    users[number] = NULL;
    mf_watch_end(u);
    put_files(u);
    mf_family_unlock(NULL, number);
    mf_family_drop_mappings(u);
    mf_node_put(u->directory);
    free(u);
    count_user(-1);
}

static void drop_user(uint32_t number)
{
    if (user_at(number) != NULL) {
        forget_user(number);
    }
}

struct mf_family_user *mf_family_served(void)
{
    return user_at(mf_family_user);
}

/* Whether dom0 has made the process: one that is not there asks for nothing. */
static bool is_born(uint32_t number)
{
    const struct mf_files_window *const w = mf_family_window();
    return (__atomic_load_n(&w->born[number / 64], __ATOMIC_ACQUIRE) & bit_of(number)) != 0;
}

static void forget_all(void)
{
    for (uint32_t i = 1; users != NULL && i < MF_FILES_USERS; i++) {
        drop_user(i);
    }
    must_forget = false;
}

/* A process has ended: with it go children of its that were never made. */
static void end_user(uint32_t number)
{
    drop_user(number);
    for (uint32_t i = 1; i < MF_FILES_USERS; i++) {
        if (users[i] != NULL && users[i]->parent == number && !is_born(i)) {
            forget_user(i);
        }
    }
}

/* ---- serving ------------------------------------------------------------------------------------ */

static void before_close(struct mf_family_user *u, uint64_t number)
{
    if (number < (uint64_t)u->fds.count) {
        mf_watch_drop(u, (uint32_t)number);
        never_linger(u->fds.slots[number].file);
    }
}

/* As the user, on its table; nothing else runs meanwhile. */
static int64_t serve_as(struct mf_family_user *u, uint32_t number, struct mf_files_call *c,
                        char *data)
{
    const struct mf_fd_table fds = mf_fds;
    const struct mf_identity identity = mf_identity;
    struct mf_node *const directory = mf_working_directory;
    const mode_t mask = mf_creation_mask;

    mf_fds = u->fds;
    mf_working_directory = u->directory;
    mf_identity = u->identity;
    mf_identity.uid.effective = c->uid;
    mf_identity.uid.real = c->real_uid;
    mf_identity.gid.effective = c->gid;
    mf_identity.gid.real = c->real_gid;
    mf_creation_mask = c->mask & 0777;
    mf_family_user = number;
    mf_family_user_pid = c->pid;
    if (c->op == MF_FAMILY_CLOSE) {
        before_close(u, (uint64_t)c->args[0]);
    }
    const int64_t r =
        c->op < MF_FAMILY_IO ? mf_family_serve(c, data) : mf_family_serve_io(u, c, data);
    mf_family_user = 0;
    u->fds = mf_fds;
    u->directory = mf_working_directory;
    mf_fds = fds;
    mf_working_directory = directory;
    mf_identity = identity;
    mf_creation_mask = mask;
    return r;
}

static int64_t carry_out(uint32_t number, struct mf_files_call *c)
{
    char *const window = (char *)mf_family_window();
    char *const data = c->buffer < MF_FILES_BUFFERS
                           ? window + MF_FILES_DATA + c->buffer * MF_FILES_BUFFER_BYTES
                           : NULL;
    const uint32_t other = (uint32_t)c->args[0];

    if (c->op == MF_FAMILY_FORK) {
        return add_user(number);
    }
    if (c->op != MF_FAMILY_DROP) {
        return serve_as(users[number], number, c, data);
    }
    if (user_at(other) == NULL || users[other]->parent != number) {
        return -EINVAL;
    }
    forget_user(other);
    return 0;
}

/* One call of a user. Returns whether there was one. */
static bool answer(uint32_t number)
{
    struct mf_files_window *const w = mf_family_window();
    struct mf_files_call *const shared = &w->calls[number];
    const uint32_t asked = __atomic_load_n(&shared->asked, __ATOMIC_ACQUIRE);
    struct mf_files_call c;

    if (user_at(number) == NULL || !is_born(number) || asked == shared->answered) {
        return false;
    }
    memcpy(&c, shared, sizeof(c)); /* it may change while it is looked at */
    __asm__ volatile("" ::: "memory");
    users[number]->member = c.member % MF_FILES_USERS;
    shared->result = carry_out(number, &c);
    memcpy(shared->args, c.args, sizeof(c.args));
    __atomic_store_n(&shared->answered, asked, __ATOMIC_RELEASE);
    const uint32_t member = c.member % MF_FILES_USERS;
    __atomic_fetch_or(&w->wakes[member / 64], bit_of(member), __ATOMIC_RELEASE);
    return true;
}

static uint64_t take(uint64_t *bits)
{
    return __atomic_load_n(bits, __ATOMIC_ACQUIRE) != 0
               ? __atomic_exchange_n(bits, 0, __ATOMIC_ACQ_REL)
               : 0;
}

void mf_family_wake_user(struct mf_family_user *u)
{
    struct mf_files_window *const w = mf_family_window();

    __atomic_fetch_or(&w->wakes[u->member / 64], bit_of(u->member), __ATOMIC_RELEASE);
    if (mf_family_is_serving) {
        has_to_wake = true;
    } else {
        hv_event_send(mf_info()->control_port);
    }
}

bool mf_family_has_window(void)
{
    return has_window && mf_clone_generation == window_generation;
}

/* What a user asks for, and what it has not been told yet. */
static bool look_after(uint32_t number)
{
    const bool any = answer(number);

    if (user_at(number) != NULL && users[number]->untold != NULL) {
        mf_watch_tell(users[number]);
    }
    return any;
}

static bool serve_all(void)
{
    struct mf_files_window *const w = mf_family_window();
    bool any = false;

    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        for (uint64_t ended = take(&w->ended[i]); ended != 0; ended &= ended - 1) {
            end_user(i * 64 + (uint32_t)__builtin_ctzl(ended));
        }
        for (uint64_t asked = take(&w->asked[i]); asked != 0; asked &= asked - 1) {
            any = look_after(i * 64 + (uint32_t)__builtin_ctzl(asked)) || any;
        }
    }
    return any;
}

static void nothing(struct mf_timer *t)
{
    (void)t;
}

/*
 * Files need memory. If malloc() is the application's own it may be what was interrupted: then the
 * owner has to sleep first.
 */
static bool may_serve(bool is_interrupted)
{
    return !is_interrupted || !mf_is_application((uint64_t)(uintptr_t)malloc);
}

/* In critical code. A thread that runs was interrupted, or yields: it will have to be again. */
static void poll(void *arg)
{
    static struct mf_timer soon = {.expire = nothing};
    const int saved_errno = errno;

    (void)arg;
    const bool is_interrupted = mf_thread_self()->state == MF_THREAD_RUNNABLE;
    if (user_count == 0 || mf_family_is_serving || !may_serve(is_interrupted)) {
        return;
    }
    mf_family_is_serving = true;
    has_to_wake = false;
    if (must_forget) {
        forget_all();
    } else if (serve_all() || has_to_wake) {
        hv_event_send(mf_info()->control_port);
        if (is_interrupted) {
            mf_timer_set(&soon, mf_clock_ns() + SOON_NS);
        }
    }
    mf_family_is_serving = false;
    if (user_count == 0) {
        mf_waitq_wake_all(&lingerer);
    }
    errno = saved_errno;
}

/* Says that it is to be woken. Returns 0 when somebody has asked already. */
static uint64_t prepare(void *arg)
{
    struct mf_files_window *const w = mf_family_window();

    (void)arg;
    if (user_count == 0 || must_forget) {
        return user_count == 0 ? MF_NEVER : 0;
    }
    __atomic_store_n(&w->owner_sleeps, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        if (__atomic_load_n(&w->asked[i], __ATOMIC_SEQ_CST) != 0 ||
            __atomic_load_n(&w->ended[i], __ATOMIC_SEQ_CST) != 0) {
            return 0;
        }
    }
    return MF_NEVER;
}

/* It is stopped by a signal; whom it serves is not. Before it sleeps. */
static void serve_meanwhile(void)
{
    mf_critical_enter();
    do {
        poll(NULL);
    } while (prepare(NULL) == 0 && may_serve(true));
    mf_critical_leave();
}

/* ---- for fork.c ----------------------------------------------------------------------------------- */

/*
 * A copy that fork() did not make, or after a rollback: the window has gone, and nobody uses it. What
 * the users had is closed when everything is attached.
 */
static void attach(void)
{
    if (!mf_process_is_child) {
        has_window = false;
        must_forget = user_count != 0;
    }
}

static int64_t begin(void)
{
    static struct mf_poller poller = {.poll = poll, .prepare = prepare};
    static struct mf_clone_hook hook = {.attach = attach};

    if (users == NULL) {
        users = calloc(MF_FILES_USERS, sizeof(struct mf_family_user *));
        if (users == NULL) {
            return HV_ERR_NOMEM;
        }
        mf_poller_register(&poller);
        mf_clone_register(&hook);
        mf_request_meanwhile = serve_meanwhile;
    }
    if (must_forget) {
        forget_all();
    }
    const int64_t err = has_window ? 0 : mf_request_alone(MF_REQUEST_FILES, 0, 0, NULL, NULL);
    has_window = err == 0;
    window_generation = mf_clone_generation;
    return err;
}

/* What the users have stays as it is in the parent: to free it would cost pages. */
static void become_user(void)
{
    must_forget = false;
    mf_fd_recount(); /* the users had references, too */
    if (user_count != 0) {
        mf_preempt_alarms--; /* the other count is back at 0: forgotten with the threads */
    }
    user_count = 0;
    users = NULL;
    has_window = false;
    mf_family_convert_files();
    mf_family_convert_mappings();
    mf_remote_convert();
}

static bool is_serving(void)
{
    return user_count != 0;
}

/*
 * Who sends it a signal from outside of the family means the program, of which there are others. For
 * the family it has ended.
 */
static void pass_on(int sig, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code == SI_USER && info->si_pid == 0) {
        (void)kill(-1, sig);
    }
}

/*
 * What is left of a process that has ended: its files. Pipes and connections are closed, its children
 * are nobody's.
 */
static void linger(int code)
{
    const struct sigaction ends = {.sa_handler = SIG_DFL},
                           passes = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO};

    if (user_count == 0) {
        return;
    }
    for (int sig = 1; sig < NSIG; sig++) {
        (void)sigaction(sig, (MF_SIGNAL_BIT(sig) & FAULTS) != 0 ? &ends : &passes, NULL);
    }
    (void)sigprocmask(SIG_UNBLOCK, &(sigset_t){~(sigset_t)0}, NULL);
    mf_thread_forget_others();
    mf_outside_waiters++; /* as user_count is not 0 */
    for (int fd = 0; fd < mf_fds.count; fd++) {
        (void)mf_fd_remove(fd);
    }
    (void)mf_request_alone(MF_REQUEST_LINGER, (uint64_t)code, 0, NULL, NULL);
    while (user_count != 0) {
        (void)mf_thread_wait(&lingerer, MF_NEVER);
    }
    if (&mf_own_net_finish != NULL) {
        mf_own_net_finish(); /* the last ones may have had connections */
    }
}

const struct mf_family_files mf_family_files = {
    .begin = begin,
    .add = add_user,
    .drop = drop_user,
    .become_user = become_user,
    .linger = linger,
    .closes = mf_family_closes,
    .control = mf_family_control,
    .is_serving = is_serving,
    .prepare = mf_remote_prepare,
    .forked = mf_remote_forked,
    .socket_make = mf_remote_socket_make,
    .unix_pair = mf_remote_unix_pair,
    .send_file = mf_remote_send_file,
    .map = mf_family_map,
    .unmap = mf_file_unmap,
    .new_flat = mf_family_new_flat,
    .keep_flat = mf_family_keep_flat,
};
