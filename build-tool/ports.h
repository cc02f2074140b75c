/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.h - programs that are built from Debian's source packages by a recipe, ports/NAME.yaml.
 * docs/ports.md describes the fields.
 *
 * Places  Recipes: MAYFLY_PORTS, else ports/ where hv.elf lies (place.h). Beside them lies fetch, which downloads. Everything that is made lies in the cache: MAYFLY_CACHE,
 *         else XDG_CACHE_HOME/mayfly, else HOME/.cache/mayfly:
 *           download/, src/PACKAGE/      what fetch brings, checked by SHA-256
 *           sdk/HASH/build/NAME/         one port: build.sh, log, prefix/ (what it installs),
 *                                        images/, and src/ (only kept when asked for)
 *           sdk/HASH/sysroot/            the prefixes of all ports that were built, together
 *           build, sysroot               links to those of the SDK that was used last
 * Errors  Reported where they are born (report.h); -1 then.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "strlist.h"
#include "yamldoc.h"

/* One entry of `tests`; owned by libcyaml. */
struct port_test {
    char *name, *run, *ready, *output, *host; /* NULL: not given */
    char **args, **expect;
    unsigned args_count, expect_count, seconds;
    int status;
    bool slow;
};

/* The fields that libcyaml loads; owned by it. */
struct port_fields {
    char *name, *version, *source, *summary, *build, *folder;
    char **needs, **tools, **prepare, **configure, **make, **install;
    unsigned needs_count, tools_count, prepare_count, configure_count, make_count, install_count;
    struct port_test *tests;
    unsigned tests_count;
    bool unpatched, autoreconf;
};

struct port {
    char *path, *name; /* of the recipe */
    char *support;     /* the folder of the recipe's own files; it need not be there */
    struct port_fields *fields;
    struct strlist files;       /* "FILE SHA256" */
    struct strlist environment; /* NAME=value, for the build */
    struct strlist guests;      /* names of its programs, in the order of the recipe */
    struct yamldoc doc;
};

/** The folder of the recipes; the caller owns it. NULL when there is none (reported). */
char *ports_folder(void);

/** "CACHE/<below>"; makes the cache's folder when it is not there. NULL: reported. */
char *ports_cache(const char *below);

/**
 * Chooses CACHE/sdk/HASH of the SDK and program in use, makes it, points the links there and removes
 * folders of SDKs that have not been used for long. It is locked until the process ends. Done once.
 */
int ports_enter(void);

/** What names compiler, SDK and program: 16 digits; "" before ports_enter(). */
const char *ports_sdk_hash(void);

/** "CACHE/sdk/HASH/<below>", or before ports_enter() "CACHE/<below>": by the links. The caller owns it. */
char *ports_built(const char *below);

/** Names of all recipes, sorted. */
int ports_names(struct strlist *names);

/** Loads a recipe; on success the caller ends with port_free(). */
int port_load(struct port *port, const char *name);

void port_free(struct port *port);

/** The entry of the program in the recipe's `programs`; NULL when there is none. */
yaml_node_t *port_program(struct port *port, const char *name);

/** A node as JSON, which is YAML too: appended to `out`. */
void port_write_node(struct port *port, const yaml_node_t *node, struct buffer *out);

/** The image of a program of the port, whether it is there or not; the caller owns the name. */
char *port_image(const struct port *port, const char *program);

/**
 * A hash of all that the build of the port depends on, which leaves out its tests: SDK, recipe, its files,
 * and the keys of the ports that it needs, which are built beside `work`. The caller owns it; NULL:
 * reported.
 */
char *port_key(struct port *port, const char *work);

/**
 * Builds the port and what it needs, unless that is done and nothing has changed since. `keep`: the
 * build tree stays. Says on stderr what it does.
 */
int port_build(struct port *port, bool keep);

/**
 * Builds the port and runs its tests, without those marked slow when `quick`. Prints one line for
 * each; returns how many failed, or -1.
 */
int port_test(struct port *port, bool quick);
