/* SPDX-License-Identifier: Apache-2.0 */
/* shell.c - see shell.h. What prints tables is in show.c. */
#include "shell/shell.h"

#include <stdio.h>
#include <string.h>

#include "families/jobs.h"
#include "families/sigtext.h"
#include "guests/guest.h"
#include "guests/hold.h"
#include "guests/launch.h"
#include "guests/names.h"
#include "mayfly/hypercall.h"
#include "shell/bulk.h"
#include "shell/files.h"
#include "shell/inspect.h"
#include "shell/measure.h"
#include "shell/serial.h"
#include "shell/show.h"
#include "store/store.h"
#include "templates/lifecycle.h"
#include "text/errors.h"
#include "text/lineedit.h"
#include "text/report.h"
#include "text/term.h"
#include "text/words.h"

#define GRACE_NS (10 * MF_NS_PER_S)
#define CTRL_C 3
#define TOP_NS (2 * MF_NS_PER_S)
#define AHEAD_BYTES 1024

struct command {
    const char *name, *usage, *what;
    void (*run)(int count, char *const words[]);
};

static struct lineedit line = {.write = term_write, .prompt = "mayfly> "};
static struct mf_timer top_timer;
static bool is_top;       /* the screen belongs to `top` */
static bool is_waiting;   /* for a command to be done: no prompt; input is for later, but ctrl-c */
static bool is_attached;  /* the terminal belongs to a guest */
static uint32_t attached; /* its slot */
static char ahead[AHEAD_BYTES]; /* typed while a command is waited for, for when it is done */
static uint32_t ahead_bytes;
static bool is_replaying; /* that */

static const struct command *command_at(uint32_t index);
static void command_done(void);

/* The running, created or ended guest that a command names; complains when there is none. */
static bool find_guest(const char *name, uint32_t *slot)
{
    *slot = names_find(name);
    if (*slot == PLAN_NO_GUEST) {
        term_printf("There is no guest '%s'; `list` shows them.\n", name);
        return false;
    }
    return true;
}

/* Likewise, of guests that have not ended. */
static bool find_alive(const char *name, uint32_t *slot)
{
    if (!find_guest(name, slot)) {
        return false;
    }
    if (guest_at(*slot)->state == GUEST_ENDED) {
        term_printf("%s has ended (%s); `start %s` starts another one.\n", name,
                    report_reason(guest_at(*slot)->reason), guest_at(*slot)->image->name);
        return false;
    }
    return true;
}

static void run_help(int count, char *const words[])
{
    (void)count;
    (void)words;
    for (uint32_t i = 0; command_at(i) != NULL; i++) {
        term_printf("  %-40s %s\n", command_at(i)->usage, command_at(i)->what);
    }
    term_printf("Options: name=NAME memory=SIZE publish=HOST:GUEST[/udp] net=no env=NAME=VALUE "
                "weight=1..10000\n         cap=PERCENT count=N fork=N output=log inspect=no|read "
                "share=GUEST; "
                "`--` ends them.\n");
}

static void run_list(int count, char *const words[])
{
    if (count == 2 && strcmp(words[1], "-i") == 0) {
        show_images();
    } else {
        show_guests(count == 2 && strcmp(words[1], "-a") == 0);
    }
}

static bool parse_launch(struct launch *l, int count, char *const words[])
{
    char error[128];
    const char *problem = launch_parse(l, words + 1, count - 1, error);
    if (problem != NULL) {
        term_printf("%s.\n", problem);
    }
    return problem == NULL;
}

static void run_create(int count, char *const words[])
{
    struct launch l;

    if (parse_launch(&l, count, words)) {
        l.is_created_only = true;
        is_waiting = bulk_start(&l, command_done);
    }
}

static void start_created(uint32_t slot)
{
    const int64_t err = guest_start(slot);
    if (err < 0) {
        term_printf("It cannot be started: %s.\n", error_text(err));
    }
}

static void run_start(int count, char *const words[])
{
    const uint32_t slot = names_find(words[1]);
    struct launch l;

    if (count == 2 && slot != PLAN_NO_GUEST && guest_at(slot)->state == GUEST_CREATED) {
        start_created(slot);
        return;
    }
    if (parse_launch(&l, count, words)) {
        is_waiting = bulk_start(&l, command_done);
    }
}

static void run_stop(int count, char *const words[])
{
    uint32_t slot;
    (void)count;
    if (!find_alive(words[1], &slot)) {
        return;
    }
    if (guest_at(slot)->state == GUEST_CREATED) {
        guest_kill(slot);
    } else {
        if (guest_at(slot)->is_paused) {
            hold_end(guest_at(slot));
        }
        guest_stop(slot, GRACE_NS);
    }
}

static void run_kill(int count, char *const words[])
{
    uint32_t slot;
    if (count == 2 && strcmp(words[1], "-a") == 0) {
        is_waiting = bulk_kill(command_done);
        return;
    }
    if (find_alive(words[1], &slot)) {
        guest_kill(slot);
    }
}

