/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports_recipe.c - where ports lie, and their recipes: libcyaml loads what has a fixed schema, the
 * tree of nodes gives the rest (files, environment, programs).
 */
#include <cyaml/cyaml.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "place.h"
#include "ports.h"
#include "report.h"

static const cyaml_schema_value_t string_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

#define STRING(of, name, flags)                                                                    \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | (flags), struct of, name, 1, CYAML_UNLIMITED)
#define LIST(of, name)                                                                             \
    CYAML_FIELD_SEQUENCE(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct of, name,         \
                         &string_schema, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t test_fields[] = {
    STRING(port_test, name, CYAML_FLAG_DEFAULT),
    STRING(port_test, run, CYAML_FLAG_OPTIONAL),
    LIST(port_test, args),
    LIST(port_test, expect),
    STRING(port_test, output, CYAML_FLAG_OPTIONAL),
    STRING(port_test, ready, CYAML_FLAG_OPTIONAL),
    STRING(port_test, host, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_INT("status", CYAML_FLAG_OPTIONAL, struct port_test, status),
    CYAML_FIELD_UINT("seconds", CYAML_FLAG_OPTIONAL, struct port_test, seconds),
    CYAML_FIELD_BOOL("slow", CYAML_FLAG_OPTIONAL, struct port_test, slow),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t test_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct port_test, test_fields),
};

static const cyaml_schema_field_t port_schema_fields[] = {
    STRING(port_fields, name, CYAML_FLAG_DEFAULT),
    STRING(port_fields, summary, CYAML_FLAG_DEFAULT),
    STRING(port_fields, source, CYAML_FLAG_DEFAULT),
    STRING(port_fields, version, CYAML_FLAG_DEFAULT),
    CYAML_FIELD_IGNORE("files", CYAML_FLAG_DEFAULT),
    CYAML_FIELD_BOOL("unpatched", CYAML_FLAG_OPTIONAL, struct port_fields, unpatched),
    CYAML_FIELD_BOOL("autoreconf", CYAML_FLAG_OPTIONAL, struct port_fields, autoreconf),
    LIST(port_fields, needs),
    LIST(port_fields, tools),
    STRING(port_fields, build, CYAML_FLAG_DEFAULT),
    STRING(port_fields, folder, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("environment", CYAML_FLAG_OPTIONAL),
    LIST(port_fields, prepare),
    LIST(port_fields, configure),
    LIST(port_fields, make),
    LIST(port_fields, install),
    CYAML_FIELD_IGNORE("programs", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_SEQUENCE("tests", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct port_fields,
                         tests, &test_schema, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t port_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct port_fields, port_schema_fields),
};

/* ---- places ----------------------------------------------------------------------------------- */

char *ports_folder(void)
{
    const char *chosen = getenv("MAYFLY_PORTS");
    if (chosen != NULL && chosen[0] != '\0') {
        return alloc_copy(chosen);
    }
    char *beside = place_beside("ports");
    if (access(beside, R_OK) == 0) {
        return beside;
    }
    report_error("there are no recipes at %s: build Mayfly with `make`, or set MAYFLY_PORTS",
                 beside);
    free(beside);
    return NULL;
}

int ports_names(struct strlist *names)
{
    char *folder = ports_folder();
    DIR *dir = folder == NULL ? NULL : opendir(folder);
    if (dir == NULL) {
        free(folder);
        return -1;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && strcmp(dot, ".yaml") == 0) {
            strlist_addf(names, "%.*s", (int)(dot - entry->d_name), entry->d_name);
        }
    }
    closedir(dir);
    free(folder);
    strlist_sort(names);
    return 0;
}

/* ---- recipes ---------------------------------------------------------------------------------- */

static void say_first(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct buffer *said = context;
    char *text = NULL;
    if (level >= CYAML_LOG_ERROR && vasprintf(&text, format, arguments) >= 0) {
        text[strcspn(text, "\n")] = '\0';
        buffer_append_text(said, "%s%s", said->bytes > 0 ? "; " : "", text);
        free(text);
    }
}

static cyaml_config_t cyaml_config(struct buffer *said)
{
    return (cyaml_config_t){
        .log_fn = say_first,
        .log_ctx = said,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
    };
}

static int load_fields(struct port *port, const struct buffer *text)
{
    struct buffer said = {0};
    const cyaml_config_t config = cyaml_config(&said);
    const cyaml_err_t error = cyaml_load_data(text->data, text->bytes, &config, &port_schema,
                                              (cyaml_data_t **)&port->fields, NULL);
    if (error != CYAML_OK) {
        report_error("%s: %.*s", port->path, (int)said.bytes, (const char *)said.data);
    }
    buffer_free(&said);
    return error == CYAML_OK ? 0 : -1;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int take_file(void *context, yaml_node_t *at, const char *name, const char *sha256)
{
    struct port *port = context;
    if (sha256 == NULL || !is_sha256(sha256) || strpbrk(name, "/ \n") != NULL) {
        yamldoc_error(&port->doc, at, "expected `FILE: SHA-256`");
        return -1;
    }
    strlist_addf(&port->files, "%s %s", name, sha256);
    return 0;
}

static int take_variable(void *context, yaml_node_t *at, const char *name, const char *value)
{
    struct port *port = context;
    (void)at;
    strlist_addf(&port->environment, "%s=%s", name, value == NULL ? "" : value);
    return 0;
}

static const char *text_of(const yaml_node_t *node)
{
    return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
                                                          : "";
}

static const yaml_node_t *member(struct port *port, const yaml_node_t *mapping, const char *key)
{
    if (mapping == NULL || mapping->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++) {
        if (strcmp(text_of(yaml_document_get_node(&port->doc.document, pair->key)), key) == 0) {
            return yaml_document_get_node(&port->doc.document, pair->value);
        }
    }
    return NULL;
}

yaml_node_t *port_program(struct port *port, const char *name)
{
    yaml_node_t *list = yamldoc_value(&port->doc, "programs");
    for (size_t i = 0; i < port->guests.count; i++) {
        yaml_node_t *entry = yamldoc_entry(&port->doc, list, i);
        if (strcmp(text_of(member(port, entry, "name")), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static int take_programs(struct port *port)
{
    yaml_node_t *list = yamldoc_value(&port->doc, "programs");
    if (list == NULL) {
        return 0;
    }
    for (size_t i = 0;; i++) {
        yaml_node_t *entry = yamldoc_entry(&port->doc, list, i);
        if (entry == list) {
            return 0;
        }
        const char *name = text_of(member(port, entry, "name"));
        if (name[0] == '\0') {
            yamldoc_error(&port->doc, entry, "a program has a `name`, and fields of mayfly.yaml");
            return -1;
        }
        strlist_add(&port->guests, name);
    }
}

static int check(struct port *port)
{
    static const char *const kinds[] = {"autoconf", "configure", "cmake", "meson", "make", "none"};
    if (strcmp(port->fields->name, port->name) != 0) {
        yamldoc_error(&port->doc, yamldoc_value(&port->doc, "name"), "the file has another name");
        return -1;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(port->fields->build, kinds[i]) == 0) {
            return 0;
        }
    }
    yamldoc_error(&port->doc, yamldoc_value(&port->doc, "build"),
                  "`build` is one of autoconf, configure, cmake, meson, make and none");
    return -1;
}

void port_free(struct port *port)
{
    struct buffer said = {0};
    const cyaml_config_t config = cyaml_config(&said);
    cyaml_free(&config, &port_schema, port->fields, 0);
    buffer_free(&said);
    if (port->doc.path != NULL) {
        yamldoc_free(&port->doc);
    }
    strlist_free(&port->files);
    strlist_free(&port->environment);
    strlist_free(&port->guests);
    free(port->path);
    free(port->name);
    free(port->support);
    *port = (struct port){0};
}

static int load(struct port *port, const struct buffer *text)
{
    if (yamldoc_parse(&port->doc, port->path, text) != 0) {
        port->doc.path = NULL;
        return -1;
    }
    return load_fields(port, text) != 0 || check(port) != 0 ||
                   yamldoc_pairs(&port->doc, "files", '=', take_file, port) != 0 ||
                   yamldoc_pairs(&port->doc, "environment", '=', take_variable, port) != 0 ||
                   take_programs(port) != 0
               ? -1
               : 0;
}

int port_load(struct port *port, const char *name)
{
    char *folder = ports_folder();
    if (folder == NULL) {
        return -1;
    }
    *port = (struct port){
        .path = alloc_format("%s/%s.yaml", folder, name),
        .support = alloc_format("%s/%s", folder, name),
        .name = alloc_copy(name),
    };
    free(folder);
    struct buffer text = {0};
    int result = -1;
    if (strchr(name, '/') != NULL || access(port->path, R_OK) != 0) {
        report_error("there is no port `%s`: see `mayfly ports list`", name);
    } else if (buffer_read_file(&text, port->path) == 0) {
        result = load(port, &text);
    }
    buffer_free(&text);
    if (result != 0) {
        port_free(port);
    }
    return result;
}

/* ---- nodes as JSON ---------------------------------------------------------------------------- */

static void write_text(const char *text, struct buffer *out)
{
    buffer_append(out, "\"", 1);
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < ' ') {
            buffer_append_text(out, "\\u%04x", byte);
        } else {
            buffer_append_text(out, byte == '"' || byte == '\\' ? "\\%c" : "%c", byte);
        }
    }
    buffer_append(out, "\"", 1);
}

void port_write_node(struct port *port, const yaml_node_t *node, struct buffer *out)
{
    yaml_document_t *document = &port->doc.document;
    if (node->type == YAML_SCALAR_NODE) {
        write_text(text_of(node), out);
        return;
    }
    const bool list = node->type == YAML_SEQUENCE_NODE;
    buffer_append(out, list ? "[" : "{", 1);
    if (list) {
        const yaml_node_item_t *item = node->data.sequence.items.start;
        for (; item < node->data.sequence.items.top; item++) {
            buffer_append_text(out, "%s", item == node->data.sequence.items.start ? "" : ", ");
            port_write_node(port, yaml_document_get_node(document, *item), out);
        }
    } else {
        const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
        for (; pair < node->data.mapping.pairs.top; pair++) {
            buffer_append_text(out, "%s", pair == node->data.mapping.pairs.start ? "" : ",\n");
            port_write_node(port, yaml_document_get_node(document, pair->key), out);
            buffer_append_text(out, ": ");
            port_write_node(port, yaml_document_get_node(document, pair->value), out);
        }
    }
    buffer_append(out, list ? "]" : "}", 1);
}
