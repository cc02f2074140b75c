/* SPDX-License-Identifier: Apache-2.0 */
/* lazy.c - see lazy.h. The sources are a list, the newest first: it is asked first for a region. */
#include "store/lazy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "guests/absent.h"
#include "guests/room.h"
#include "mayfly/hypercall.h"
#include "shell/shell.h"
#include "store/crc32c.h"
#include "store/pause.h"
#include "templates/template.h"
#include "text/errors.h"
#include "text/term.h"
#include "thread/thread.h"

#define STACK_BYTES 65536
#define QUIET_NS (50 * MF_NS_PER_MS) /* first the first clones */
#define NO_MEMORY_NS MF_NS_PER_S     /* until it is tried again */
#define LOOK_NS (20 * MF_NS_PER_MS)  /* commands look so often whether they are interrupted */
#define WRITE_PAGES (HV_COPY_MAX_BYTES / HV_PAGE_BYTES)
#define KIB_PER_PAGE (HV_PAGE_BYTES / 1024)

enum state { PENDING, HERE, LOST };

struct lazy_source {
    struct lazy_source *next;
    struct lazy_plan plan;
    char name[LAUNCH_NAME_BYTES];
    struct template *template; /* a reference; NULL: not yet, or no more */
    uint32_t *regions;         /* owns; ascending */
    uint8_t *states;           /* owns; enum state of each */
    uint32_t count, pending, lost;
    uint32_t next_region;   /* where the background goes on */
    uint32_t part_of, part; /* so many pages of that region have been brought */
    uint64_t read_pages;
    bool is_dropped;
    bool is_closed; /* nothing is read from it any more; kept to tell of what is lost */
};

static struct lazy_source *sources;
static bool is_running; /* the thread */
static struct mf_waitq work, progress;
static uint64_t background_ns; /* not before */
static bool is_wanted, is_hurried, has_no_memory, is_taking_away;
static uint32_t wanted_region; /* by a command */

/* ---- regions ------------------------------------------------------------------------------ */

/* The place of a region in the source's list, or count. */
static uint32_t find_region(const struct lazy_source *s, uint32_t region)
{
    uint32_t low = 0, high = s->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->regions[middle] < region) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < s->count && s->regions[low] == region ? low : s->count;
}

/* The first source whose part of the region is in this state. */
static struct lazy_source *find_source(uint32_t region, enum state state, uint32_t *at)
{
    for (struct lazy_source *s = sources; s != NULL; s = s->next) {
        *at = s->is_dropped ? s->count : find_region(s, region);
        if (*at < s->count && s->states[*at] == state) {
            return s;
        }
    }
    return NULL;
}

bool lazy_is_pending(uint32_t region)
{
    uint32_t at;
    return find_source(region, PENDING, &at) != NULL;
}

const char *lazy_lost(uint32_t region)
{
    uint32_t at;
    const struct lazy_source *const s = find_source(region, LOST, &at);
    return s == NULL ? NULL : s->name;
}

static void settle(struct lazy_source *s, uint32_t at, enum state state)
{
    s->states[at] = (uint8_t)state;
    s->pending--;
    s->lost += state == LOST;
    mf_waitq_wake_all(&progress);
}

/* ---- bringing ----------------------------------------------------------------------------- */

static bool is_waited_for(void)
{
    uint32_t region;
    return is_wanted || absent_first(&region);
}

/* Pages that follow one another on the disk, as many as fit into the buffer. */
static uint32_t run_length(const struct index_page *pages, uint32_t count)
{
    uint32_t n = 1;
    while (n < count && n < DISK_BUFFER_BLOCKS && pages[n].block == pages[0].block + n) {
        n++;
    }
    return n;
}

