/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - see manifest.h. JSON by cJSON. */
#include "images/manifest.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "guests/rights.h"
#include "net/headers.h"

#define MEMORY_MAX_BYTES (1ull << 39) /* the guest's address space */

/* Appends `count` bytes to a list that grows. */
static bool append(char **list, uint32_t *bytes, const char *text, size_t count)
{
    char *grown = realloc(*list, *bytes + count);
    if (grown == NULL) {
        return false;
    }
    memcpy(grown + *bytes, text, count);
    *list = grown;
    *bytes += (uint32_t)count;
    return true;
}

static bool append_string(char **list, uint32_t *bytes, const char *text)
{
    return append(list, bytes, text, strlen(text) + 1);
}

static const char *take_args(struct manifest *m, const cJSON *json)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsString(item)) {
            return "args: a list of strings is needed";
        }
        if (!append_string(&m->args, &m->args_bytes, item->valuestring)) {
            return "no memory for the arguments";
        }
        m->arg_count++;
    }
    return NULL;
}

static const char *take_env(struct manifest *m, const cJSON *json)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsString(item) || item->string == NULL) {
            return "env: names with strings are needed";
        }
        if (!append(&m->env, &m->env_bytes, item->string, strlen(item->string)) ||
            !append(&m->env, &m->env_bytes, "=", 1) ||
            !append_string(&m->env, &m->env_bytes, item->valuestring)) {
            return "no memory for the environment";
        }
        m->env_count++;
    }
    return NULL;
}

static bool take_number(const cJSON *json, double high, double *out)
{
    if (!cJSON_IsNumber(json) || !(json->valuedouble >= 1) || json->valuedouble > high) {
        return false;
    }
    *out = json->valuedouble;
    return true;
}

static const char *take_ports(struct manifest *m, const cJSON *json)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        const cJSON *proto = cJSON_GetObjectItemCaseSensitive(item, "proto");
        const bool udp = cJSON_IsString(proto) && strcmp(proto->valuestring, "udp") == 0;
        double host, guest;
        if (!take_number(cJSON_GetObjectItemCaseSensitive(item, "host"), UINT16_MAX, &host) ||
            !take_number(cJSON_GetObjectItemCaseSensitive(item, "guest"), UINT16_MAX, &guest)) {
            return "ports: host and guest, from 1 to 65535, are needed";
        }
        if (m->port_count == LAUNCH_PORTS_MAX) {
            return "ports: at most 8 can be published";
        }
        m->ports[m->port_count++] = (struct launch_port){(uint16_t)host, (uint16_t)guest,
                                                         udp ? IP_PROTOCOL_UDP : IP_PROTOCOL_TCP};
    }
    return NULL;
}

static const char *take_fork(struct manifest *m, const cJSON *json)
{
    if (json == NULL) {
        return NULL;
    }
    if (!cJSON_IsNumber(json) || !(json->valuedouble >= 0) || json->valuedouble > LAUNCH_FORK_MAX) {
        return "fork: a number from 0 to 511 is needed";
    }
    m->has_fork_limit = true;
    m->fork_limit = (uint32_t)json->valuedouble;
    return NULL;
}

static const char *take_rights(struct manifest *m, const cJSON *json)
{
    const cJSON *const inspect = cJSON_GetObjectItemCaseSensitive(json, "inspect");
    const cJSON *const share = cJSON_GetObjectItemCaseSensitive(json, "share");

    if (inspect != NULL &&
        (!cJSON_IsString(inspect) || !rights_parse_inspect(inspect->valuestring, &m->inspect))) {
        return "inspect: no, read or write is needed";
    }
    if (share == NULL) {
        return NULL;
    }
    if (!cJSON_IsString(share) || !rights_share_is_valid(share->valuestring)) {
        return "share: names of guests with commas between them, * or no is needed";
    }
    m->share = strdup(share->valuestring);
    return m->share == NULL ? "no memory for the manifest" : NULL;
}

static const char *take_all(struct manifest *m, const cJSON *json)
{
    const cJSON *memory = cJSON_GetObjectItemCaseSensitive(json, "memory");
    double bytes = 0;

    if (!cJSON_IsObject(json)) {
        return "the manifest is not a JSON object";
    }
    if (memory != NULL && cJSON_IsNumber(memory) && memory->valuedouble > 0 &&
        !take_number(memory, (double)MEMORY_MAX_BYTES, &bytes)) {
        return "memory: at most 512 GiB";
    }
    m->memory_bytes = (uint64_t)bytes;
    const char *problem = take_args(m, cJSON_GetObjectItemCaseSensitive(json, "args"));
    if (problem == NULL) {
        problem = take_env(m, cJSON_GetObjectItemCaseSensitive(json, "env"));
    }
    if (problem == NULL) {
        problem = take_ports(m, cJSON_GetObjectItemCaseSensitive(json, "ports"));
    }
    if (problem == NULL) {
        problem = take_fork(m, cJSON_GetObjectItemCaseSensitive(json, "fork"));
    }
    if (problem == NULL) {
        problem = take_rights(m, json);
    }
    return problem;
}

void manifest_free(struct manifest *m)
{
    free(m->args);
    free(m->env);
    free(m->share);
    *m = (struct manifest){0};
}

const char *manifest_parse(struct manifest *m, const char *name, const char *text, size_t bytes)
{
    const char *problem = NULL;

    *m = (struct manifest){.arg_count = 1};
    if (!append_string(&m->args, &m->args_bytes, name)) {
        return "no memory for the arguments";
    }
    if (text != NULL) {
        cJSON *json = cJSON_ParseWithLength(text, bytes);
        problem = json == NULL ? "the manifest is not JSON" : take_all(m, json);
        cJSON_Delete(json);
    }
    if (problem != NULL) {
        manifest_free(m);
    }
    return problem;
}
