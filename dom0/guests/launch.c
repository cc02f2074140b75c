/* SPDX-License-Identifier: Apache-2.0 */
/* launch.c - see launch.h. */
#include "guests/launch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guests/rights.h"
#include "net/headers.h"
#include "text/words.h"

#define ERROR_BYTES 128
#define COUNT_MAX 131072

bool launch_name_is_valid(const char *name)
{
    size_t i = 0;
    for (; name[i] != 0; i++) {
        if (!isalnum((unsigned char)name[i]) && strchr("-_.", name[i]) == NULL) {
            return false;
        }
    }
    return i > 0 && i < LAUNCH_NAME_BYTES && name[0] != '-';
}

/* A port number; *text moves behind it. */
static bool take_port(const char **text, uint16_t *port)
{
    uint32_t value = 0;
    const char *p = *text;
    for (; isdigit((unsigned char)*p) && value <= UINT16_MAX; p++) {
        value = value * 10 + (uint32_t)(*p - '0');
    }
    *text = p;
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

/* HOST:GUEST[/tcp|/udp], or PORT for both. */
static bool parse_port(const char *text, struct launch_port *port)
{
    struct launch_port p = {.protocol = IP_PROTOCOL_TCP};
    if (!take_port(&text, &p.host)) {
        return false;
    }
    p.guest = p.host;
    if (*text == ':' && (text++, !take_port(&text, &p.guest))) {
        return false;
    }
    if (strcmp(text, "/udp") == 0) {
        p.protocol = IP_PROTOCOL_UDP;
    } else if (*text != 0 && strcmp(text, "/tcp") != 0) {
        return false;
    }
    *port = p;
    return true;
}

static bool set_net(const char *value, enum launch_net *net)
{
    *net = strcmp(value, "yes") == 0 ? LAUNCH_NET_YES : LAUNCH_NET_NO;
    return *net == LAUNCH_NET_YES || strcmp(value, "no") == 0;
}

static bool set_output(const char *value, bool *is_quiet)
{
    *is_quiet = strcmp(value, "log") == 0;
    return *is_quiet || strcmp(value, "show") == 0;
}

static bool add_port(struct launch *l, const char *value)
{
    return l->port_count < LAUNCH_PORTS_MAX && parse_port(value, &l->ports[l->port_count]) &&
           ++l->port_count > 0;
}

static bool add_env(struct launch *l, const char *value)
{
    if (l->env_count == LAUNCH_ENV_MAX || *value == '=' || strchr(value, '=') == NULL) {
        return false;
    }
    l->env[l->env_count++] = value;
    return true;
}

static bool set_number(const char *value, uint32_t high, uint32_t *out)
{
    uint64_t number;
    if (!words_number(value, 1, high, &number)) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

static bool set_fork(struct launch *l, const char *value)
{
    uint64_t number;
    l->has_fork_limit = words_number(value, 0, LAUNCH_FORK_MAX, &number);
    l->fork_limit = l->has_fork_limit ? (uint32_t)number : 0;
    return l->has_fork_limit;
}

/* Takes one word as an option. Returns false when it is none. *form: set when its value is
 * wrong. */
static bool take_option(struct launch *l, const char *word, const char **form)
{
    const char *v;
    if ((v = words_value(word, "name")) != NULL) {
        l->name = v;
        *form = launch_name_is_valid(v) ? NULL : "name=NAME (letters, digits, - _ .)";
    } else if ((v = words_value(word, "memory")) != NULL) {
        *form = words_size(v, &l->memory_bytes) ? NULL : "memory=SIZE, such as memory=16M";
    } else if ((v = words_value(word, "publish")) != NULL) {
        *form = add_port(l, v) ? NULL : "publish=HOSTPORT:GUESTPORT[/udp], at most 8 times";
    } else if ((v = words_value(word, "net")) != NULL) {
        *form = set_net(v, &l->net) ? NULL : "net=yes or net=no";
    } else if ((v = words_value(word, "output")) != NULL) {
        *form = set_output(v, &l->is_quiet) ? NULL : "output=show or output=log";
    } else if ((v = words_value(word, "env")) != NULL) {
        *form = add_env(l, v) ? NULL : "env=NAME=VALUE, at most 16 times";
    } else if ((v = words_value(word, "weight")) != NULL) {
        *form = set_number(v, 10000, &l->weight) ? NULL : "weight=1 to weight=10000";
    } else if ((v = words_value(word, "cap")) != NULL) {
        *form = set_number(v, 100, &l->cap_percent) ? NULL : "cap=1 to cap=100 (percent)";
    } else if ((v = words_value(word, "fork")) != NULL) {
        *form = set_fork(l, v) ? NULL : "fork=0 to fork=511 (children at a time)";
    } else if ((v = words_value(word, "inspect")) != NULL) {
        *form = rights_parse_inspect(v, &l->inspect) ? NULL : "inspect=no, =read or =write";
    } else if ((v = words_value(word, "share")) != NULL) {
        l->share = v;
        *form = rights_share_is_valid(v) ? NULL : "share=NAME[,NAME...], share=* or share=no";
    } else if ((v = words_value(word, "count")) != NULL) {
        *form = set_number(v, COUNT_MAX, &l->count) ? NULL : "count=1 to count=131072";
    } else {
        return false;
    }
    return true;
}

const char *launch_parse(struct launch *l, char *const words[], int count, char error[ERROR_BYTES])
{
    const char *form = NULL;
    int i = 1;

    *l = (struct launch){.image = words[0], .count = 1};
    while (i < count && take_option(l, words[i], &form)) {
        if (form != NULL) {
            snprintf(error, ERROR_BYTES, "'%.40s': write %s", words[i], form);
            return error;
        }
        i++;
    }
    if (l->count > 1 && l->name != NULL) {
        snprintf(error, ERROR_BYTES, "write either name= or count=");
        return error;
    }
    if (i < count && strcmp(words[i], "--") == 0) {
        i++;
    }
    l->args = (const char *const *)words + i;
    l->arg_count = (uint32_t)(count - i);
    return NULL;
}
