// SPDX-License-Identifier: Apache-2.0
// cpus: 1 2 4
// Event ports, shared windows and handles between domains.
#include "hvtest.h"

#define WINDOW HV_WINDOW_HIGH_VA
#define ROUNDS 500
#define PARENT_TAG 10
#define CHILD_SIDE_TAG 20

struct shared {
    volatile uint32_t port; /* the child's */
    volatile uint64_t counter;
};

static struct shared *const shared = (struct shared *)(uintptr_t)WINDOW;

/* The port's number is in memory that the toolstack writes before the child starts. */
static volatile uint32_t child_port;

static void echo_events(void *arg)
{
    uint32_t tag;
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (hv_event_wait(now_ns() + 5000 * MS, &tag) != 1 || tag != CHILD_SIDE_TAG) {
            hv_exit(1);
        }
        if (hv_event_send(child_port) != HV_OK) {
            hv_exit(2);
        }
    }
}

static struct child connected_child(void (*fn)(void *), uint32_t *port)
{
    const struct child child = child_create(fn, NULL, NULL);
    uint32_t other;
    const int64_t mine =
        hv_event_bind(HV_SELF, PARENT_TAG, (uint32_t)child.handle, CHILD_SIDE_TAG, &other);
    if (child.handle < 0 || mine < 0) {
        give_up("a child could not be connected");
    }
    if (hv_dom_write((uint32_t)child.handle, (uint64_t)(uintptr_t)&child_port, &other, 4) !=
        HV_OK) {
        give_up("hv_dom_write");
    }
    *port = (uint32_t)mine;
    return child;
}

static void events_go_back_and_forth(void)
{
    uint32_t port;
    struct hv_report r;
    int rounds = 0;
    const struct child child = connected_child(echo_events, &port);
    CHECK_EQUAL(hv_dom_start((uint32_t)child.handle), HV_OK, "a connected child starts");
    for (; rounds < ROUNDS; rounds++) {
        if (hv_event_send(port) != HV_OK || !event_expect(PARENT_TAG, now_ns() + 5000 * MS)) {
            break;
        }
    }
    CHECK_EQUAL(rounds, ROUNDS, "all round trips were made");
    child_wait(child, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "the child saw each of them");
    CHECK_EQUAL(hv_event_send(port), HV_OK, "sending to an ended domain does nothing");
    CHECK_EQUAL(hv_event_close(port), HV_OK, "the port is closed");
    CHECK_EQUAL(hv_event_send(port), HV_ERR_NOENT, "and gone");
}

static void events_to_oneself(void)
{
    uint32_t a_side, b_side = 0, tag = 0;
    const int64_t a = hv_event_bind(HV_SELF, 1, HV_SELF, 2, &b_side);
    a_side = (uint32_t)a;
    CHECK(a >= 0, "a domain connects to itself");
    CHECK_EQUAL(hv_event_send(a_side), HV_OK, "an event is sent");
    CHECK_EQUAL(hv_event_send(a_side), HV_OK, "twice");
    CHECK_EQUAL(hv_event_send(b_side), HV_OK, "and one the other way");
    CHECK_EQUAL(hv_event_wait(HV_WAIT_POLL, &tag), 1, "one is pending");
    CHECK_EQUAL(tag, 2, "the oldest first");
    CHECK_EQUAL(hv_event_wait(HV_WAIT_POLL, &tag), 1, "another");
    CHECK_EQUAL(tag, 1, "with its own tag");
    CHECK_EQUAL(hv_event_wait(HV_WAIT_POLL, &tag), 0, "an event pending already stays one");
    CHECK_EQUAL(hv_event_send(a_side), HV_OK, "one more is sent");
    CHECK_EQUAL(hv_event_close(b_side), HV_OK, "its port is closed");
    CHECK_EQUAL(hv_event_wait(HV_WAIT_POLL, &tag), 0, "so it is dropped");
    CHECK_EQUAL(hv_event_close(a_side), HV_OK, "the other is closed");
}

static void count_in_window(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        __atomic_add_fetch(&shared->counter, 1, __ATOMIC_SEQ_CST);
    }
}

