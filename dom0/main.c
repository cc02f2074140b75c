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
#include "errors.h"
#include "guest.h"
#include "launch.h"
#include "mayfly/hypercall.h"
#include "netback.h"
#include "serial.h"
#include "shell.h"
#include "term.h"
#include "thread/thread.h"
#include "uplink.h"
#include "words.h"

#define CONF_NAME "mayfly.conf"
#define FAILED_STATUS 125 /* the guest could not be started, as with `docker run` */

static struct conf conf;

static void complain(uint32_t line, const char *message)
{
    term_say("%s:%u: %s\n", CONF_NAME, (unsigned int)line, message);
}

static void end_machine(int32_t status)
{
    hv_machine_off(status);
}

static void on_guest_ended(uint32_t slot)
{
    const struct guest *g = guest_at(slot);
    if (g->is_first && conf.exit_with_first) {
        end_machine(g->code);
    }
    if (!conf.console_guest) {
        shell_guest_ended(slot);
    }
}

/* Starts what one `start =` line says. Returns false when it does not work. */
static bool start_guest(const struct conf_start *s, bool is_first)
{
    char text[1024], error[128], *words[WORDS_MAX];
    const char *problem;
    struct launch l;
    uint32_t slot;

    memcpy(text, s->text, strlen(s->text) + 1);
    const int count = words_split(text, words, &problem); /* conf_parse() has looked at it */
    if (count <= 0 || launch_parse(&l, words, count, error) != NULL ||
        !guest_create(&l, &slot, error)) {
        complain(s->line, error);
        return false;
    }
    guest_at(slot)->is_first = is_first;
    if (is_first && conf.console_guest) {
        console_attach(&guest_at(slot)->console, false);
    }
    const int64_t err = guest_start(slot);
    if (err < 0) {
        complain(s->line, error_text(err));
    }
    return err >= 0;
}

static void start_guests(void)
{
    bool is_first = true;
    for (const struct conf_start *s = conf.starts; s != NULL; s = s->next) {
        if (!start_guest(s, is_first) && is_first && conf.exit_with_first) {
            end_machine(FAILED_STATUS);
        }
        is_first = false;
    }
}

int main(void)
{
    const struct boot_file file = boot_find(CONF_NAME);

    conf_parse(&conf, file.data, file.bytes, complain);
    netback_switch.plan = conf.plan;
    image_scan();
    guest_init(&netback_switch.plan, conf.show_output && !conf.console_guest, on_guest_ended);
    netback_init();
    uplink_init(&conf);
    start_guests();
    if (!conf.console_guest) {
        term_printf("Mayfly: %u image(s), %u guest(s); `help` shows the commands\n",
                    (unsigned int)image_count(), (unsigned int)guest_count());
        shell_start();
    }
    serial_init(!conf.console_guest);
    for (;;) {
        mf_thread_sleep(MF_NEVER);
    }
}