static void run_signal(int count, char *const words[])
{
    const uint32_t signal = count == 3 ? sigtext_find(words[2]) : 0;
    uint32_t slot;
    if (signal == 0) {
        term_printf("signal NAME SIGNAL: STOP, CONT, USR1, ... or a number up to 63\n");
    } else if (find_alive(words[1], &slot)) {
        jobs_signal(guest_at(slot), signal);
    }
}

static void run_info(int count, char *const words[])
{
    uint32_t slot;
    if (count == 1) {
        show_machine();
    } else if (find_guest(words[1], &slot)) {
        show_guest(slot);
    }
}

static void run_console(int count, char *const words[])
{
    uint32_t slot;
    (void)count;
    if (!find_guest(words[1], &slot)) {
        return;
    }
    if (guest_at(slot)->state == GUEST_ENDED) {
        const struct console *c = &guest_at(slot)->console;
        term_write(c->log, c->log_bytes);
        return;
    }
    term_printf("[console of %s; ctrl-] leaves it]\n", words[1]);
    is_attached = true;
    attached = slot;
    serial_attach(&guest_at(slot)->console);
}

static void top_expired(struct mf_timer *t)
{
    show_top();
    mf_timer_set(t, mf_clock_deadline(TOP_NS));
}

static void run_top(int count, char *const words[])
{
    (void)count;
    (void)words;
    is_top = true;
    term_set_line(NULL);
    top_timer.expire = top_expired;
    top_expired(&top_timer);
}

static void feed_ahead(struct mf_timer *t)
{
    uint32_t fed = 0;

    (void)t;
    is_replaying = true;
    while (fed < ahead_bytes && !is_waiting && !is_attached) {
        shell_feed(ahead[fed++]);
    }
    is_replaying = false;
    ahead_bytes = is_attached ? 0 : ahead_bytes - fed;
    memmove(ahead, ahead + fed, ahead_bytes);
}

static void command_done(void)
{
    static struct mf_timer timer = {.expire = feed_ahead};

    is_waiting = false;
    shell_prompt();
    if (ahead_bytes > 0) { /* in a turn of its own: whoever calls this is in the middle of work */
        mf_timer_set(&timer, mf_clock_ns());
    }
}

static void run_measure(int count, char *const words[])
{
    struct launch l;
    char error[128];

    if (!parse_launch(&l, count, words)) {
        return;
    }
    is_waiting = true;
    if (!measure_start(&l, command_done, error)) {
        is_waiting = false;
        term_printf("%s.\n", error);
    }
}

/* Commands on templates may have to wait for their guest. */
static void run_lifecycle(int count, char *const words[])
{
    is_waiting = lifecycle_run(count, words, command_done);
}

/* So may those that look into guests. */
static void run_inspect(int count, char *const words[])
{
    is_waiting = inspect_run(count, words, command_done);
}

static void run_files(int count, char *const words[])
{
    is_waiting = files_run(count, words, command_done);
}

/* Commands on saved templates wait for the disk. */
static void run_store(int count, char *const words[])
{
    is_waiting = store_run(count, words, command_done);
}

static void machine_off(void)
{
    hv_machine_off(0);
}

static void run_poweroff(int count, char *const words[])
{
    (void)count;
    (void)words;
    is_waiting = true;
    term_drain(machine_off);
}

static const struct command commands[] = {
    {"help", "help", "this text", run_help},
    {"list", "list [-a|-i]", "guests (-a: all of many; -i: images)", run_list},
    {"create", "create IMAGE [OPTION...] [ARGUMENT...]", "make a guest, do not start it",
     run_create},
    {"start", "start IMAGE [OPTION...] [ARGUMENT...]", "start a guest (or a created one: its name)",
     run_start},
    {"stop", "stop NAME", "ask a guest to end; after 10 s, kill it", run_stop},
    {"kill", "kill NAME|-a", "end a guest, or all of them, at once", run_kill},
    {"signal", "signal NAME SIGNAL", "send it a signal: TERM, HUP, STOP, CONT, ...", run_signal},
    {"info", "info [NAME]", "about a guest, or the machine", run_info},
    {"console", "console NAME", "the guest's console; ctrl-] comes back", run_console},
    {"top", "top", "who uses CPU and memory; any key ends it", run_top},
    {"measure", "measure IMAGE [OPTION...]", "time of starting N guests, one by one (ticks)",
     run_measure},
    {"snapshot", "snapshot NAME [TEMPLATE]", "make a template of a guest, which goes on",
     run_lifecycle},
    {"clone", "clone NAME [OPTION...]", "start a clone of a guest or a template", run_lifecycle},
    {"rollback", "rollback NAME TEMPLATE|IMAGE",
     "make a guest what it was at a snapshot or its start", run_lifecycle},
    {"warm", "warm IMAGE [ARGUMENT...]", "let `start` begin where the image is ready",
     run_lifecycle},
    {"tree", "tree", "templates, with the memory they have and share", run_lifecycle},
    {"remove", "remove TEMPLATE", "forget a template; what came from it stays", run_lifecycle},
    {"pause", "pause NAME", "let a guest stand still", run_inspect},
    {"resume", "resume NAME", "let a paused guest go on", run_inspect},
    {"peek", "peek NAME ADDRESS|SYMBOL[+N] [BYTES]", "memory of a paused guest", run_inspect},
    {"poke", "poke NAME ADDRESS|SYMBOL[+N] BYTES...", "change it: 41ff is two bytes, hello is text",
     run_inspect},
    {"regs", "regs NAME", "registers of a paused guest", run_inspect},
    {"files", "files NAME [DIRECTORY]", "files of a guest, paused or not", run_files},
    {"cat", "cat NAME PATH", "what is in one of them", run_files},
    {"write", "write NAME PATH TEXT...", "make a file of one line", run_files},
    {"cp", "cp GUEST:PATH GUEST:PATH", "copy a file (:FILE is one of the boot volume)", run_files},
    {"save", "save TEMPLATE|GUEST [NAME]",
     "save it, or a snapshot of it, to the disk; ctrl-c stops", run_store},
    {"saved", "saved", "what is saved on the disk", run_store},
    {"restore", "restore SAVED [as TEMPLATE] [whole|lazy]",
     "make it a template again (whole: read it all first)", run_store},
    {"copy", "copy SAVED NEW", "another name for it; the data is shared", run_store},
    {"forget", "forget SAVED", "take it off the disk", run_store},
    {"poweroff", "poweroff", "end everything", run_poweroff},
};

