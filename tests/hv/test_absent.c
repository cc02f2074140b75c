// SPDX-License-Identifier: Apache-2.0
// cpus: 1 4
// memory: 256M
// timeout: 120
// Pages whose contents a toolstack brings when they are wanted (HV_PROT_ABSENT): of a template, so that
// all that is cloned from it waits for them once.
#include "hvtest.h"

#define HEAP HV_HEAP_BASE
#define RO HV_PROT_READ
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define REGION 512u /* pages of a lowest-level table */
#define PAGES (2 * REGION + 100)
#define HOLE 40u /* page of the third region that is not mapped */
#define TAG 0x5000u
#define TAGS 256u

static const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};

enum role {
    READ_ALL,   /* every page, in order */
    WRITE_SOME, /* every 7th */
    READ_ONE,   /* the first page, 4 times, waiting for nothing */
    UNMAP_PART,
    PROTECT_PART,
    MAP_HOLE,
    UNMAP_WHOLE,
};

/* What a guest does is written into its memory before it starts: a clone has the template's. */
static volatile enum role role;
static volatile uint64_t first_page, page_count;

static volatile uint64_t *page_at(uint64_t index)
{
    return (volatile uint64_t *)(uintptr_t)(HEAP + index * HV_PAGE_BYTES);
}

static uint64_t content(uint64_t index)
{
    return index * 1000003 + 17;
}

static bool is_hole(uint64_t index)
{
    return index == 2 * REGION + HOLE;
}

static void visit_pages(bool write)
{
    for (uint64_t i = first_page; i < first_page + page_count; i += write ? 7 : 1) {
        if (is_hole(i)) {
            continue;
        }
        if (write) {
            page_at(i)[1] = i;
        }
        if (*page_at(i) != content(i) || (write && page_at(i)[1] != i)) {
            hv_exit(10);
        }
    }
}

static void guest(void *arg)
{
    const uint64_t va = HEAP + first_page * HV_PAGE_BYTES;
    int64_t err = 0;

    (void)arg;
    switch (role) {
    case READ_ALL:
        visit_pages(false);
        break;
    case WRITE_SOME:
        visit_pages(true);
        break;
    case READ_ONE:
        for (int i = 0; i < 4; i++) {
            err |= *page_at(first_page) != content(first_page);
        }
        break;
    case UNMAP_PART:
    case UNMAP_WHOLE:
        err = hv_mem_unmap(va, page_count);
        break;
    case PROTECT_PART:
        err = hv_mem_protect(va, page_count, RO);
        break;
    case MAP_HOLE:
        err = hv_mem_map(va, 1, RW);
        *page_at(first_page) = 5;
        break;
    }
    hv_exit(err ? 11 : 0);
}

/* ---- the toolstack ---------------------------------------------------------------------------- */

static uint64_t page_buffer[16 * HV_PAGE_BYTES / 8] __attribute__((aligned(4096)));

/* Brings `count` pages from `index` on through domain `h`; returns how many were absent. */
static uint64_t bring(uint32_t h, uint64_t index, uint64_t count)
{
    uint64_t brought = 0;

    for (uint64_t i = index; i < index + count; i++) {
        page_buffer[0] = content(i);
        const int64_t err = hv_dom_write(h, HEAP + i * HV_PAGE_BYTES, page_buffer, HV_PAGE_BYTES);
        if (err != HV_OK && err != HV_ERR_STATE && err != HV_ERR_NOENT) {
            give_up("a page cannot be brought");
        }
        brought += err == HV_OK ? 1 : 0;
    }
    return brought;
}

static uint64_t bring_region(uint32_t h, uint64_t address)
{
    const uint64_t first = (address - HEAP) / HV_PAGE_BYTES / REGION * REGION;

    return bring(h, first, first + REGION < PAGES ? REGION : PAGES - first);
}

