/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_json.c - the manifest as it is put into an image. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "manifest.h"

static json_t *json_environment(const struct strlist *environment)
{
    json_t *object = json_object();
    for (size_t i = 0; i < environment->count; i++) {
        char *name = alloc_copy(environment->items[i]);
        char *value = strchr(name, '=');
        *value++ = '\0';
        json_object_set_new(object, name, json_string(value));
        free(name);
    }
    return object;
}

static json_t *json_ports(const struct manifest *manifest)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < manifest->fields->ports_count; i++) {
        const struct manifest_port *port = &manifest->ports[i];
        json_array_append_new(array,
                              json_pack("{s:i, s:i, s:s}", "host", (int)port->host, "guest",
                                        (int)port->guest, "proto", port->udp ? "udp" : "tcp"));
    }
    return array;
}

char *manifest_to_json(const struct manifest *manifest)
{
    json_t *args = json_array();
    for (unsigned i = 0; i < manifest->fields->args_count; i++) {
        json_array_append_new(args, json_string(manifest->fields->args[i]));
    }
    json_t *all = json_pack("{s:s, s:o, s:o, s:I, s:o}", "name", manifest->fields->name, "args",
                            args, "env", json_environment(&manifest->environment), "memory",
                            (json_int_t)manifest->memory_bytes, "ports", json_ports(manifest));
    if (manifest->fields->inspect != NULL) {
        json_object_set_new(all, "inspect", json_string(manifest->fields->inspect));
    }
    if (manifest->fields->share != NULL) {
        json_object_set_new(all, "share", json_string(manifest->fields->share));
    }
    if (manifest->fork_limit != MANIFEST_FORK_UNSET) {
        json_object_set_new(all, "fork", json_integer(manifest->fork_limit));
    }
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(all);
    return text;
}