static void windows_are_shared(void)
{
    struct hv_report r;
    const uint64_t before = free_frames();
    const struct child child = child_create(count_in_window, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;
    CHECK_EQUAL(hv_window_create(h, WINDOW, WINDOW, 0, 4), HV_OK, "a window is made");
    CHECK_EQUAL(hv_window_create(h, WINDOW, WINDOW, 0, 4), HV_ERR_EXISTS, "only once at a place");
    CHECK_EQUAL(hv_window_share(HV_SELF, WINDOW, HV_SELF, WINDOW + HV_WINDOW_BYTES), HV_ERR_INVAL,
                "and not twice in one domain");
    CHECK_EQUAL(shared->counter, 0, "it is zero");
    shared->counter = 5;
    CHECK_EQUAL(hv_dom_start(h), HV_OK, "the other side starts");
    child_wait(child, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "it writes to the window");
    CHECK_EQUAL(shared->counter, 1005, "and this side sees it, after the other was destroyed too");
    CHECK_EQUAL(hv_window_close(HV_SELF, WINDOW), HV_OK, "the window is closed");
    CHECK_EQUAL(hv_window_close(HV_SELF, WINDOW), HV_ERR_NOENT, "only once");
    CHECK_EQUAL(free_frames(), before, "its frames are back");
}

static void clones_inherit_no_window(void)
{
    struct hv_report r;
    const struct child first = child_create(count_in_window, NULL, NULL);
    CHECK_EQUAL(hv_window_create((uint32_t)first.handle, WINDOW, WINDOW, 0, 4), HV_OK,
                "a window is made");
    child_run(count_in_window, NULL, &r);
    CHECK(r.reason == HV_END_FAULT && r.fault.vector == 14, "a clone of this domain has it not");
    CHECK_EQUAL(shared->counter, 0, "and nothing was written to it");
    CHECK_EQUAL(hv_dom_destroy((uint32_t)first.handle), HV_OK, "the other side is destroyed");
    shared->counter = 1;
    CHECK_EQUAL(hv_window_close(HV_SELF, WINDOW), HV_OK, "the window is closed");
}

static void window_arguments_are_checked(void)
{
    static const struct {
        const char *name;
        uint64_t va;
        uint32_t first, pages;
        int64_t expected;
    } rows[] = {
        {"not at a slot", WINDOW + 0x1000, 0, 1, HV_ERR_ALIGN},
        {"below the slots", HV_HEAP_BASE, 0, 1, HV_ERR_RANGE},
        {"beyond the end", HV_GUEST_END, 0, 1, HV_ERR_RANGE},
        {"in hv", 0xffff800000000000u, 0, 1, HV_ERR_RANGE},
        {"513 pages", WINDOW, 0, 513, HV_ERR_RANGE},
        {"from page 512", WINDOW, 512, 1, HV_ERR_RANGE},
        {"over the slot's end", WINDOW, 511, 2, HV_ERR_RANGE},
        {"4 billion pages", WINDOW, 2, 0xffffffff, HV_ERR_RANGE},
        {"the start of slot 0", 0, 0, 17, HV_ERR_RANGE},
    };
    const struct child child = child_create(count_in_window, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;
    /* The clone shares our pages: this check takes copies of those that the next ones write. */
    CHECK(child.handle > 0, "a child is made");
    const uint64_t before = free_frames();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        CHECK_EQUAL(hv_window_create(h, rows[i].va, WINDOW, rows[i].first, rows[i].pages),
                    rows[i].expected, "window refused: %s", rows[i].name);
    }
    CHECK_EQUAL(free_frames(), before, "the refused windows cost no frame");
    CHECK_EQUAL(hv_dom_destroy(h), HV_OK, "the child is destroyed");
}

/* What the receiver of a handle may do with it is in child_port: the handle's number there. */
static void use_handle(void *arg)
{
    static struct hv_dom_info info;
    (void)arg;
    const bool can_read = hv_dom_info(child_port, &info) == HV_OK;
    const bool can_pause = hv_dom_pause(child_port) != HV_ERR_PERM;
    const bool can_destroy = hv_dom_destroy(child_port) != HV_ERR_PERM;
    hv_exit((can_read ? 1 : 0) | (can_pause ? 2 : 0) | (can_destroy ? 4 : 0));
}

static void handles_carry_rights(void)
{
    struct hv_report r;
    const struct child subject = child_create(count_in_window, NULL, NULL);
    const struct child user = child_create(use_handle, NULL, NULL);
    const uint32_t s = (uint32_t)subject.handle, u = (uint32_t)user.handle;
    const int64_t granted = hv_handle_grant(u, s, HV_RIGHT_INFO);
    const uint32_t number = (uint32_t)granted;
    CHECK(granted >= 0, "a handle with INFO only is granted");
    CHECK_EQUAL(hv_dom_write(u, (uint64_t)(uintptr_t)&child_port, &number, 4), HV_OK, "and told");
    CHECK_EQUAL(hv_dom_start(u), HV_OK, "its owner starts");
    child_wait(user, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 1, "it can read, not pause or destroy: %d", r.code);
    CHECK_EQUAL(hv_dom_destroy(s), HV_OK, "the subject is destroyed");
}

/* So that no page of ours, and no table that holds windows, is touched for the first time below. */
static void warm_up(void)
{
    const struct child child = child_create(count_in_window, NULL, NULL);
    struct hv_report r;
    if (hv_window_create((uint32_t)child.handle, WINDOW, WINDOW, 0, 4) != HV_OK ||
        hv_dom_start((uint32_t)child.handle) != HV_OK) {
        give_up("no window");
    }
    child_wait(child, &r);
    shared->counter++;
    hv_window_close(HV_SELF, WINDOW);
}

void test_main(void)
{
    events_to_oneself();
    events_go_back_and_forth();
    warm_up();
    windows_are_shared();
    clones_inherit_no_window();
    window_arguments_are_checked();
    handles_carry_rights();
}
