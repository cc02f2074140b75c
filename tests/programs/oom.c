/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom INPUT SERIAL - each command of dom0's shell that needs memory, with less and less of it: a guest
 * takes all but N frames. Each command must do what it does, or say that memory is lacking; dom0 and
 * the guests must survive, and all must work again once the memory is back.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle_talk.h"

#define SPARE 24u /* frames: the last ones are taken in small steps */
#define STORM 600u
#define FLOODERS 5u
#define FLOWS "8000" /* of each: more than dom0 has frames for (FRAME_RESERVE), all together */
#define VALUES "c 0a0000000000000b0000000000000c0000000000000d0000"

static void expect(const char *answer, const char *wanted)
{
    if (strstr(answer, wanted) == NULL) {
        talk_fail("expected `%s', but it said `%s'", wanted, answer);
    }
}

/* It worked, or says why not. */
static bool works(const char *answer, const char *wanted)
{
    if (strstr(answer, wanted) != NULL) {
        return true;
    }
    expect(answer, "memory");
    return false;
}

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

/* Leaves about `wanted` frames: page tables are needed, too. 0: takes until hv makes it wait. */
static void take_all_but(uint64_t wanted)
{
    char line[32];

    expect(talk_command("start ledger name=hog memory=1G output=log"), "hog");
    if (wanted == 0) {
        talk_guest_until("hog", "h 200000", "hog: paused, the machine has no memory left");
        return;
    }
    for (uint64_t now; (now = free_frames()) > wanted;) {
        const uint64_t more = now - wanted > SPARE ? (now - wanted) * 15 / 16 : 1;
        snprintf(line, sizeof(line), "h %" PRIu64, more);
        expect(talk_guest("hog", false, line), "done");
    }
}

static void check(const char *guest)
{
    const char *const answer = talk_guest(guest, false, VALUES);
    if (strcmp(answer, "good") != 0) {
        talk_fail("%s says: %s", guest, answer);
    }
}

/* Guests that are made at `origin`'s cost, and end. */
static unsigned try_guests(void)
{
    static const char *const ways[] = {"clone point name=new", "clone victim name=new",
                                       "start ledger name=new", "create ledger name=new"};
    unsigned done = 0;

    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (works(talk_command("%s", ways[i]), "new")) {
            done++;
            (void)talk_command("kill new");
        }
    }
    return done;
}

static unsigned try_templates(void)
{
    unsigned done = 0;

    if (works(talk_command("snapshot victim later"), "later")) {
        done += works(talk_command("save later"), "is saved: ") ? 1 : 0;
        (void)talk_command("forget later");
        (void)talk_command("remove later");
        done++;
    }
    if (works(talk_command("restore disk as again"), "is restored: ")) {
        (void)talk_command("remove again");
        done++;
    }
    if (works(talk_command("warm ledger"), "ledger is warm")) {
        (void)talk_command("remove ledger");
        done++;
    }
    done += works(talk_command("rollback victim point"), "is what it was at") ? 1 : 0;
    (void)talk_command("copy disk other");
    done += strstr(talk_command("saved"), "other") != NULL ? 1 : 0;
    (void)talk_command("forget other");
    return done;
}

/* What needs no memory works always. */
static void try_looking(void)
{
    expect(talk_command("list"), "victim");
    expect(talk_command("tree"), "point");
    expect(talk_command("saved"), "disk");
    (void)talk_command("pause victim");
    expect(talk_command("regs victim"), "rip");
    (void)talk_command("resume victim");
}

/* Templates until there is no memory for one more; all of them go. */
static unsigned storm(void)
{
    unsigned count = 0;

    while (count < STORM && works(talk_command("snapshot victim storm%u", count), "storm")) {
        count++;
    }
    (void)try_guests();
    (void)try_templates();
    try_looking();
    for (unsigned i = 0; i < count; i++) {
        (void)talk_command("remove storm%u", i);
    }
    return count;
}

/* Guests open so many flows that dom0's table of them grows: with or without memory for that. */
static void flood(void)
{
    char name[16];

    for (unsigned i = 0; i < FLOODERS; i++) {
        snprintf(name, sizeof(name), "flood%u", i);
        expect(talk_guest(name, false, FLOWS), "done");
    }
}

static void start_flooders(void)
{
    for (unsigned i = 0; i < FLOODERS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "flood%u", i);
        expect(talk_command("start flows name=%s output=log", name), name);
        expect(talk_guest(name, false, "400"),
               "done"); /* it has all the memory that it needs now */
    }
}

/* The first flows of all are opened without memory for them, and the first save has none, either. */
static void first_time(void)
{
    take_all_but(320);
    flood();
    (void)works(talk_command("save point disk"), "is saved");
    (void)talk_command("forget disk");
    expect(talk_command("list"), "victim");
    (void)talk_command("kill hog");
    check("victim");
    flood();
}

static void level(uint64_t wanted)
{
    unsigned storms = 0;

    take_all_but(wanted);
    const uint64_t left = free_frames();
    const unsigned guests = try_guests(), templates = try_templates();
    flood();
    try_looking();
    if (wanted <= 500) {
        storms = storm();
    }
    (void)talk_command("kill hog");
    check("victim");
    if (try_guests() != 4 || try_templates() != 6) {
        talk_fail("with all memory back, something does not work");
    }
    check("victim");
    printf("%" PRIu64 " frames: %u of 4 ways to make a guest, %u of 6 for templates, %u more "
           "snapshots; then %" PRIu64 " free\n",
           left, guests, templates, storms, free_frames());
}

int main(int argc, char *argv[])
{
    static const uint64_t levels[] = {2000, 1200, 1100, 1080, 1000, 700, 500, 400, 350, 320, 0, 0};
    static const char *const writes[] = {"w 0 10", "w 7 11", "w 14 12", "w 21 13"};

    if (argc != 3) {
        fputs("Usage: oom INPUT SERIAL\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    talk_open(argv[1], argv[2]);
    expect(talk_command("start ledger name=victim output=log"), "victim");
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        expect(talk_guest("victim", false, writes[i]), "done");
    }
    expect(talk_command("snapshot victim point"), "point");
    start_flooders();
    first_time();
    expect(talk_command("save point disk"), "is saved");
    for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        level(levels[i]);
    }
    printf("all is well\n");
    return 0;
}
