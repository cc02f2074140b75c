/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/in_systm.h - numbers in network byte order, as BSD named them. */
#pragma once

#include <stdint.h>

typedef uint16_t n_short;
typedef uint32_t n_long;
typedef uint32_t n_time;
