/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle INPUT SERIAL SEED STEPS ROUNDS - random creating, cloning, saving and ending of guests
 * through dom0's shell, with a book of what each guest, template and saved template must contain.
 *
 * Guests run tests/guest/programs/ledger.c, which compares its own pages with what the book says.
 * After each round of STEPS steps everything is ended and removed. The machine must then have as many
 * free frames as after the round before; ROUNDS times one after the other. dom0's heap may grow a
 * little in the first ones; what is lost again and again is found, as there are RATIO * ROUNDS at
 * most.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle_talk.h"

#define PAGES 24u
#define GUESTS 12u
#define TEMPLATES 10u
#define SAVES 6u
#define KEPT 33u /* ended guests that dom0 keeps, with their output, and one */
#define MANY 1500u
#define RATIO 4u
#define NAME 16u

struct book {
    bool is_used, is_created, is_paused; /* created: a guest that does not run yet */
    uint8_t values[PAGES];
    char name[NAME];
};

static struct book guests[GUESTS], templates[TEMPLATES], saves[SAVES];
static bool is_warm;
static uint64_t random_state;
static unsigned checks;

/* splitmix64 */
static uint64_t random_below(uint64_t limit)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % limit;
}

/* One that is in use, or is not; NULL: there is none. */
static struct book *choose(struct book *of, unsigned count, bool is_used)
{
    unsigned i = (unsigned)random_below(count);

    for (unsigned tries = 0; tries < count; tries++, i = (i + 1) % count) {
        if (of[i].is_used == is_used) {
            return &of[i];
        }
    }
    return NULL;
}

static struct book *a_guest(void)
{
    return choose(guests, GUESTS, true);
}

static struct book *a_template(void)
{
    return choose(templates, TEMPLATES, true);
}

static void expect(const char *answer, const char *wanted)
{
    if (strstr(answer, wanted) == NULL) {
        talk_fail("expected `%s', but it said `%s'", wanted, answer);
    }
}

static void expect_nothing(const char *answer)
{
    if (*answer != 0) {
        talk_fail("expected no answer, but it said `%s'", answer);
    }
}

static void copy_values(struct book *to, const struct book *from)
{
    to->is_used = true;
    to->is_created = to->is_paused = false;
    if (from == NULL) {
        memset(to->values, 0, PAGES);
    } else {
        memcpy(to->values, from->values, PAGES);
    }
}

/* A guest must run to be talked to. */
static void let_run(struct book *g)
{
    if (g->is_created) {
        expect_nothing(talk_command("start %s", g->name));
    } else if (g->is_paused) {
        (void)talk_command("resume %s", g->name);
    }
    g->is_created = g->is_paused = false;
}

static void check(struct book *g)
{
    char line[3 + 2 * PAGES] = "c ";

    let_run(g);
    for (unsigned i = 0; i < PAGES; i++) {
        snprintf(line + 2 + (size_t)2 * i, 3, "%02x", g->values[i]);
    }
    const char *answer = talk_guest(g->name, false, line);
    if (strcmp(answer, "good") != 0) {
        talk_fail("%s, which must contain %s, says: %s", g->name, line + 2, answer);
    }
    checks++;
}

static void check_all(void)
{
    for (unsigned i = 0; i < GUESTS; i++) {
        if (guests[i].is_used) {
            check(&guests[i]);
        }
    }
}

/* ---- steps: each does nothing when it cannot ----------------------------------------------- */

static const char *some_output(void)
{
    return random_below(2) == 0 ? "output=log" : "output=show";
}

static void step_start(void)
{
    struct book *const g = choose(guests, GUESTS, false);
    if (g != NULL) {
        expect(talk_command("start ledger name=%s %s", g->name, some_output()), g->name);
        copy_values(g, NULL);
    }
}

static void step_create(void)
{
    struct book *const g = choose(guests, GUESTS, false);
    if (g != NULL) {
        expect(talk_command("create ledger name=%s %s", g->name, some_output()), "is created");
        copy_values(g, NULL);
        g->is_created = true;
    }
}

static void clone_of(const struct book *from)
{
    struct book *const g = choose(guests, GUESTS, false);
    if (from != NULL && g != NULL) {
        expect(talk_command("clone %s name=%s %s", from->name, g->name, some_output()), g->name);
        copy_values(g, from);
        if (random_below(2) == 0) {
            check(g);
        }
    }
}

static void step_clone_guest(void)
{
    clone_of(a_guest());
}

static void step_clone_template(void)
{
    clone_of(a_template());
}

