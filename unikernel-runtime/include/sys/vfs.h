/* SPDX-License-Identifier: Apache-2.0 */
/* sys/vfs.h - another name of sys/statfs.h. */
#pragma once

#include <sys/statfs.h>
