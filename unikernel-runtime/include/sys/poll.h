/* SPDX-License-Identifier: Apache-2.0 */
/* sys/poll.h - another name of <poll.h>. */
#pragma once

#include <poll.h>
