/* SPDX-License-Identifier: Apache-2.0 */
/* accel.h - whether QEMU is to use KVM. */
#pragma once

#include "machine.h"

/**
 * KVM only where the CPU has VMX or SVM, /dev/kvm opens, and hv with a tiny guest really runs under
 * it (tried each time, at most three seconds); else TCG. A /dev/kvm that opens proves nothing.
 * `work` is a folder for its files.
 */
enum machine_accel accel_choose(const char *work);

/** "auto", "tcg", "kvm" or "icount" as asked by the user. Returns -1 (reported) for anything
 * else. */
int accel_parse(const char *text, const char *work, enum machine_accel *accel);
