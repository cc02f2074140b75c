/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - dom0, the first domain: reads the settings, starts the network and the guests, then
 * sleeps. From then on everything happens in handlers of events and timers (thread/idle.h), on this
 * thread.
 */
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "conf.h"
#include "guests/guest.h"
#include "guests/launch.h"
#include "guests/room.h"
#include "images/trust.h"
#include "mayfly/hypercall.h"
#include "net/netback.h"
#include "net/uplink.h"
#include "shell/measure.h"
#include "shell/serial.h"
#include "shell/shell.h"
#include "templates/prefault.h"
#include "text/errors.h"
#include "text/term.h"
#include "text/words.h"
#include "thread/preempt.h"
#include "thread/thread.h"

#define CONF_NAME "mayfly.conf"
#define FAILED_STATUS 125 /* the guest could not be started, as with `docker run` */

static struct conf conf;

static void complain(uint32_t line, const char *message)
{
    term_say("%s:%u: %s\n", CONF_NAME, (unsigned int)line, message);
}

static int32_t end_status;

static void machine_off(void)
{
    hv_machine_off(end_status);
}

/* Once the terminal has taken all that was said. */
static void end_machine(int32_t status)
{
    end_status = status;
    term_drain(machine_off);
}

static void on_guest_ended(uint32_t slot)
{
    const struct guest *g = guest_at(slot);
    if (g->is_first && conf.exit_with_first) {
        end_machine(g->code);
    }
    /* Of a guest that is not shown, or is a child whose parent is told, only what nobody asked for. */
    const bool is_news = (g->console.may_show && !g->is_child) ||
                         (g->reason != HV_END_EXIT && g->reason != HV_END_DESTROYED);
    if (!measure_guest_ended(slot) && !conf.console_guest) {
        shell_guest_ended(slot, is_news);
    }
}

static void on_guest_ready(uint32_t slot)
{
    measure_guest_ready(slot);
}

/* Starts what one `start =` line says. Returns false when it does not work. */
static bool start_guests_of(const struct conf_start *s)
{
    char text[WORDS_LINE_BYTES], error[128], *words[WORDS_MAX];
    const char *problem;
    struct launch l;
    uint32_t slot, done = 0;

    memcpy(text, s->text, strlen(s->text) + 1);
    const int count = words_split(text, words, &problem); /* conf_parse() has looked at it */
    if (count <= 0 || launch_parse(&l, words, count, error) != NULL ||
        !guest_launch(&l, l.count, &slot, &done, error)) {
        complain(s->line, error);
        return false;
    }
    return true;
}

/* The first guest's status may become the machine's, and the serial line its console. It may have
 * ended, but its events are not looked at before main() sleeps. */
static void choose_first(void)
{
    const uint32_t first_slot = 0;
    guest_at(first_slot)->is_first = true;
    if (conf.console_guest) {
        console_attach(&guest_at(first_slot)->console, false);
    }
}

static void start_guests(void)
{
    for (const struct conf_start *s = conf.starts; s != NULL; s = s->next) {
        const bool ok = start_guests_of(s);
        if (s != conf.starts) {
            continue;
        }
        if (ok) {
            choose_first();
        } else if (conf.exit_with_first) {
            end_machine(FAILED_STATUS);
        }
    }
}

int main(void)
{
    const struct boot_file file = boot_find(CONF_NAME);

    room_init();
    mf_preempt_off = 1; /* handlers and the threads of commands take turns where they wait */
    conf_parse(&conf, file.data, file.bytes, complain);
    netback_switch.plan = conf.plan;
    netback_switch.nat.claim = room_claim;
    infopage_set_console((conf.input_is_stream ? MF_CONSOLE_INPUT_STREAM : 0) |
                         (conf.output_is_stream ? MF_CONSOLE_OUTPUT_STREAM : 0));
    image_scan();
    trust_init(&conf, complain);
    guest_init(&netback_switch.plan, conf.show_output && !conf.console_guest, on_guest_ended,
               on_guest_ready);
    prefault_init(conf.prefault);
    netback_init();
    uplink_init(&conf);
    start_guests();
    if (!conf.console_guest) {
        term_printf("Mayfly: %u image(s), %u guest(s); `help` shows the commands\n",
                    (unsigned int)image_count(), (unsigned int)guest_count());
        shell_start();
    }
    serial_init(!conf.console_guest, conf.input_is_stream);
    for (;;) {
        mf_thread_sleep(MF_NEVER);
    }
}