/* A template whose heap is absent but for the second region's first page, which is zero, and a hole. */
static uint32_t make_template(void)
{
    const struct child made = child_create(guest, NULL, NULL);
    const uint32_t h = (uint32_t)made.handle;

    if (made.handle < 0 || hv_dom_map(h, HEAP, REGION, RW | HV_PROT_ABSENT) ||
        hv_dom_map(h, HEAP + REGION * HV_PAGE_BYTES, REGION, RW | HV_PROT_ABSENT) ||
        hv_dom_map(h, HEAP + 2 * REGION * HV_PAGE_BYTES, HOLE, RW | HV_PROT_ABSENT) ||
        hv_dom_map(h, HEAP + (2 * REGION + HOLE + 1) * HV_PAGE_BYTES, PAGES - 2 * REGION - HOLE - 1,
                   RW | HV_PROT_ABSENT)) {
        give_up("no template");
    }
    const int64_t template = hv_dom_clone(h, &frozen);
    if (template <0 || hv_dom_destroy(h) != HV_OK) {
        give_up("no template");
    }
    return (uint32_t) template;
}

static struct child make_guest(uint32_t template, enum role does, uint64_t first, uint64_t count)
{
    static uint32_t number;
    const struct hv_dom_params params = {.flags = HV_DOM_END_EVENT,
                                         .end_tag = TAG + number++ % (TAGS - 1)};
    const struct child c = {hv_dom_clone(template, &params), params.end_tag};

    if (c.handle < 0 ||
        hv_dom_write((uint32_t)c.handle, (uintptr_t)&role, (const void *)&does, sizeof(does)) ||
        hv_dom_write((uint32_t)c.handle, (uintptr_t)&first_page, &first, sizeof(first)) ||
        hv_dom_write((uint32_t)c.handle, (uintptr_t)&page_count, &count, sizeof(count)) ||
        hv_dom_start((uint32_t)c.handle)) {
        give_up("no guest");
    }
    return c;
}

static bool has_event[TAGS]; /* of guests that nobody waited for yet */

/* Waits for the event that `c` has stopped, keeping those of others. */
static void wait_for_stop(struct child c)
{
    const uint64_t deadline = now_ns() + CHILD_LIMIT_NS;
    uint32_t tag;

    while (!has_event[c.end_tag - TAG]) {
        if (now_ns() > deadline) {
            give_up("a guest neither stops nor ends");
        }
        if (hv_event_wait(deadline, &tag) > 0 && tag - TAG < TAGS) {
            has_event[tag - TAG] = true;
        }
    }
    has_event[c.end_tag - TAG] = false;
}

/* Waits until `c` has stopped. True: for an absent page, whose address is in *at; false: it has ended. */
static bool has_stopped_for_page(struct child c, uint64_t *at)
{
    struct hv_dom_info info;
    struct hv_report r;

    wait_for_stop(c);
    if (hv_dom_info((uint32_t)c.handle, &info) != HV_OK) {
        give_up("no information");
    }
    if (info.state != HV_DOM_STATE_PAUSED) {
        return false;
    }
    if (info.reason != HV_END_ABSENT || hv_dom_report((uint32_t)c.handle, &r) != HV_OK ||
        r.reason != HV_END_ABSENT) {
        give_up("a guest is paused, and not for a page");
    }
    *at = r.fault.address;
    return true;
}

static int32_t code_of(struct child c)
{
    struct hv_report r = {.reason = HV_END_NONE};

    if (hv_dom_report((uint32_t)c.handle, &r) != HV_OK || hv_dom_destroy((uint32_t)c.handle)) {
        give_up("no report");
    }
    return r.reason == HV_END_EXIT ? r.code : -(int32_t)r.reason;
}

/* Runs it to its end, bringing what it wants through `by`. Returns its status, and how often it waited. */
static int32_t serve(struct child c, uint32_t by, uint64_t *waits)
{
    uint64_t at;

    *waits = 0;
    while (has_stopped_for_page(c, &at)) {
        ++*waits;
        if (bring_region(by, at) == 0 || hv_dom_start((uint32_t)c.handle) != HV_OK) {
            give_up("it waits for a page that is there");
        }
    }
    return code_of(c);
}

