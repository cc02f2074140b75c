/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.c - see manifest.h. Three steps: libyaml's tree (syntax, unknown and repeated keys, with
 * exact places), libcyaml with the schema below (types, required fields), then what only we know.
 */
#include "manifest.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "guest_path.h"
#include "report.h"

static const cyaml_schema_value_t string_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

#define FIELD_STRING(name, flags)                                                                  \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | (flags), struct manifest_fields, name, 1,   \
                           CYAML_UNLIMITED)
#define FIELD_LIST(name)                                                                           \
    CYAML_FIELD_SEQUENCE(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct manifest_fields,  \
                         name, &string_schema, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t fields_schema[] = {
    FIELD_STRING(name, CYAML_FLAG_DEFAULT),
    FIELD_LIST(sources),
    FIELD_LIST(cflags),
    FIELD_LIST(ldflags),
    FIELD_LIST(libs),
    FIELD_STRING(elf, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("files", CYAML_FLAG_OPTIONAL), /* list or mapping: take_file() */
    FIELD_STRING(memory, CYAML_FLAG_OPTIONAL),
    FIELD_LIST(args),
    CYAML_FIELD_IGNORE("environment", CYAML_FLAG_OPTIONAL), /* likewise: take_variable() */
    FIELD_LIST(ports),
    FIELD_STRING(inspect, CYAML_FLAG_OPTIONAL),
    FIELD_STRING(share, CYAML_FLAG_OPTIONAL),
    FIELD_STRING(fork, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t manifest_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct manifest_fields, fields_schema),
};

/* ---- loading by the schema ---------------------------------------------------------------- */

/* libcyaml logs an error as one line, "Backtrace:", and places from the inside out; we keep two. */
struct cyaml_message {
    char *what;
    unsigned long line, column;
};

static void cyaml_say(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct cyaml_message *message = context;
    char *text = NULL;
    if (level < CYAML_LOG_ERROR || vasprintf(&text, format, arguments) < 0) {
        return;
    }
    text[strcspn(text, "\n")] = '\0';
    const char *place = strstr(text, "(line: ");
    if (place != NULL && message->line == 0) {
        sscanf(place, "(line: %lu, column: %lu)", &message->line, &message->column);
    } else if (message->what == NULL && strstr(text, "Backtrace:") == NULL) {
        message->what = alloc_copy(strncmp(text, "Load: ", 6) == 0 ? text + 6 : text);
    }
    free(text);
}

static cyaml_config_t cyaml_config(struct cyaml_message *message)
{
    return (cyaml_config_t){
        .log_fn = cyaml_say,
        .log_ctx = message,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
    };
}

static const char *cyaml_advice(const char *what)
{
    if (what == NULL) {
        return "it cannot be read";
    }
    if (strncmp(what, "Expecting SEQUENCE", 18) == 0) {
        return "expected a list: [a, b] or lines that start with `- `";
    }
    if (strncmp(what, "Expecting STRING", 16) == 0) {
        return "expected a single value here";
    }
    if (strncmp(what, "STRING length < ", 16) == 0) {
        return "a value is missing here";
    }
    return what;
}

static int load_fields(struct manifest *manifest, const struct buffer *text)
{
    struct cyaml_message message = {0};
    const cyaml_config_t config = cyaml_config(&message);
    const cyaml_err_t error = cyaml_load_data(text->data, text->bytes, &config, &manifest_schema,
                                              (cyaml_data_t **)&manifest->fields, NULL);
    if (error != CYAML_OK) {
        const char *what = message.what != NULL ? message.what : cyaml_strerror(error);
        report_error_at(manifest->path, message.line == 0 ? 1 : message.line,
                        message.column == 0 ? 1 : message.column, "%s", cyaml_advice(what));
    }
    free(message.what);
    return error == CYAML_OK ? 0 : -1;
}

/* ---- keys --------------------------------------------------------------------------------- */

static bool key_is_known(const char *key)
{
    for (const cyaml_schema_field_t *field = fields_schema; field->key != NULL; field++) {
        if (strcmp(field->key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* What the same thing is called in a Kraftfile, in compose, or by mistake. */
static const char *key_meant(const char *key)
{
    static const char *const rows[][2] = {
        {"cmd", "args"},         {"command", "args"},
        {"arguments", "args"},   {"env", "environment"},
        {"volumes", "files"},    {"rootfs", "files"},
        {"mem_limit", "memory"}, {"mem", "memory"},
        {"source", "sources"},   {"srcs", "sources"},
        {"kernel", "elf"},       {"image", "elf"},
        {"libraries", "libs"},   {"port", "ports"},
        {"publish", "ports"},    {"container_name", "name"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i][0], key) == 0) {
            return rows[i][1];
        }
    }
    return NULL;
}

static void report_key(struct manifest *manifest, const yaml_node_t *at, const char *key)
{
    const char *meant = key_meant(key);
    if (meant != NULL) {
        yamldoc_error(&manifest->doc, at, "there is no field `%s`: write `%s`", key, meant);
    } else {
        yamldoc_error(&manifest->doc, at,
                      "there is no field `%s`; the fields are name, sources, cflags, ldflags, "
                      "libs, elf, files, memory, args, environment, ports, inspect, share and "
                      "fork",
                      key);
    }
}

/* libcyaml reports these two at the value before them. */
static int check_keys(struct manifest *manifest)
{
    yaml_document_t *document = &manifest->doc.document;
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
    for (; pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        const char *text =
            key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : "";
        if (!key_is_known(text)) {
            report_key(manifest, key, text);
            return -1;
        }
        if (yamldoc_value(&manifest->doc, text) != yaml_document_get_node(document, pair->value)) {
            yamldoc_error(&manifest->doc, key, "the field `%s` stands here twice", text);
            return -1;
        }
    }
    if (yamldoc_value(&manifest->doc, "name") == NULL) {
        yamldoc_error(&manifest->doc, root, "a name is missing: add a line like `name: hello`");
        return -1;
    }
    return 0;
}

/* ---- what only we know ---------------------------------------------------------------------- */

void manifest_error(struct manifest *manifest, const char *field, size_t index, const char *text)
{
    yaml_node_t *node = yamldoc_value(&manifest->doc, field);
    yamldoc_error(&manifest->doc, yamldoc_entry(&manifest->doc, node, index), "%s", text);
}

bool manifest_name_is_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t length = strlen(name);
    return length > 0 && length <= MANIFEST_NAME_MAX && strspn(name, letters) == length &&
           strchr("._-", name[0]) == NULL;
}

uint64_t manifest_parse_size(const char *text)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0},    {"b", 0},    {"k", 10}, {"kb", 10}, {"kib", 10}, {"m", 20},
                 {"mb", 20}, {"mib", 20}, {"g", 30}, {"gb", 30}, {"gib", 30}};
    char *end = NULL;
    errno = 0;
    if (text[0] < '0' || text[0] > '9') {
        return 0;
    }
    const unsigned long long number = strtoull(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && errno == 0; i++) {
        if (strcasecmp(end, units[i].unit) == 0) {
            return number > UINT64_MAX >> units[i].shift ? 0 : number << units[i].shift;
        }
    }
    return 0;
}

