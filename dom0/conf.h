/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - mayfly.conf: lines `key = value`, `#` starts a comment line.
 *
 *   start = IMAGE [OPTION...] [ARGUMENT...]   a guest to start at boot (launch.h); repeatable
 *   net = dhcp | none | ADDRESS/PREFIX        dom0's address outside (default: dhcp)
 *   gateway = ADDRESS                         with a static address
 *   dns = ADDRESS                             for the guests, in place of DHCP's; may be a guest's
 *   guest-net = ADDRESS/PREFIX                of the guests (default: 10.77.0.0/16)
 *   guest-net6 = PREFIX::/64                  likewise (default: fd77::/64)
 *   console = shell | guest                   guest: the serial line is the first guest's console
 *   console-input = terminal | stream         stream: bytes of a file or pipe, up to its end. On the
 *                                             line DLE EOT is the end, DLE DLE the byte DLE
 *   console-output = terminal | stream        stream: likewise, for isatty() in guests
 *   guest-output = show | log                 show (default): lines of guests appear in the shell
 *   exit-with-first = 0 | 1                   power off with the status of the first guest
 *   prefault = yes | no                       copy at once what guests always write (prefault.h)
 *   require-signature = yes | no              start only images signed by an accepted key (trust.h)
 *   key = HEX                                 a key that is accepted; repeatable
 *   dom0                                      for hv
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images/signature.h"
#include "net/plan.h"

#define CONF_KEYS_MAX 16

enum conf_net { CONF_NET_DHCP, CONF_NET_STATIC, CONF_NET_NONE };

struct conf_start {
    struct conf_start *next; /* owns */
    uint32_t line;           /* in mayfly.conf */
    char text[];
};

struct conf {
    struct conf_start *starts; /* owns; in the order of the file */
    struct conf_start *last_start;
    enum conf_net net;
    struct plan_uplink uplink; /* address, mask, gateway, dns */
    struct plan plan;
    bool console_guest;
    bool input_is_stream, output_is_stream;
    bool show_output;
    bool exit_with_first;
    bool require_signature;
    bool prefault;
    uint8_t keys[CONF_KEYS_MAX][SIGNATURE_KEY_BYTES];
    uint32_t key_count;
};

/** Told about each line that is wrong; parsing goes on. */
typedef void (*conf_complain_t)(uint32_t line, const char *message);

/** Fills *c from the text of a mayfly.conf (NULL: all defaults). */
void conf_parse(struct conf *c, const char *text, size_t bytes, conf_complain_t complain);

/** Frees what *c owns. */
void conf_free(struct conf *c);