/* ---- the claims ------------------------------------------------------------------------------- */

static void promises_are_checked(void)
{
    const struct hv_dom_params small = {.memory_pages = 100};
    const struct child made = child_create(guest, NULL, NULL);
    const uint32_t h = (uint32_t)made.handle;
    struct hv_dom_info before, after;

    CHECK_EQUAL(hv_mem_map(HEAP, 1, RW | HV_PROT_ABSENT), HV_ERR_INVAL, "not by a guest itself");
    CHECK_EQUAL(hv_dom_map(h, HEAP, REGION + 1, RW | HV_PROT_ABSENT), HV_ERR_RANGE,
                "absent pages lie within 2 MiB");
    CHECK_EQUAL(hv_dom_map(h, HEAP + HV_PAGE_BYTES, REGION, RW | HV_PROT_ABSENT), HV_ERR_RANGE,
                "that are aligned");
    CHECK_EQUAL(hv_dom_map(h, HEAP, 1, RW | HV_PROT_EXEC | HV_PROT_ABSENT), HV_ERR_INVAL,
                "and never writable and executable");
    hv_dom_info(h, &before);
    CHECK_EQUAL(hv_dom_map(h, HEAP, 10, RW | HV_PROT_ABSENT), HV_OK, "ten are mapped");
    CHECK_EQUAL(hv_dom_map(h, HEAP + 9 * HV_PAGE_BYTES, 2, RW | HV_PROT_ABSENT), HV_ERR_EXISTS,
                "once");
    CHECK_EQUAL(hv_dom_map(h, HEAP + 10 * HV_PAGE_BYTES, 2, RW), HV_OK, "beside others");
    hv_dom_info(h, &after);
    CHECK(after.resident_pages >= before.resident_pages + 10, "they count as its memory");
    CHECK_EQUAL(hv_dom_unmap(h, HEAP + 4 * HV_PAGE_BYTES, 6), HV_OK, "some are unmapped");
    CHECK_EQUAL(bring(h, 0, 10), 4, "the others are brought");
    CHECK_EQUAL(hv_dom_unmap(h, HEAP, 12), HV_OK, "all are unmapped");
    hv_dom_info(h, &after);
    CHECK(after.resident_pages <= before.resident_pages + 2, "and count no more (but for tables)");
    hv_dom_destroy(h);
    const struct child limited = child_create(guest, NULL, &small);
    CHECK_EQUAL(hv_dom_map((uint32_t)limited.handle, HEAP, 200, RW | HV_PROT_ABSENT), HV_ERR_LIMIT,
                "a limit holds for them, too");
    CHECK_EQUAL(hv_dom_destroy((uint32_t)limited.handle), HV_OK, "destroyed with absent pages");
}

static void clones_wait_once(uint32_t t)
{
    uint64_t waits;

    CHECK_EQUAL(serve(make_guest(t, READ_ALL, 0, REGION), t, &waits), 0,
                "a clone finds what was brought");
    CHECK_EQUAL(waits, 1, "it waited once for 2 MiB");
    CHECK_EQUAL(serve(make_guest(t, READ_ALL, 0, REGION), t, &waits), 0, "so does the next");
    CHECK_EQUAL(waits, 0, "which waits for nothing");
    CHECK_EQUAL(serve(make_guest(t, WRITE_SOME, 0, PAGES), t, &waits), 0, "one that writes");
    CHECK_EQUAL(waits, 2, "waits for the two other regions");
    CHECK_EQUAL(serve(make_guest(t, READ_ALL, 0, PAGES), t, &waits), 0,
                "what it wrote is not in the template");
    CHECK_EQUAL(waits, 0, "all is there now");
}