static const char *parse_port_number(const char **text, uint16_t *port)
{
    char *end = NULL;
    if (**text < '0' || **text > '9') {
        return "expected HOST:GUEST, like 8080:80 or 5353:53/udp";
    }
    const unsigned long number = strtoul(*text, &end, 10);
    if (number == 0 || number > 65535) {
        return "a port is a number from 1 to 65535";
    }
    *port = (uint16_t)number;
    *text = end;
    return NULL;
}

const char *manifest_parse_port(const char *text, struct manifest_port *port)
{
    const char *wrong = parse_port_number(&text, &port->host);
    if (wrong != NULL) {
        return wrong;
    }
    if (*text++ != ':') {
        return "expected HOST:GUEST, like 8080:80 or 5353:53/udp";
    }
    wrong = parse_port_number(&text, &port->guest);
    port->udp = strcmp(text, "/udp") == 0;
    if (wrong == NULL && text[0] != '\0' && !port->udp && strcmp(text, "/tcp") != 0) {
        return "after the ports only /tcp or /udp may stand";
    }
    return wrong;
}

static int take_ports(struct manifest *manifest)
{
    const struct manifest_fields *fields = manifest->fields;
    manifest->ports = alloc_zeroed(fields->ports_count * sizeof(struct manifest_port));
    for (unsigned i = 0; i < fields->ports_count; i++) {
        struct manifest_port *port = &manifest->ports[i];
        const char *wrong = manifest_parse_port(fields->ports[i], port);
        for (unsigned j = 0; j < i && wrong == NULL; j++) {
            if (manifest->ports[j].host == port->host && manifest->ports[j].udp == port->udp) {
                wrong = "this host port is published above already";
            }
        }
        if (wrong != NULL) {
            manifest_error(manifest, "ports", i, wrong);
            return -1;
        }
    }
    return 0;
}

static int take_memory(struct manifest *manifest)
{
    const char *text = manifest->fields->memory;
    manifest->memory_bytes = text == NULL ? MANIFEST_MEMORY_DEFAULT : manifest_parse_size(text);
    if (manifest->memory_bytes < MANIFEST_MEMORY_MIN ||
        manifest->memory_bytes > MANIFEST_MEMORY_MAX) {
        manifest_error(manifest, "memory", 0, "expected a size from 256K to 256G, like 64M");
        return -1;
    }
    return 0;
}