static const char *read_run(const struct lazy_source *s, const struct index_page *pages, uint32_t n)
{
    const uint8_t *const data = s->plan.disk->buffers[DISK_ASIDE];
    const char *const problem = disk_read(s->plan.disk, DISK_ASIDE, pages[0].block, n);

    for (uint32_t i = 0; i < n && problem == NULL; i++) {
        if (crc32c(0, data + (size_t)i * HV_PAGE_BYTES, HV_PAGE_BYTES) != pages[i].crc) {
            return "a block is not what was written";
        }
    }
    return problem;
}

/* Those that are there already, from an earlier attempt, are passed over. */
static int64_t write_one_by_one(uint32_t dom, uint64_t va, const uint8_t *data, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)i << HV_PAGE_SHIFT;
        const int64_t err = hv_dom_write(dom, va + at, data + at, HV_PAGE_BYTES);
        if (err < 0 && err != HV_ERR_STATE) {
            return err;
        }
    }
    return 0;
}

static int64_t write_run(const struct lazy_source *s, const struct index_page *pages, uint32_t n)
{
    const uint8_t *data = s->plan.disk->buffers[DISK_ASIDE];
    int64_t err = 0;

    while (n > 0 && err >= 0) {
        uint32_t k = 1;
        while (k < n && k < WRITE_PAGES &&
               pages[k].va == pages[0].va + ((uint64_t)k << HV_PAGE_SHIFT)) {
            k++;
        }
        const uint64_t bytes = (uint64_t)k << HV_PAGE_SHIFT;
        err = hv_dom_write(s->plan.holder, pages[0].va, data, bytes);
        if (err == HV_ERR_STATE || err == HV_ERR_NOMEM) {
            err = write_one_by_one(s->plan.holder, pages[0].va, data, k);
        }
        pages += k;
        data += bytes;
        n -= k;
    }
    return err;
}

/* Others have their turn; the background rests as long as it has worked. */
static void rest(uint64_t since_ns)
{
    pause_serve();
    if (!is_hurried && !is_waited_for()) {
        const uint64_t now_ns = mf_clock_ns();
        (void)mf_thread_wait(&work, now_ns + (now_ns - since_ns));
    }
}

static void lose(struct lazy_source *s, uint32_t at, const char *problem)
{
    settle(s, at, LOST);
    if (s->lost == 1 && s->template != NULL) {
        term_say("A part of what is saved as %s cannot be read: %s. Guests that need it end.\n",
                 s->name, problem);
    }
}

/* There is no memory: guests wait for that, commands end, the background tries again later. */
static void give_up(void)
{
    has_no_memory = true;
    is_wanted = false;
    is_hurried = false;
    background_ns = mf_clock_deadline(NO_MEMORY_NS);
    absent_starve();
    mf_waitq_wake_all(&progress);
}

/*
 * Brings a region, or a part of it when something more urgent comes (is_background) or there is no
 * memory; then it is called again.
 */
static void bring(struct lazy_source *s, uint32_t at, bool is_background)
{
    static struct index_page pages[INDEX_REGION_PAGES];
    const uint32_t count = index_pages(&s->plan.index, s->regions[at], pages);
    uint32_t i = s->part_of == at ? s->part : 0;

    while (i < count && !s->is_dropped) {
        const uint64_t since_ns = mf_clock_ns();
        const uint32_t n = run_length(pages + i, count - i);
        const char *const problem = read_run(s, pages + i, n);
        const int64_t err = problem == NULL ? write_run(s, pages + i, n) : 0;
        if (err == HV_ERR_NOMEM) {
            give_up();
            return;
        }
        if (problem != NULL || err < 0) {
            lose(s, at, problem != NULL ? problem : error_text(err));
            return;
        }
        has_no_memory = false;
        i += n;
        s->read_pages += n;
        s->part_of = at;
        s->part = i;
        if (i < count) {
            rest(since_ns);
        }
        if (is_background && i < count && is_waited_for()) {
            return;
        }
    }
    if (!s->is_dropped) {
        settle(s, at, HERE);
    }
}

/* ---- sources ------------------------------------------------------------------------------ */

static void free_source(struct lazy_source *s)
{
    free(s->regions);
    free(s->states);
    free(s);
}