static void one_page_is_enough_to_read_it(uint32_t t)
{
    uint64_t at = 0, waits;
    struct child c = make_guest(t, READ_ONE, 3, 1);

    CHECK(has_stopped_for_page(c, &at) && at == (uintptr_t)page_at(3),
          "the report has the address");
    hv_dom_start((uint32_t)c.handle);
    CHECK(has_stopped_for_page(c, &at) && at == (uintptr_t)page_at(3),
          "started too early it stops again");
    CHECK_EQUAL(bring((uint32_t)c.handle, 3, 1), 1, "the page is brought through the clone");
    CHECK_EQUAL(bring(t, 3, 1), 0, "so the template has it");
    hv_dom_start((uint32_t)c.handle);
    CHECK_EQUAL(serve(c, t, &waits), 0, "it goes on");
    CHECK_EQUAL(waits, 0, "although others are absent");
    c = make_guest(t, WRITE_SOME, 3, 1);
    CHECK(has_stopped_for_page(c, &at), "to write it, all of the table must be there");
    CHECK_EQUAL(bring_region(t, at), REGION - 1, "that are the others");
    hv_dom_start((uint32_t)c.handle);
    CHECK_EQUAL(serve(c, t, &waits), 0, "then it is written");
}

static void calls_wait(uint32_t t)
{
    uint64_t waits;
    const struct {
        enum role role;
        uint64_t first, count, waits;
        const char *name;
    } all[] = {
        {UNMAP_WHOLE, 0, 2 * REGION, 0, "unmapping whole regions waits for nothing"},
        {UNMAP_PART, REGION - 2, 4, 2, "unmapping parts of two regions waits for both"},
        {PROTECT_PART, 2 * REGION + 3, 3, 1, "protecting a part waits"},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(all); i++) {
        const uint32_t copy = make_template();
        CHECK_EQUAL(serve(make_guest(copy, all[i].role, all[i].first, all[i].count), copy, &waits),
                    0, "%s", all[i].name);
        CHECK_EQUAL(waits, all[i].waits, "%lu times", all[i].waits);
        hv_dom_destroy(copy);
    }
    CHECK_EQUAL(serve(make_guest(t, MAP_HOLE, 2 * REGION + HOLE, 1), t, &waits), 0,
                "mapping beside absent pages waits");
    CHECK_EQUAL(waits, 1, "once");
}

static void toolstack_is_told(uint32_t t)
{
    const uint64_t pages[2] = {(uintptr_t)page_at(PAGES), HEAP};
    struct hv_extent e = {0};
    uint64_t from = HEAP, word = 1;
    const int64_t g = hv_dom_clone(t, &(struct hv_dom_params){0});
    const uint32_t h = (uint32_t)g;

    CHECK_EQUAL(hv_dom_read(t, HEAP, &word, 8), HV_ERR_ABSENT, "reading says that it is absent");
    CHECK_EQUAL(hv_dom_write(h, HEAP, &word, 8), HV_ERR_ABSENT, "so does writing a part");
    CHECK_EQUAL(hv_dom_populate(h, &pages[1], 1), 0, "a page that is absent is not made");
    CHECK_EQUAL(hv_dom_unmap(h, HEAP, 1), HV_ERR_ABSENT, "nor unmapped beside others");
    CHECK_EQUAL(hv_dom_map(h, (uintptr_t)page_at(2 * REGION + HOLE), 1, RW), HV_ERR_ABSENT,
                "nor one mapped there");
    CHECK_EQUAL(hv_dom_pages(t, HV_SELF, &from, &e, 1), 1, "the list of pages");
    CHECK(e.va == HEAP && e.kind == HV_EXTENT_DATA && e.pages >= REGION, "has them as data");
    CHECK_EQUAL(hv_dom_write(t, (uintptr_t)&role, page_buffer, HV_PAGE_BYTES), HV_ERR_STATE,
                "a template's other pages are not written");
    CHECK_EQUAL(bring(h, 0, PAGES), PAGES - 1, "all is brought");
    CHECK(hv_dom_read(t, HEAP, &word, 8) == HV_OK && word == content(0), "and read");
    CHECK_EQUAL(hv_dom_destroy(h), HV_OK, "the clone goes");
}

