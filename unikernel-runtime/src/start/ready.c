/* SPDX-License-Identifier: Apache-2.0 */
/* ready.c - the flag in the info page, and the event that has dom0 look at it. */
#include <mayfly.h>

#include <stdint.h>

#include "mayfly/hypercall.h"
#include "start/info.h"

void mf_ready(void)
{
    volatile struct mf_info *const info = mf_info();
    if (info->ready != 0) {
        return;
    }
    info->ready = 1;
    if (info->control_port != MF_NO_PORT) {
        hv_event_send(info->control_port);
    }
}
