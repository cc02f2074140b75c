/* SPDX-License-Identifier: Apache-2.0 */
/* tags.h - tags of the events that dom0 gets: what happened in the top byte, to whom below. */
#pragma once

#define TAG_GUEST_END 0x01000000u     /* + slot */
#define TAG_GUEST_CONSOLE 0x02000000u /* + slot: console, readiness */
#define TAG_GUEST_NET 0x03000000u     /* + slot */
#define TAG_SERIAL 0x04000000u
#define TAG_NIC 0x05000000u  /* + MSI-X table entry */
#define TAG_DISK 0x06000000u /* + number of the disk */
#define TAG_SLOT_MASK 0x00ffffffu
