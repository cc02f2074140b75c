/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports_key.c - what the build of a port depends on, as one hash.
 *
 * Of the recipe that is all but `summary` and `tests`. Of the recipe's own files, those that the
 * rest of it names ($support/FILE), and, as those may use others, all that no test names: a test's
 * script or settings can change without a build, but nothing is missed that a build may have read.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ports.h"
#include "report.h"

#define PATH_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-"

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/*
 * Adds what `text` names below the folder that it calls `variable`. Returns whether it names the whole
 * folder, or a pattern, too.
 */
static bool add_named(const char *text, const char *variable, struct strlist *names)
{
    const size_t length = strlen(variable);
    bool is_whole = false;

    for (const char *at = text; (at = strstr(at, variable)) != NULL;) {
        const bool begins = at == text || !is_of_word(at[-1]);
        at += length;
        if (!begins || is_of_word(*at)) {
            continue;
        }
        at += *at == '}';
        const size_t bytes = *at == '/' ? strspn(at + 1, PATH_CHARACTERS) : 0;
        if (bytes == 0 || (at[1 + bytes] != '\0' && strchr("*?[{$`", at[1 + bytes]) != NULL)) {
            is_whole = true;
        } else {
            strlist_addf(names, "./%.*s", (int)bytes, at + 1);
        }
    }
    return is_whole;
}

/* The fields of the recipe, of the tests or all others that count, as text that ends with NUL. */
static void write_fields(struct port *port, bool of_tests, struct buffer *out)
{
    yaml_document_t *document = &port->doc.document;
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const yaml_node_pair_t *pair = root->data.mapping.pairs.start;

    for (; pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        const char *name = (const char *)key->data.scalar.value;
        if (strcmp(name, "summary") != 0 && (strcmp(name, "tests") == 0) == of_tests) {
            port_write_node(port, key, out);
            port_write_node(port, yaml_document_get_node(document, pair->value), out);
            buffer_append(out, "\n", 1);
        }
    }
    buffer_append(out, "", 1);
}

/* The command that prints name and hash of each of the recipe's own files that counts. */
static void append_files(struct port *port, const char *fields, struct buffer *out)
{
    struct buffer tests = {0};
    struct strlist built = {0}, tested = {0};
    const bool is_whole = add_named(fields, "support", &built);

    write_fields(port, true, &tests);
    add_named((const char *)tests.data, "SUPPORT", &tested);
    buffer_append_text(out, "(cd ");
    buffer_append_quoted(out, port->support);
    buffer_append_text(out, " 2>/dev/null && { find . -type f");
    for (size_t i = 0; !is_whole && i < tested.count; i++) {
        buffer_append_text(out, " ! -path '%s'", tested.items[i]);
    }
    for (size_t i = 0; i < built.count; i++) {
        buffer_append_text(out, "; find '%s' -type f 2>/dev/null", built.items[i]);
    }
    buffer_append_text(out, "; } | LC_ALL=C sort -u | tr '\\n' '\\0' | xargs -0 -r sha256sum); ");
    strlist_free(&built);
    strlist_free(&tested);
    buffer_free(&tests);
}

char *port_key(struct port *port, const char *work)
{
    struct buffer fields = {0}, command = {0};

    write_fields(port, false, &fields);
    buffer_append_text(&command, "{ echo %s; printf %%s ", ports_sdk_hash());
    buffer_append_quoted(&command, (const char *)fields.data);
    buffer_append_text(&command, "; ");
    append_files(port, (const char *)fields.data, &command);
    for (unsigned i = 0; i < port->fields->needs_count; i++) {
        buffer_append_text(&command, "cat '%.*s/%s/key'; ", (int)(strrchr(work, '/') - work), work,
                           port->fields->needs[i]);
    }
    buffer_append_text(&command, "} | sha256sum");
    buffer_append(&command, "", 1);
    char key[65] = "";
    FILE *pipe = popen((const char *)command.data, "r");
    const bool read = pipe != NULL && fread(key, 1, 64, pipe) == 64;
    if (pipe != NULL) {
        pclose(pipe);
    }
    buffer_free(&command);
    buffer_free(&fields);
    if (!read) {
        report_error("cannot run sha256sum");
    }
    return read ? alloc_copy(key) : NULL;
}
