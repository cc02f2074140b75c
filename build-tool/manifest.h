/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - DIR/mayfly.yaml: what to build, what goes into the image and how it wants to run.
 * docs/mayfly-yaml.md describes every field. What is wrong in it is reported with line and column.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "strlist.h"
#include "yamldoc.h"

#define MANIFEST_FILE "mayfly.yaml"
#define MANIFEST_NAME_MAX 47                  /* "images/NAME.img" fits a boot module's name */
#define MANIFEST_MEMORY_DEFAULT (64ull << 20) /* bytes */
#define MANIFEST_MEMORY_MIN (256ull << 10)    /* bytes */
#define MANIFEST_MEMORY_MAX (256ull << 30)    /* bytes */
#define MANIFEST_FORK_MAX 511
#define MANIFEST_FORK_UNSET (-1)

/* The fields that libcyaml loads; owned by it. */
struct manifest_fields {
    char *name, *elf, *memory, *inspect, *share, *fork;
    char **sources, **cflags, **ldflags, **libs, **args, **ports;
    unsigned sources_count, cflags_count, ldflags_count, libs_count, args_count, ports_count;
};

struct manifest_file {
    char *host, *guest; /* owned; guest is an absolute, clean path */
    yaml_node_t *at;
};

struct manifest_port {
    uint16_t host, guest;
    bool udp;
};

struct manifest {
    char *path, *dir; /* of mayfly.yaml; of its folder */
    struct manifest_fields *fields;
    uint64_t memory_bytes;
    struct strlist environment;  /* NAME=value, sorted by NAME */
    struct manifest_file *files; /* owned */
    size_t files_count;
    struct manifest_port *ports; /* owned; fields->ports_count of them */
    int fork_limit;              /* MANIFEST_FORK_UNSET: not given */
    struct yamldoc doc;
};

/**
 * Loads DIR/mayfly.yaml. Errors are reported, -1 then and nothing to free; on success the caller
 * ends with manifest_free().
 */
int manifest_load(struct manifest *manifest, const char *dir);

void manifest_free(struct manifest *manifest);

/** Reports an error at a field, or at entry `index` of it when it is a list. */
void manifest_error(struct manifest *manifest, const char *field, size_t index, const char *text);

/** Checks inspect, share and fork. Returns 0, or -1 (reported). */
int manifest_take_rights(struct manifest *manifest);

/** "64M" and the like, as in compose: a number and b, k, m or g; 0 on anything else. In bytes. */
uint64_t manifest_parse_size(const char *text);

/** "HOST:GUEST", "HOST:GUEST/udp". Returns what is wrong with it, or NULL. */
const char *manifest_parse_port(const char *text, struct manifest_port *port);

/** Whether an image may have this name: [a-z0-9][a-z0-9._-]*, at most MANIFEST_NAME_MAX. */
bool manifest_name_is_valid(const char *name);

/**
 * The manifest as an image carries it (image.h): canonical JSON, keys sorted, no white space. The
 * caller owns it.
 */
char *manifest_to_json(const struct manifest *manifest);