static void step_snapshot(void)
{
    const struct book *const g = a_guest();
    struct book *const t = choose(templates, TEMPLATES, false);
    if (g != NULL && t != NULL) {
        expect(talk_command("snapshot %s %s", g->name, t->name), t->name);
        copy_values(t, g);
    }
}

static void step_rollback(void)
{
    struct book *const g = a_guest();
    const struct book *const t = a_template();
    if (g != NULL && t != NULL) {
        expect(talk_command("rollback %s %s", g->name, t->name), "is what it was at");
        memcpy(g->values, t->values, PAGES);
        if (random_below(2) == 0) {
            check(g);
        }
    }
}

static void step_write(void)
{
    struct book *const g = a_guest();
    char line[32];

    if (g == NULL) {
        return;
    }
    let_run(g);
    for (uint64_t i = random_below(4) + 1; i > 0; i--) {
        const unsigned page = (unsigned)random_below(PAGES);
        const unsigned value = random_below(5) == 0 ? 0 : (unsigned)random_below(255) + 1;
        snprintf(line, sizeof(line), value == 0 ? "z %u" : "w %u %u", page, value);
        expect(talk_guest(g->name, false, line), "done");
        g->values[page] = (uint8_t)value;
    }
}

static void step_check(void)
{
    struct book *const g = a_guest();
    if (g != NULL) {
        check(g);
    }
}

static void step_pause(void)
{
    struct book *const g = a_guest();
    if (g != NULL && !g->is_created && !g->is_paused) {
        (void)talk_command("pause %s", g->name);
        g->is_paused = true;
    }
}

static void step_kill(void)
{
    struct book *const g = a_guest();
    if (g != NULL) {
        (void)talk_command("kill %s", g->name);
        g->is_used = false;
    }
}

/* It has been asked to end; `info` says "exited" or "killed" when it has. */
static void wait_ended(const struct book *g)
{
    for (unsigned tries = 0; strstr(talk_command("info %s", g->name), "status") == NULL; tries++) {
        if (tries > 1000) {
            talk_fail("%s does not stop", g->name);
        }
    }
}

static void step_stop(void)
{
    struct book *const g = a_guest();
    if (g != NULL) {
        (void)talk_command("stop %s", g->name);
        wait_ended(g);
        g->is_used = false;
    }
}

static void step_exit(void)
{
    struct book *const g = a_guest();
    if (g != NULL) {
        let_run(g);
        expect(talk_guest(g->name, true, "x"), "done");
        g->is_used = false;
    }
}

static void step_remove(void)
{
    struct book *const t = a_template();
    if (t != NULL) {
        expect_nothing(talk_command("remove %s", t->name));
        t->is_used = false;
    }
}

static void step_save(void)
{
    const struct book *const t = a_template();
    struct book *const s = choose(saves, SAVES, false);
    if (t != NULL && s != NULL) {
        const char *answer = talk_command("save %s %s", t->name, s->name);
        if (strstr(answer, "shares its data") == NULL) {
            expect(answer, "is saved: ");
        }
        copy_values(s, t);
    }
}

static void step_restore(void)
{
    const struct book *const s = choose(saves, SAVES, true);
    struct book *const t = choose(templates, TEMPLATES, false);
    static const char *const ways[] = {"", " lazy", " lazy", " whole"};
    if (s != NULL && t != NULL) {
        const char *const way = ways[random_below(sizeof(ways) / sizeof(ways[0]))];
        expect(talk_command("restore %s as %s%s", s->name, t->name, way), "is restored: ");
        copy_values(t, s);
    }
}

static void step_copy(void)
{
    const struct book *const from = choose(saves, SAVES, true);
    struct book *const s = choose(saves, SAVES, false);
    if (from != NULL && s != NULL) {
        (void)talk_command("copy %s %s", from->name, s->name);
        copy_values(s, from);
    }
}

static void step_forget(void)
{
    struct book *const s = choose(saves, SAVES, true);
    if (s != NULL) {
        (void)talk_command("forget %s", s->name);
        s->is_used = false;
    }
}

static void step_warm(void)
{
    if (is_warm && random_below(2) == 0) {
        expect_nothing(talk_command("remove ledger"));
        is_warm = false;
    } else {
        expect(talk_command("warm ledger"), "ledger is warm");
        is_warm = true;
    }
}

