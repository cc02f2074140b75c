/* SPDX-License-Identifier: Apache-2.0 */
/* device.h - what is in /dev. */
#pragma once

#include <stdint.h>

#include "fd/fd.h"

struct mf_device {
    const char *name;
    /* Makes an open file with one reference. flags: of open(). 0 or a negative errno number. */
    int (*open)(const struct mf_device *d, uint32_t flags, struct mf_open_file **out);
    const struct mf_fd_ops *ops;
};

/** All devices, ended by a NULL name. */
extern const struct mf_device mf_devices[];
