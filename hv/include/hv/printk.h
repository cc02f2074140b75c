/* SPDX-License-Identifier: Apache-2.0 */
/*
 * printk.h - hv's own messages on the emergency serial line, and the failure policy:
 *   1 the caller can handle it: return an error
 *   2 the guest is wrong and cannot be told: domain_crash()
 *   3 hv is inconsistent: HV_BUG_ON, always on
 *   4 believed impossible: HV_ASSERT, debug builds only
 * Never 3 or 4 on data that a guest controls.
 */
#pragma once

#include <stdarg.h>

#include "hv/types.h"

/** Prints: %s %c %d %u %x with l/ll, z, widths and zero padding, and %p. Any context, any CPU. */
void printk(const char *format, ...) HV_PRINTF(1, 2);
void vprintk(const char *format, va_list arguments) HV_PRINTF(1, 0);

/** Stops all CPUs; prints CPU, message and a symbolised backtrace; ends QEMU if it can. */
void HV_NORETURN panic(const char *format, ...) HV_PRINTF(1, 2);

/** True once a CPU is in panic(): an NMI then means that this CPU stops for ever. */
bool panic_is_active(void);

#define HV_BUG_ON(condition)                                                                       \
    do {                                                                                           \
        if (__builtin_expect(!!(condition), 0)) {                                                  \
            panic("%s:%d: %s", __FILE__, __LINE__, #condition);                                    \
        }                                                                                          \
    } while (0)

#ifdef HV_DEBUG
#define HV_ASSERT(condition) HV_BUG_ON(!(condition))
#else
#define HV_ASSERT(condition) ((void)sizeof(condition))
#endif