/* What must be refused, and change nothing. */
static void step_mistake(void)
{
    const struct book *const g = a_guest(), *const t = a_template();
    const struct book *const s = choose(saves, SAVES, true);

    expect(talk_command("clone nobody"), "no guest or template");
    expect(talk_command("save nobody"), "There is no");
    if (g != NULL) {
        expect(talk_command("start ledger name=%s", g->name), "already");
        expect(talk_command("rollback %s nothing", g->name), "no template");
    }
    if (g != NULL && t != NULL) {
        expect(talk_command("snapshot %s %s", g->name, t->name), "already");
    }
    if (s != NULL && t != NULL) {
        expect(talk_command("restore %s as %s", s->name, t->name), "already");
        expect(talk_command("save %s %s", t->name, s->name), "already");
    }
}

static const struct {
    void (*run)(void);
    unsigned weight;
} steps[] = {
    {step_start, 6},     {step_create, 3},   {step_clone_guest, 10}, {step_clone_template, 14},
    {step_snapshot, 16}, {step_rollback, 9}, {step_write, 20},       {step_check, 8},
    {step_pause, 3},     {step_kill, 8},     {step_stop, 3},         {step_exit, 3},
    {step_remove, 8},    {step_save, 7},     {step_restore, 6},      {step_copy, 2},
    {step_forget, 5},    {step_warm, 2},     {step_mistake, 2},
};

static void random_step(void)
{
    const unsigned count = sizeof(steps) / sizeof(steps[0]);
    unsigned all = 0, i = 0;

    for (unsigned k = 0; k < count; k++) {
        all += steps[k].weight;
    }
    for (uint64_t at = random_below(all); at >= steps[i].weight; i++) {
        at -= steps[i].weight;
    }
    steps[i].run();
}

/* ---- rounds --------------------------------------------------------------------------------- */

static void end_all(void)
{
    (void)talk_command("kill -a");
    for (unsigned i = 0; i < GUESTS; i++) {
        guests[i].is_used = false;
    }
    for (unsigned i = 0; i < TEMPLATES; i++) {
        if (templates[i].is_used) {
            expect_nothing(talk_command("remove %s", templates[i].name));
            templates[i].is_used = false;
        }
    }
    for (unsigned i = 0; i < SAVES; i++) {
        if (saves[i].is_used) {
            (void)talk_command("forget %s", saves[i].name);
            saves[i].is_used = false;
        }
    }
    if (is_warm) {
        expect_nothing(talk_command("remove ledger"));
        is_warm = false;
    }
    for (unsigned i = 0; i < KEPT; i++) { /* these push out the ended ones, and have no output */
        expect(talk_command("create ledger name=kept%u", i), "is created");
    }
    (void)talk_command("kill -a");
}

/* "memory      1.9 GiB free of 2.0 GiB (498123 of 524288 pages)" */
static uint64_t free_frames(void)
{
    const char *const answer = talk_command("info");
    const char *const at = strstr(answer, "\nmemory");
    uint64_t frames = 0;

    if (at == NULL || strchr(at, '(') == NULL ||
        sscanf(strchr(at, '(') + 1, "%" SCNu64, &frames) != 1) {
        talk_fail("`info' says `%s'", answer);
    }
    return frames;
}

static void set_names(struct book *of, unsigned count, char letter)
{
    for (unsigned i = 0; i < count; i++) {
        snprintf(of[i].name, NAME, "%c%u", letter, i);
    }
}

/* dom0's tables of guests and of their names get all the pages that they may ever need here. */
static void grow_tables(void)
{
    expect(talk_command("create ledger count=%u", MANY), "the last one is");
    expect(talk_command("kill -a"), "guests killed");
}

static uint64_t run_round(unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        random_step();
        if (i % 50 == 49) {
            check_all();
        }
    }
    check_all();
    end_all();
    return free_frames();
}

/* Whether in the end `wanted` rounds took nothing. */
static bool run_rounds(unsigned long count, unsigned long wanted)
{
    unsigned long equal = 0;
    uint64_t before = 0;

    for (unsigned long round = 0; round <= RATIO * wanted && equal < wanted; round++) {
        const uint64_t after = run_round(count);
        printf("round %lu: %u checks so far, %" PRIu64 " frames free\n", round, checks, after);
        equal = after == before ? equal + 1 : 0;
        before = after;
    }
    return equal == wanted;
}

int main(int argc, char *argv[])
{
    if (argc != 6) {
        fputs("Usage: lifecycle INPUT SERIAL SEED STEPS ROUNDS\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    random_state = strtoull(argv[3], NULL, 10);
    set_names(guests, GUESTS, 'g');
    set_names(templates, TEMPLATES, 't');
    set_names(saves, SAVES, 's');
    talk_open(argv[1], argv[2]);
    grow_tables();
    if (!run_rounds(strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10))) {
        talk_fail("memory is lost: fewer frames are free after each round");
    }
    printf("all is well: %u checks\n", checks);
    return 0;
}
