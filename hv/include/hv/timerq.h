/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timerq.h - a queue of vCPUs by time: a pairing heap through struct timer_node (Fredman and
 * others, 1986). Insert and minimum are constant, removal is amortised logarithmic. The caller
 * locks.
 */
#pragma once

#include "hv/domain.h"

/** Adds `v`, which is in no queue, with key v->timer.key. */
void timerq_insert(struct vcpu **root, struct vcpu *v);

/** Removes `v`, which is in this queue. */
void timerq_remove(struct vcpu **root, struct vcpu *v);
