/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject INPUT SERIAL - lets each step fail that needs memory, of each command that makes something: the
 * first one, the second one, ... (tests/dom0/inject.c). Whatever the command did or did not, when its
 * traces are removed all frames, domains, ports, windows and blocks of the heap are back, and guests go on.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lifecycle_talk.h"

#define STEPS_MAX 400u
#define FIRST_ONES 16u
#define WAITS 200u /* of 10 ms */
#define VALUES "c 0a0000000000000b0000000000000c0000000000000d0000"

struct state {
    int failed;
    unsigned calls;
    int64_t frames, own, domains, ports, windows, blocks;
};

/* What is done before, with the N-th step failing, and after. Lines: commands, NULL: none. */
struct way {
    const char *name;
    const char *before[3];
    const char *guest; /* whom to tell `line`; NULL: the shell */
    const char *line;
    const char *after[5];
    const char *ends[2]; /* guests that end by themselves, if the line can be done */
};

static const struct way ways[] = {
    {"start", {NULL}, NULL, "start ledger name=new a b", {"kill new"}, {NULL}},
    {"start with settings",
     {NULL},
     NULL,
     "start ledger name=new env=A=B share=* net=yes publish=9999:99",
     {"kill new"},
     {NULL}},
    {"create", {NULL}, NULL, "create ledger name=new", {"kill new"}, {NULL}},
    {"clone of a template", {NULL}, NULL, "clone point name=new", {"kill new"}, {NULL}},
    {"clone of a guest", {NULL}, NULL, "clone victim name=new", {"kill new"}, {NULL}},
    {"snapshot", {NULL}, NULL, "snapshot victim later", {"remove later"}, {NULL}},
    {"warm", {NULL}, NULL, "warm ledger", {"remove ledger"}, {NULL}},
    {"rollback", {"start ledger name=spare"}, NULL, "rollback spare point", {"kill spare"}, {NULL}},
    {"rollback to the start",
     {"start ledger name=spare x"},
     NULL,
     "rollback spare ledger",
     {"kill spare"},
     {NULL}},
    {"fork", {"start brood name=parent"}, "parent", "fork", {"kill parent"}, {NULL}},
    {"save", {NULL}, NULL, "save point saved", {"forget saved"}, {NULL}},
    {"restore",
     {"save point saved"},
     NULL,
     "restore saved as again",
     {"remove again", "forget saved"},
     {NULL}},
    {"restore lazily",
     {"save point saved"},
     NULL,
     "restore saved as again lazy",
     {"remove again", "forget saved"},
     {NULL}},
    {"pages that are read later",
     {"save point saved", "restore saved as again lazy", "clone again name=new"},
     "new",
     VALUES,
     {"kill new", "remove again", "forget saved"},
     {NULL}},
    {"share",
     {"start sharer name=a share=b try b x 8192"},
     NULL,
     "start sharer name=b share=a try a x 8192",
     {"kill b", "kill a"},
     {"a", "b"}},
};

static struct state look(void)
{
    const char *const at = strstr(talk_command("list"), "inject: ");
    struct state s = {0};

    if (at == NULL ||
        sscanf(at,
               "inject: failed %d calls %u frames %" SCNd64 " own %" SCNd64 " domains %" SCNd64
               " ports %" SCNd64 " windows %" SCNd64 " blocks %" SCNd64,
               &s.failed, &s.calls, &s.frames, &s.own, &s.domains, &s.ports, &s.windows,
               &s.blocks) != 8) {
        talk_fail("`list' says nothing about injection");
    }
    return s;
}

/*
 * Frames that dom0 itself has taken are not lost: its heap. blocks: also those of the heap are to be the
 * same; after a single step they need not be, as what an ended guest has printed is one, unless it failed.
 */
static bool is_same(const struct state *a, const struct state *b, bool blocks)
{
    return a->frames + a->own == b->frames + b->own && a->domains == b->domains &&
           a->ports == b->ports && a->windows == b->windows && (!blocks || a->blocks == b->blocks);
}

