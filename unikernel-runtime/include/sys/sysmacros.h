/* SPDX-License-Identifier: Apache-2.0 */
/* sys/sysmacros.h - the parts of a device number. */
#pragma once

#include <sys/types.h>

#ifndef major
#define major(device) ((unsigned int)((device) >> 8))
#define minor(device) ((unsigned int)((device)&0xff))
#define makedev(major, minor) ((dev_t)((major) << 8 | (minor)))
#endif
