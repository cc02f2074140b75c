/* SPDX-License-Identifier: Apache-2.0 */
/* sys/syslog.h - another name of <syslog.h>. */
#pragma once

#include <syslog.h>