static int take_variable(void *context, yaml_node_t *at, const char *name, const char *value)
{
    struct manifest *manifest = context;
    const size_t length = strlen(name);
    if (length == 0 || strchr(name, '=') != NULL) {
        yamldoc_error(&manifest->doc, at, "this is no name of a variable: `%s`", name);
        return -1;
    }
    if (value == NULL) {
        yamldoc_error(&manifest->doc, at,
                      "`%s` has no value (images are reproducible, so none is taken from your own "
                      "environment): write `%s=value`",
                      name, name);
        return -1;
    }
    for (size_t i = 0; i < manifest->environment.count; i++) {
        const char *other = manifest->environment.items[i];
        if (strncmp(other, name, length) == 0 && other[length] == '=') {
            yamldoc_error(&manifest->doc, at, "the variable `%s` stands here twice", name);
            return -1;
        }
    }
    strlist_addf(&manifest->environment, "%s=%s", name, value);
    return 0;
}

static int take_file(void *context, yaml_node_t *at, const char *host, const char *guest)
{
    struct manifest *manifest = context;
    char *clean = guest == NULL ? NULL : guest_path_clean(guest);
    if (clean == NULL) {
        yamldoc_error(&manifest->doc, at,
                      "expected a path of the host and an absolute path in the guest, like "
                      "`./www: /www`%s",
                      guest != NULL && strstr(guest, "..") != NULL ? " (without `..`)" : "");
        return -1;
    }
    manifest->files =
        alloc_array(manifest->files, manifest->files_count + 1, sizeof(struct manifest_file));
    manifest->files[manifest->files_count++] = (struct manifest_file){
        .host = host[0] == '/' ? alloc_copy(host) : alloc_format("%s/%s", manifest->dir, host),
        .guest = clean,
        .at = at,
    };
    return 0;
}

static int check_program(struct manifest *manifest)
{
    const struct manifest_fields *fields = manifest->fields;
    if (!manifest_name_is_valid(fields->name)) {
        manifest_error(
            manifest, "name", 0,
            "a name is made of a-z, 0-9, `.`, `_` and `-`, starts with a letter or digit "
            "and has at most 47 characters");
        return -1;
    }
    if (fields->elf != NULL && fields->sources_count > 0) {
        manifest_error(manifest, "elf", 0, "there are `sources` too: keep one of the two");
        return -1;
    }
    if (fields->elf == NULL && fields->sources_count == 0) {
        const bool empty = yamldoc_value(&manifest->doc, "sources") != NULL;
        manifest_error(manifest, empty ? "sources" : "name", 0,
                       "nothing to build: add `sources: [main.c]`, or `elf: PROGRAM`");
        return -1;
    }
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static int load_text(struct manifest *manifest, const struct buffer *text)
{
    if (yamldoc_parse(&manifest->doc, manifest->path, text) != 0) {
        return -1;
    }
    if (check_keys(manifest) == 0 && load_fields(manifest, text) == 0 &&
        check_program(manifest) == 0 && take_memory(manifest) == 0 && take_ports(manifest) == 0 &&
        manifest_take_rights(manifest) == 0 &&
        yamldoc_pairs(&manifest->doc, "environment", '=', take_variable, manifest) == 0 &&
        yamldoc_pairs(&manifest->doc, "files", ':', take_file, manifest) == 0) {
        strlist_sort(&manifest->environment);
        return 0;
    }
    yamldoc_free(&manifest->doc);
    return -1;
}

static void free_fields(struct manifest *manifest)
{
    struct cyaml_message message = {0};
    const cyaml_config_t config = cyaml_config(&message);
    cyaml_free(&config, &manifest_schema, manifest->fields, 0);
    free(message.what);
    strlist_free(&manifest->environment);
    for (size_t i = 0; i < manifest->files_count; i++) {
        free(manifest->files[i].host);
        free(manifest->files[i].guest);
    }
    free(manifest->files);
    free(manifest->ports);
    free(manifest->path);
    free(manifest->dir);
    *manifest = (struct manifest){0};
}

int manifest_load(struct manifest *manifest, const char *dir)
{
    *manifest = (struct manifest){
        .path = alloc_format("%s/%s", dir, MANIFEST_FILE),
        .dir = alloc_copy(dir),
    };
    struct buffer text = {0};
    struct stat about;
    int result = -1;
    if (stat(dir, &about) == 0 && !S_ISDIR(about.st_mode)) {
        report_error("%s is a file: say the folder that its %s is in", dir, MANIFEST_FILE);
    } else if (stat(manifest->path, &about) != 0) {
        report_error("cannot open %s: %s (a guest's folder needs this file; see `mayfly build "
                     "--help`)",
                     manifest->path, strerror(errno));
    } else if (buffer_read_file(&text, manifest->path) == 0) {
        result = load_text(manifest, &text);
    }
    buffer_free(&text);
    if (result != 0) {
        free_fields(manifest);
    }
    return result;
}

void manifest_free(struct manifest *manifest)
{
    yamldoc_free(&manifest->doc);
    free_fields(manifest);
}