/* Gives back all that reading needed. */
static void close(struct lazy_source *s)
{
    hv_dom_destroy(s->plan.holder);
    index_free(&s->plan.index);
    free(s->plan.bodies);
    s->plan.bodies = NULL;
    s->plan.body_count = 0;
    template_put(&s->template);
    s->is_closed = true;
    if (!s->is_dropped && s->lost == 0) {
        term_say("[%s: all of it is read, %" PRIu64 " KiB]\n", s->name,
                 s->read_pages * KIB_PER_PAGE);
    }
}

/*
 * Whoever clones it from now on would get less than what was saved. Not while a command may be working
 * with it. Returns whether it is gone.
 */
static bool take_away(const struct lazy_source *s)
{
    struct template *const t = s->template;
    const char *const name = template_name(t);

    if (t == NULL || template_find(name) != t) {
        return true;
    }
    if (shell_is_waiting()) {
        is_taking_away = true; /* later */
        return false;
    }
    term_say("%s is no template any more.\n", name);
    template_remove(t);
    return true;
}

/* Ends the sources from which nothing is to be read any more. Returns whether others are left. */
static bool sweep(void)
{
    bool is_busy = false;

    is_taking_away = false;
    for (struct lazy_source **at = &sources; *at != NULL;) {
        struct lazy_source *const s = *at;
        const bool is_gone = s->lost == 0 || s->is_closed || take_away(s);
        const bool ends = s->is_dropped || (s->pending == 0 && s->template != NULL && is_gone);
        if (ends && !s->is_closed) {
            close(s);
        }
        if (s->is_closed && (s->is_dropped || s->lost == 0)) {
            *at = s->next;
            free_source(s);
            mf_waitq_wake_all(&progress);
            continue;
        }
        is_busy |= !s->is_closed;
        at = &s->next;
    }
    return is_busy;
}

/* Brings one region for those who wait. Returns false when nobody does. */
static bool serve(void)
{
    uint32_t region, at;
    const bool is_guests = absent_first(&region);

    if (!is_guests && !is_wanted) {
        return false;
    }
    region = is_guests ? region : wanted_region;
    struct lazy_source *const s = find_source(region, PENDING, &at);
    if (s != NULL) {
        bring(s, at, false);
        return true;
    }
    absent_go_on(region);
    is_wanted = is_wanted && wanted_region != region;
    mf_waitq_wake_all(&progress);
    return true;
}

/* Whether regions that nobody waits for are read from it. */
static bool is_read_on(const struct lazy_source *s)
{
    return s->template != NULL && s->pending > 0 &&
           (is_hurried || !s->plan.only_needed ||
            template_find(template_name(s->template)) != s->template);
}

/* Brings one region that nobody waits for, if it is time and there is memory. */
static bool read_on(void)
{
    if (!is_hurried && mf_clock_ns() < background_ns) {
        return false;
    }
    if (!is_hurried && !room_is_there(INDEX_REGION_BYTES)) {
        background_ns = mf_clock_deadline(NO_MEMORY_NS);
        return false;
    }
    for (struct lazy_source *s = sources; s != NULL; s = s->next) {
        for (uint32_t i = 0; is_read_on(s) && i < s->count; i++) {
            const uint32_t at = (s->next_region + i) % s->count;
            if (s->states[at] == PENDING) {
                s->next_region = at;
                bring(s, at, true);
                return true;
            }
        }
    }
    return false;
}

static void run(void *arg)
{
    (void)arg;
    while (sweep() || is_waited_for()) { /* who waited for the last page goes on, too */
        const uint64_t since_ns = mf_clock_ns();
        if (serve() || read_on()) {
            rest(since_ns);
        } else {
            const uint64_t until_ns = background_ns > since_ns ? background_ns : MF_NEVER;
            (void)mf_thread_wait(&work, is_taking_away ? since_ns + LOOK_NS : until_ns);
        }
    }
    is_running = false;
}