/* Snapshots of a guest that has come half way, without the template that it came from. */
static void copies_of_copies_share_it(uint32_t t)
{
    uint64_t at, waits;
    const struct child a = make_guest(t, READ_ALL, 0, PAGES);

    CHECK(has_stopped_for_page(a, &at), "a clone waits");
    const int64_t s = hv_dom_clone((uint32_t)a.handle, &frozen);
    CHECK(s > 0, "a snapshot is made of it meanwhile");
    CHECK_EQUAL(hv_dom_destroy(t), HV_OK, "and the template destroyed");
    const struct child b = {
        hv_dom_clone((uint32_t)s,
                     &(struct hv_dom_params){.flags = HV_DOM_END_EVENT, .end_tag = TAG + TAGS - 1}),
        TAG + TAGS - 1};
    hv_dom_start((uint32_t)b.handle);
    CHECK_EQUAL(serve(b, (uint32_t)s, &waits), 0, "a clone of the snapshot does the same");
    CHECK_EQUAL(waits, 3, "and waits as the first would");
    hv_dom_start((uint32_t)a.handle);
    CHECK_EQUAL(serve(a, (uint32_t)s, &waits), 0, "the first goes on, too");
    CHECK_EQUAL(waits, 0, "with what was brought for the other");
    CHECK_EQUAL(hv_dom_destroy((uint32_t)s), HV_OK, "the snapshot is destroyed");
}

#define CROWD 24

static void crowd_waits_together(uint32_t t)
{
    struct child c[CROWD];
    uint64_t at, bad = 0;

    for (unsigned int i = 0; i < CROWD; i++) {
        c[i] = make_guest(t, i % 2 ? WRITE_SOME : READ_ALL, 0, PAGES);
    }
    for (unsigned int i = 0; i < CROWD; i++) {
        while (has_stopped_for_page(c[i], &at)) {
            (void)bring_region(i % 3 ? t : (uint32_t)c[i].handle, at);
            hv_dom_start((uint32_t)c[i].handle);
        }
        bad += code_of(c[i]) != 0;
    }
    CHECK_EQUAL(bad, 0, "%u clones at once all find what they should", CROWD);
}

static void never_of_the_last_frames(uint32_t t)
{
    volatile uint8_t *mine = (volatile uint8_t *)(uintptr_t)(HV_HEAP_BASE + (1ull << 36));
    const uint64_t pages = free_frames();
    uint64_t brought = 0, taken = 0;
    int64_t err = HV_OK;

    hv_mem_map((uint64_t)(uintptr_t)mine, pages, RW);
    for (; taken < pages && !err; taken++) {
        mine[taken * HV_PAGE_BYTES] = 1;
        if (taken % 64 == 0 && free_frames() < 1024) {
            page_buffer[0] = content(brought);
            err = hv_dom_write(t, (uintptr_t)page_at(brought), page_buffer, HV_PAGE_BYTES);
            brought += err ? 0 : 1;
        }
    }
    CHECK_EQUAL(err, HV_ERR_NOMEM, "no page is brought in the last frames");
    hv_mem_unmap((uint64_t)(uintptr_t)mine, pages);
    CHECK_EQUAL(bring(t, brought, 1), 1, "it is later");
}

static void with_template(void (*claim)(uint32_t), bool destroys)
{
    const uint32_t t = make_template();
    claim(t);
    if (!destroys) {
        hv_dom_destroy(t);
    }
}

static void all(void)
{
    promises_are_checked();
    with_template(clones_wait_once, false);
    with_template(one_page_is_enough_to_read_it, false);
    with_template(calls_wait, false);
    with_template(toolstack_is_told, false);
    with_template(copies_of_copies_share_it, true);
    with_template(crowd_waits_together, false);
    with_template(never_of_the_last_frames, false);
}

void test_main(void)
{
    all(); /* our own tables are there now */
    const uint64_t before = free_frames();
    all();
    CHECK_EQUAL(free_frames(), before, "all frames are back");
}