static void print(const char *when, const struct state *s)
{
    printf("  %s: frames %" PRId64 ", own %" PRId64 ", domains %" PRId64 ", ports %" PRId64
           ", windows %" PRId64 ", blocks %" PRId64 "\n",
           when, s->frames, s->own, s->domains, s->ports, s->windows, s->blocks);
}

static void run_lines(const char *const lines[], unsigned count)
{
    for (unsigned i = 0; i < count && lines[i] != NULL; i++) {
        (void)talk_command("%s", lines[i]);
    }
}

static void wait_for_end(const char *guest)
{
    char row[64];

    snprintf(row, sizeof(row), "\n%-20s exited", guest);
    for (unsigned i = 0; i < WAITS && strstr(talk_command("list"), row) == NULL; i++) {
        usleep(10000);
    }
}

/* Does it once, with the step failing (0: none), and takes it back. Returns whether it came so far. */
static bool attempt(const struct way *w, unsigned step)
{
    static char answer[256];

    run_lines(w->before, 3);
    (void)talk_command("list #%u.", step);
    snprintf(answer, sizeof(answer), "%s",
             w->guest != NULL ? talk_guest(w->guest, false, w->line) : talk_command("%s", w->line));
    if (strstr(answer, "cannot") == NULL) {
        for (unsigned i = 0; i < 2 && w->ends[i] != NULL; i++) {
            wait_for_end(w->ends[i]);
        }
    }
    if (strstr(answer, "wrong") != NULL) {
        talk_fail("%s, step %u: %s", w->name, step, answer);
    }
    (void)talk_command("list #0.");
    const struct state s = look();
    run_lines(w->after, 5);
    if (getenv("INJECT_TRACE") != NULL) {
        printf("# %s, step %u: failed %d: %s\n", w->name, step, s.failed, answer);
    }
    return s.failed != 0;
}

static void check(void)
{
    const char *const answer = talk_guest("victim", false, VALUES);
    if (strcmp(answer, "good") != 0) {
        talk_fail("victim says: %s", answer);
    }
}

/* Waits until it is as before: hv frees what is large in slices. */
static void compare(const struct way *w, unsigned step, const struct state *before, bool blocks)
{
    struct state s = look();

    for (unsigned i = 0; i < WAITS && !is_same(&s, before, blocks); i++) {
        usleep(10000);
        s = look();
    }
    if (!is_same(&s, before, blocks)) {
        print("before", before);
        print("after", &s);
        talk_fail("%s: when step %u fails, something is lost", w->name, step);
    }
}

static unsigned try_all_steps(const struct way *w)
{
    unsigned step = 0;
    bool has_failed;

    (void)attempt(w, 0); /* what is done once only, is done now */
    check();
    const struct state before = look();
    do {
        has_failed = attempt(w, ++step);
        compare(w, step, &before, false);
        check();
    } while (has_failed && step < STEPS_MAX);
    (void)attempt(w, 0);
    compare(w, 0, &before, true);
    return step - 1;
}

/* Dom0 keeps what it learns of the first instances of an image (dom0/templates/prefault.h). */
static void start_some(const char *image)
{
    for (unsigned i = 0; i < FIRST_ONES; i++) {
        (void)talk_command("start %s name=new output=log", image);
        usleep(20000);
        (void)talk_command("kill new");
    }
}

int main(int argc, char *argv[])
{
    static const char *const writes[] = {"w 0 10", "w 7 11", "w 14 12", "w 21 13"};

    if (argc != 3) {
        fputs("Usage: inject INPUT SERIAL\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    talk_open(argv[1], argv[2]);
    (void)talk_command("start ledger name=victim output=log");
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        (void)talk_guest("victim", false, writes[i]);
    }
    (void)talk_command("snapshot victim point");
    start_some("ledger");
    start_some("brood");
    start_some("sharer");
    const struct state before = look();
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        const unsigned steps = try_all_steps(&ways[i]);
        printf("%s: each of %u steps failed once\n", ways[i].name, steps);
    }
    const struct state after = look();
    print("dom0 at first", &before);
    print("in the end", &after);
    printf("all is well\n");
    return 0;
}