struct lazy_source *lazy_add(const struct lazy_plan *plan)
{
    struct lazy_source *const s = calloc(1, sizeof(*s));

    if (s == NULL || !index_regions(&plan->index, &s->regions, &s->count)) {
        free(s);
        return NULL;
    }
    s->states = calloc(s->count + 1, sizeof(*s->states));
    if (s->states == NULL || (!is_running && mf_thread_start(run, NULL, STACK_BYTES) < 0)) {
        free_source(s);
        return NULL;
    }
    is_running = true;
    s->plan = *plan;
    memcpy(s->name, plan->name, strlen(plan->name) + 1);
    s->pending = s->count;
    s->next = sources;
    sources = s;
    return s;
}

void lazy_appears(struct lazy_source *s, struct template *t)
{
    s->template = template_get(t);
    background_ns = mf_clock_deadline(QUIET_NS);
    lazy_wake();
}

void lazy_drop(struct lazy_source *s)
{
    s->is_dropped = true;
    lazy_wake();
}

uint64_t lazy_read_pages(const struct lazy_source *s)
{
    return s->read_pages;
}

bool lazy_has_lost(const struct lazy_source *s)
{
    return s->lost > 0;
}

void lazy_wake(void)
{
    mf_waitq_wake_all(&work);
}

/* ---- commands ----------------------------------------------------------------------------- */

#define ERROR_LOST "a part of its memory cannot be read from the disk any more"

const char *lazy_want(uint64_t va)
{
    const uint32_t region = (uint32_t)(va / INDEX_REGION_BYTES);
    const bool is_told = has_no_memory && !is_wanted && wanted_region == region;

    if (!lazy_is_pending(region)) {
        return ERROR_LOST;
    }
    has_no_memory = false;
    if (is_told) {
        return error_text(HV_ERR_NOMEM);
    }
    is_wanted = true;
    wanted_region = region;
    lazy_wake();
    return NULL;
}

const char *lazy_bring(uint64_t va)
{
    const uint32_t region = (uint32_t)(va / INDEX_REGION_BYTES);

    has_no_memory = false;
    do {
        const char *problem = lazy_want(va);
        if (problem == NULL) {
            (void)mf_thread_wait(&progress, mf_clock_deadline(LOOK_NS));
            pause_here(0);
            problem = pause_problem();
        }
        if (problem != NULL) {
            is_wanted = false;
            return problem;
        }
    } while (lazy_is_pending(region));
    return NULL;
}

/* A source that still reads from the body; 0: from any. */
static const struct lazy_source *reader_of(uint64_t body)
{
    for (const struct lazy_source *s = sources; s != NULL; s = s->next) {
        for (uint32_t i = 0; s->pending > 0 && i < s->plan.body_count; i++) {
            if (body == 0 || s->plan.bodies[i] == body) {
                return s;
            }
        }
    }
    return NULL;
}

const char *lazy_finish(uint64_t body)
{
    const struct lazy_source *s;
    const char *problem = NULL;

    has_no_memory = false;
    while (problem == NULL && (s = reader_of(body)) != NULL) {
        const uint64_t before = s->read_pages;
        is_hurried = true;
        lazy_wake();
        (void)mf_thread_wait(&progress, mf_clock_deadline(LOOK_NS));
        if (reader_of(body) == s) {
            pause_here((s->read_pages - before) * HV_PAGE_BYTES);
        }
        problem = has_no_memory ? error_text(HV_ERR_NOMEM) : pause_problem();
    }
    is_hurried = false;
    return problem;
}

void lazy_print(void)
{
    for (const struct lazy_source *s = sources; s != NULL; s = s->next) {
        if (!s->is_dropped) {
            term_printf("%s %s: %" PRIu64 " of %" PRIu64 " KiB%s\n",
                        s->is_closed ? "lost       " : "reading    ", s->name,
                        s->read_pages * KIB_PER_PAGE, s->plan.pages * KIB_PER_PAGE,
                        s->lost > 0 ? "; a part cannot be read" : "");
        }
    }
}
