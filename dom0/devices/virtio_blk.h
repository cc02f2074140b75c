/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_blk.h - the driver of virtio disks (virtio 1.2, section 5.2), as struct disk has them
 * (store/disk.h): several requests in flight, FLUSH where the disk has a cache.
 *
 * Threads  A buffer is used by one thread at a time, which sleeps while it waits. Other threads and
 *          all handlers go on.
 * Memory   1.25 MiB of buffers, which the disks share: only one of them is used at a time. Nothing is
 *          touched before the first disk is opened.
 * Faults   A disk that does not answer within 30 s, or writes nonsense, is not used any more.
 */
#pragma once

#include <stdint.h>

#include "store/disk.h"

#define VIRTIO_BLK_MAX 4u /* disks that are looked at */

/**
 * The index-th virtio disk of the machine, started when it is first asked for. Returns NULL and
 * the disk (NULL: there are fewer), or what is wrong with it (a constant).
 */
const char *virtio_blk_open(uint32_t index, struct disk **disk);
