/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yamldoc.h - a YAML file as a tree of nodes that know their line and column (libyaml). libcyaml
 * loads what has a fixed schema; this is for what it cannot do: fields that are a list or a
 * mapping, and the exact place of a value that turns out to be wrong only later.
 */
#pragma once

#include <stddef.h>
#include <yaml.h>

#include "buffer.h"

struct yamldoc {
    const char *path; /* borrowed; as it stands in messages */
    yaml_document_t document;
};

/**
 * Parses `text`. Syntax errors and a document that is not a mapping are reported; returns -1 then.
 * On success the caller ends with yamldoc_free().
 */
int yamldoc_parse(struct yamldoc *doc, const char *path, const struct buffer *text);

void yamldoc_free(struct yamldoc *doc);

/** The value of a top-level key, NULL when there is none. */
yaml_node_t *yamldoc_value(struct yamldoc *doc, const char *key);

/** Entry `index` of a list; `node` itself when it is no list or has no such entry. */
yaml_node_t *yamldoc_entry(struct yamldoc *doc, yaml_node_t *node, size_t index);

/** Reports an error at the node (at the start of the file when it is NULL). */
void yamldoc_error(const struct yamldoc *doc, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** What stands for one "key: value" or one "key<separator>value". Returns -1 to end the walk. */
typedef int (*yamldoc_pair_fn)(void *context, yaml_node_t *at, const char *key, const char *value);

/**
 * Calls `take` for each pair of a field that may be a mapping ("A: b") or a list ("- A=b", split at
 * the first `separator`). In a list, an entry without the separator has the value NULL. Anything
 * else is reported; -1 then, or when `take` said so.
 */
int yamldoc_pairs(struct yamldoc *doc, const char *key, char separator, yamldoc_pair_fn take,
                  void *context);
