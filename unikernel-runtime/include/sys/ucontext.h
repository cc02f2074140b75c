/* SPDX-License-Identifier: Apache-2.0 */
/* sys/ucontext.h - ucontext_t is in signal.h. There is no getcontext(), makecontext(). */
#pragma once

#include <signal.h>
