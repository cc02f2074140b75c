/* SPDX-License-Identifier: Apache-2.0 */
/* accel.h - whether QEMU is to use KVM. */
#pragma once

#include "machine.h"

/** "auto", "tcg", "kvm" or "icount" as asked by the user. Returns -1 (reported) for anything
 * else. */
int accel_parse(const char *text, const char *work, enum machine_accel *accel);