static const struct command *command_at(uint32_t index)
{
    return index < sizeof(commands) / sizeof(commands[0]) ? &commands[index] : NULL;
}

static bool needs_name(const struct command *c)
{
    return strchr(c->usage, ' ') != NULL && strchr(c->usage, ' ')[1] != '[';
}

/* What a command does not know is not ignored: `kill a b` would end the half of what was meant. */
static bool takes(const struct command *c, int count)
{
    int most = 1;
    for (const char *p = c->usage; *p != 0; p++) {
        most += *p == ' ';
    }
    return count <= most || strstr(c->usage, "...") != NULL;
}

static void run_line(char *text)
{
    static char *words[WORDS_MAX]; /* a command that goes on later (bulk.h) borrows them */
    const char *error;
    const int count = words_split(text, words, &error);

    if (error != NULL) {
        term_printf("%s.\n", error);
    }
    if (count <= 0) {
        return;
    }
    for (uint32_t i = 0; command_at(i) != NULL; i++) {
        const struct command *c = command_at(i);
        if (strcmp(c->name, words[0]) != 0) {
            continue;
        }
        if ((count == 1 && needs_name(c)) || !takes(c, count)) {
            term_printf("Write: %s\n", c->usage);
        } else {
            c->run(count, words);
        }
        return;
    }
    term_printf("There is no command '%s'; `help` shows them.\n", words[0]);
}

/* Completes the command's name. */
static void complete(void)
{
    const struct command *only = NULL;
    for (uint32_t i = 0; command_at(i) != NULL; i++) {
        if (strncmp(command_at(i)->name, line.text, line.bytes) == 0) {
            if (only != NULL) {
                return;
            }
            only = command_at(i);
        }
    }
    if (only != NULL && line.cursor == line.bytes) {
        lineedit_insert(&line, only->name + line.bytes, (uint32_t)strlen(only->name) - line.bytes);
        lineedit_insert(&line, " ", 1);
    }
}

void shell_prompt(void)
{
    if (is_attached) {
        is_attached = false;
        term_write("\n", 1);
    }
    lineedit_begin(&line);
    term_set_line(&line);
}

static void end_top(void)
{
    is_top = false;
    mf_timer_cancel(&top_timer);
    shell_prompt();
}

void shell_feed(char c)
{
    if (is_waiting && c == CTRL_C) {
        ahead_bytes = 0;
        bulk_cancel();
        files_cancel();
        store_cancel();
        lifecycle_cancel();
        measure_cancel();
        return;
    }
    if (is_waiting || (ahead_bytes > 0 && !is_replaying)) {
        if (ahead_bytes < AHEAD_BYTES) {
            ahead[ahead_bytes++] = c;
        }
        return;
    }
    if (is_top) {
        end_top();
        return;
    }
    switch (lineedit_feed(&line, c)) {
    case LINEEDIT_LINE:
        term_set_line(NULL);
        run_line(line.text);
        if (!is_attached && !is_top && !is_waiting) {
            shell_prompt();
        }
        break;
    case LINEEDIT_DROPPED:
        shell_prompt();
        break;
    case LINEEDIT_COMPLETE:
        complete();
        break;
    default:
        break;
    }
}

void shell_guest_ended(uint32_t slot, bool is_news)
{
    const struct guest *g = guest_at(slot);
    if (!is_news) {
        /* nobody asked */
    } else if (g->reason == HV_END_EXIT) {
        term_say("[%s exited with status %d]\n", g->name, (int)g->code);
    } else {
        term_say("[%s: %s]\n", g->name, report_reason(g->reason));
    }
    if (is_attached && attached == slot) {
        shell_prompt();
    }
}

bool shell_is_waiting(void)
{
    return is_waiting;
}

void shell_start(void)
{
    shell_prompt();
}
