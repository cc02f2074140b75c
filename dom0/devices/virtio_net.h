/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_net.h - the driver of a virtio network card (virtio 1.2, section 5.1): one pair of queues,
 * one buffer per packet, several for a TCP segment that the card is to cut. One card. A card that
 * cannot cut (VIRTIO_NET_F_HOST_TSO4) gets the frames that net/cut.h makes.
 *
 * Frames are copied into and out of buffers of the driver's own: guests' pages are never shown to a
 * device. With EVENT_IDX the card is silent while dom0 is awake.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"

/**
 * Finds and starts the first virtio network card. Returns NULL, or what is wrong (a constant);
 * *found tells whether there is a card at all. mac: the card's.
 */
const char *virtio_net_open(uint8_t mac[6], bool *found);

/**
 * Whether virtio_net_send() has room for `frames` (cut_frames()), or all the room that there can be.
 * Takes back what the card has sent.
 */
bool virtio_net_has_room(uint32_t frames);

/** Sends a frame. The card sees it after virtio_net_flush(). */
void virtio_net_send(const struct frame *f);

#define VIRTIO_NET_TAKEN_MAX 32 /* received frames whose buffers may be borrowed at a time */

/** Takes the next received frame, which borrows its buffer until virtio_net_received(). */
bool virtio_net_receive(struct frame *f);

/** Gives the buffers of the first `count` frames of those taken back to the card. */
void virtio_net_received(uint32_t count);

/** Shows the card all frames and buffers. */
void virtio_net_flush(void);

/** Asks for an event at the next received frame. Returns true when there is one already. */
bool virtio_net_want_events(void);

/** Asks for an event when there is room to send again. Returns true when there is some already. */
bool virtio_net_want_room_event(void);

/** Whether there is something received: one read of memory. */
bool virtio_net_has_received(void);
