/* SPDX-License-Identifier: Apache-2.0 */
/* yamldoc.c - see yamldoc.h. */
#include "yamldoc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "report.h"

static void report_syntax(const char *path, const yaml_parser_t *parser)
{
    report_error_at(
        path, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
        "this is not YAML: %s%s%s", parser->problem != NULL ? parser->problem : "it cannot be read",
        parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
}

static int check_root(struct yamldoc *doc)
{
    const yaml_node_t *root = yaml_document_get_root_node(&doc->document);
    if (root != NULL && root->type == YAML_MAPPING_NODE) {
        return 0;
    }
    yamldoc_error(doc, root, "expected lines like `name: hello`");
    return -1;
}

/* A NUL byte ("\0" in quotes) would cut the value off without a word. */
static int check_values(struct yamldoc *doc)
{
    const yaml_node_t *node = doc->document.nodes.start;
    for (; node < doc->document.nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE &&
            strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
            yamldoc_error(doc, node, "a value cannot have a zero byte in it");
            return -1;
        }
    }
    return 0;
}

/* Nothing may follow the first document. */
static int check_end(const struct yamldoc *doc, yaml_parser_t *parser)
{
    yaml_document_t next;
    if (yaml_parser_load(parser, &next) == 0) {
        report_syntax(doc->path, parser);
        return -1;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    if (root != NULL) {
        yamldoc_error(doc, root, "a second document starts here: only one can be in this file");
    }
    yaml_document_delete(&next);
    return root == NULL ? 0 : -1;
}

int yamldoc_parse(struct yamldoc *doc, const char *path, const struct buffer *text)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        report_error("out of memory");
        return -1;
    }
    yaml_parser_set_input_string(&parser, text->data, text->bytes);
    doc->path = path;
    int result = 0;
    if (yaml_parser_load(&parser, &doc->document) == 0) {
        report_syntax(path, &parser);
        result = -1;
    } else if (check_root(doc) != 0 || check_values(doc) != 0 || check_end(doc, &parser) != 0) {
        yaml_document_delete(&doc->document);
        result = -1;
    }
    yaml_parser_delete(&parser);
    return result;
}

void yamldoc_free(struct yamldoc *doc)
{
    yaml_document_delete(&doc->document);
}

static const char *text_of(const yaml_node_t *node)
{
    return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
                                                          : NULL;
}

yaml_node_t *yamldoc_value(struct yamldoc *doc, const char *key)
{
    const yaml_node_t *root = yaml_document_get_root_node(&doc->document);
    const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
    for (; pair < root->data.mapping.pairs.top; pair++) {
        const char *text = text_of(yaml_document_get_node(&doc->document, pair->key));
        if (text != NULL && strcmp(text, key) == 0) {
            return yaml_document_get_node(&doc->document, pair->value);
        }
    }
    return NULL;
}

yaml_node_t *yamldoc_entry(struct yamldoc *doc, yaml_node_t *node, size_t index)
{
    if (node == NULL || node->type != YAML_SEQUENCE_NODE) {
        return node;
    }
    const yaml_node_item_t *item = node->data.sequence.items.start;
    const size_t count = (size_t)(node->data.sequence.items.top - item);
    return index < count ? yaml_document_get_node(&doc->document, item[index]) : node;
}

void yamldoc_error(const struct yamldoc *doc, const yaml_node_t *node, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = alloc_copy("out of memory");
    }
    va_end(arguments);
    report_error_at(doc->path, node != NULL ? node->start_mark.line + 1 : 1,
                    node != NULL ? node->start_mark.column + 1 : 1, "%s", text);
    free(text);
}

static int mapping_pairs(struct yamldoc *doc, const yaml_node_t *node, yamldoc_pair_fn take,
                         void *context)
{
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(&doc->document, pair->key);
        yaml_node_t *value = yaml_document_get_node(&doc->document, pair->value);
        if (text_of(key) == NULL || text_of(value) == NULL) {
            yamldoc_error(doc, text_of(key) == NULL ? key : value, "expected `name: value`");
            return -1;
        }
        if (take(context, key, text_of(key), text_of(value)) != 0) {
            return -1;
        }
    }
    return 0;
}

static int list_pairs(struct yamldoc *doc, yaml_node_t *node, char separator, yamldoc_pair_fn take,
                      void *context)
{
    const yaml_node_item_t *item = node->data.sequence.items.start;
    int result = 0;
    for (; item < node->data.sequence.items.top && result == 0; item++) {
        yaml_node_t *entry = yaml_document_get_node(&doc->document, *item);
        if (text_of(entry) == NULL) {
            yamldoc_error(doc, entry, "expected `- name%cvalue`", separator);
            return -1;
        }
        char *key = alloc_copy(text_of(entry));
        char *value = strchr(key, separator);
        if (value != NULL) {
            *value++ = '\0';
        }
        result = take(context, entry, key, value);
        free(key);
    }
    return result;
}

int yamldoc_pairs(struct yamldoc *doc, const char *key, char separator, yamldoc_pair_fn take,
                  void *context)
{
    yaml_node_t *node = yamldoc_value(doc, key);
    const char *text = text_of(node);
    if (node == NULL || (text != NULL && text[0] == '\0')) {
        return 0;
    }
    if (node->type == YAML_MAPPING_NODE) {
        return mapping_pairs(doc, node, take, context);
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        return list_pairs(doc, node, separator, take, context);
    }
    yamldoc_error(doc, node, "`%s` is to be a list (`- name%cvalue`) or a mapping (`name: value`)",
                  key, separator);
    return -1;
}
