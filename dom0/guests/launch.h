/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - a wish to start a guest: which image, and what differs from its manifest. Comes from
 * `start =` in mayfly.conf and from the shell:
 *
 *   IMAGE [OPTION...] [ARGUMENT...]
 *
 *   name=NAME  memory=SIZE  publish=HOSTPORT:GUESTPORT[/tcp|/udp]  net=yes|no  env=NAME=VALUE
 *   weight=1..10000  cap=PERCENT  count=N (so many guests, with names of their own)
 *   fork=N (so many children at a time, and children of these; 0: it cannot fork)
 *   output=show|log (whether its lines appear in the shell, or in its log only)
 *   inspect=no|read|write  share=NAME[,NAME...]|*|no  (rights.h)
 *   `--` ends the options
 *
 * Arguments, when there are any, replace those of the manifest. publish= replaces its ports.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LAUNCH_PORTS_MAX 8
#define LAUNCH_ENV_MAX 16
#define LAUNCH_FORK_MAX 511  /* children of a guest, and theirs, at a time */
#define LAUNCH_NAME_BYTES 64 /* of names of guests and images, the NUL included */

struct launch_port {
    uint16_t host, guest;
    uint8_t protocol; /* IP_PROTOCOL_TCP or IP_PROTOCOL_UDP */
};

/* Whether the guest gets a network: as its program has use for it, or as the user says. */
enum launch_net { LAUNCH_NET_AUTO, LAUNCH_NET_NO, LAUNCH_NET_YES };

struct given;
struct image;
struct prefault;
struct template;

/* What a guest is cloned from when it is not its image: a template, or a guest that is paused. */
struct launch_source {
    uint32_t handle;
    uint32_t generation;      /* that the clone gets; 0: the program has not started */
    uint64_t clock_offset_ns; /* of its time (mayfly/info.h) */
    uint64_t memory_pages;    /* its limit; 0: none */
    struct image *image;
    struct template *template; /* borrows; the place in the tree */
    struct prefault *prefault; /* borrows; of the template that it is; NULL: it is a guest */
    const char *origin;        /* borrows; whom to name as the origin; NULL: nobody */
    struct given *given;       /* borrows; given.h */
    bool has_network, is_ready, has_fork_limit;
    uint32_t fork_limit;
    bool is_new;       /* has not run: it will read its arguments from the info page */
    bool has_shadow;   /* shared memory lies in it (family_shadow.h) */
    uint32_t pid;      /* of the process that it is; 0: 1 */
    uint8_t inspect;   /* rights.h */
    const char *share; /* rights.c's */
};

struct launch {
    const char *image;            /* all strings borrow from the words */
    const char *name;             /* NULL: made from the image's */
    bool is_name_wished;          /* if it is taken, likewise */
    uint64_t memory_bytes;        /* 0: as the manifest says */
    uint32_t weight, cap_percent; /* 0: the default */
    uint32_t count;               /* of guests; at least 1 */
    enum launch_net net;
    bool is_quiet;   /* output=log */
    bool is_private; /* the manifest's ports are not published */
    bool is_created_only;
    bool has_fork_limit;
    uint32_t fork_limit;                /* children, and theirs, at a time */
    bool is_cold;                       /* from the image, also when there is a warm template */
    const struct launch_source *source; /* borrows; NULL: the image */
    uint8_t inspect;                    /* enum rights_inspect; 0: not given */
    const char *share;                  /* NULL: not given */
    uint32_t port_count;                /* 0: the manifest's */
    struct launch_port ports[LAUNCH_PORTS_MAX];
    uint32_t env_count, arg_count;
    const char *env[LAUNCH_ENV_MAX];
    const char *const *args; /* borrows, as the strings do */
};

/**
 * Reads words (at least one), which it borrows. Returns NULL, or what is wrong: a text in `error` that
 * says what to do.
 */
const char *launch_parse(struct launch *l, char *const words[], int count, char error[128]);

/** Whether a guest may have this name: letters, digits, `-_.`, not too long. */
bool launch_name_is_valid(const char *name);
