/* SPDX-License-Identifier: Apache-2.0 */
/* pause.c - see pause.h. */
#include "store/pause.h"

#include <inttypes.h>

#include "mayfly/hypercall.h"
#include "text/term.h"
#include "thread/sleep.h"
#include "thread/thread.h"

#define EVENTS 8 /* handled at a time; others wait for the next pause */

static uint64_t moved_bytes, tell_ns;
static bool is_cancelled;

void pause_begin(void)
{
    moved_bytes = 0;
    is_cancelled = false;
    tell_ns = mf_clock_deadline(MF_NS_PER_S);
}

void pause_cancel(void)
{
    is_cancelled = true;
}

const char *pause_problem(void)
{
    return is_cancelled ? "it was interrupted" : NULL;
}

void pause_serve(void)
{
    for (int i = 0; i < EVENTS; i++) {
        mf_idle_take_event(HV_WAIT_POLL);
    }
    mf_thread_yield();
}

void pause_here(uint64_t bytes)
{
    moved_bytes += bytes;
    pause_serve();
    if (mf_clock_ns() >= tell_ns) {
        term_printf("... %" PRIu64 " KiB\n", moved_bytes / 1024);
        tell_ns = mf_clock_deadline(MF_NS_PER_S);
    }
}
