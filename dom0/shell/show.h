/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - tables and facts that the shell prints. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** The guests; `all`: however many they are. */
void show_guests(bool all);

/** The images. */
void show_images(void);

/** One guest. */
void show_guest(uint32_t slot);

/** The machine and the network. */
void show_machine(void);

/** One screen of the guests that use most CPU time, since the last time. */
void show_top(void);
