/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timerq.h - a queue of vCPUs by time: a leftist heap through struct timer_node (Crane, 1972). The
 * minimum is at the root; inserting and removing look at a number of nodes that is logarithmic in how
 * many there are. The caller locks.
 */
#pragma once

#include "hv/domain.h"

/** Adds `v`, which is in no queue, with key v->timer.key. */
void timerq_insert(struct vcpu **root, struct vcpu *v);

/** Removes `v`, which is in this queue. */
void timerq_remove(struct vcpu **root, struct vcpu *v);
