/* SPDX-License-Identifier: Apache-2.0 */
/* netclient.h - the parts of netclient, the tests' own network client. Everything goes to
 * 127.0.0.1. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_LIMIT_S 20 /* no answer for so long is an error */

/** A connected TCP or UDP socket with time limits, or -1 (reported). */
int net_connect(uint16_t port, bool udp);

/** Sends all. False: an error. */
bool net_send(int fd, const void *data, size_t bytes);

/** Reads until the peer closes or `bytes` are there. Returns the number of bytes read. */
size_t net_read(int fd, void *data, size_t bytes);

/** One TAP line; returns `good`. */
bool tap(bool good, const char *name);
/** Prints the plan. Returns the exit status. */
int tap_done(void);

/* The commands: arguments behind the command's name. Each returns the exit status. */
int http_load(int argc, char **argv);
int http_bad(int argc, char **argv);
int udp_echo(int argc, char **argv);
int kv_load(int argc, char **argv);
