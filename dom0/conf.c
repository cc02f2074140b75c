/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - see conf.h. */
#include "conf.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/launch.h"
#include "net/bytes.h"
#include "text/words.h"

/* Each setter returns NULL, or what to write instead. */
struct setting {
    const char *key;
    const char *(*set)(struct conf *c, const char *value, uint32_t line);
};

static const char *set_start(struct conf *c, const char *value, uint32_t line)
{
    static char error[128];
    char copy[WORDS_LINE_BYTES], *words[WORDS_MAX];
    struct launch l;
    const char *problem;

    memcpy(copy, value, strlen(value) + 1);
    const int count = words_split(copy, words, &problem);
    if (count <= 0) {
        return problem != NULL ? problem : "write start = IMAGE [OPTION...] [ARGUMENT...]";
    }
    problem = launch_parse(&l, words, count, error);
    if (problem != NULL) {
        return problem;
    }
    struct conf_start *s = malloc(sizeof(*s) + strlen(value) + 1);
    if (s == NULL) {
        return "no memory";
    }
    *s = (struct conf_start){.line = line};
    memcpy(s->text, value, strlen(value) + 1);
    *(c->last_start != NULL ? &c->last_start->next : &c->starts) = s;
    c->last_start = s;
    return NULL;
}

/* ADDRESS/PREFIX */
static bool parse_prefix(const char *value, uint32_t *address, uint32_t *mask)
{
    const char *rest;
    uint64_t prefix;
    if (!words_ip4(value, '/', address, &rest) || *rest != '/' ||
        !words_number(rest + 1, 1, 32, &prefix)) {
        return false;
    }
    *mask = UINT32_MAX << (32 - prefix);
    return true;
}

static const char *set_net(struct conf *c, const char *value, uint32_t line)
{
    (void)line;
    if (strcmp(value, "dhcp") == 0) {
        c->net = CONF_NET_DHCP;
    } else if (strcmp(value, "none") == 0) {
        c->net = CONF_NET_NONE;
    } else if (parse_prefix(value, &c->uplink.address, &c->uplink.mask)) {
        c->net = CONF_NET_STATIC;
    } else {
        return "write net = dhcp, net = none, or an address such as net = 192.0.2.10/24";
    }
    return NULL;
}

static const char *set_address(const char *value, uint32_t *address)
{
    const char *rest;
    return words_ip4(value, 0, address, &rest) ? NULL : "write an address such as 192.0.2.1";
}

static const char *set_gateway(struct conf *c, const char *value, uint32_t line)
{
    (void)line;
    return set_address(value, &c->uplink.gateway);
}

static const char *set_dns(struct conf *c, const char *value, uint32_t line)
{
    (void)line;
    return set_address(value, &c->uplink.dns);
}

static const char *set_guest_net(struct conf *c, const char *value, uint32_t line)
{
    uint32_t net, mask;
    (void)line;
    if (!parse_prefix(value, &net, &mask) || (net & ~mask) != 0 || mask > 0xfffffffcu) {
        return "write a network such as guest-net = 10.77.0.0/16";
    }
    c->plan.net = net;
    c->plan.mask = mask;
    return NULL;
}

static const char *set_guest_net6(struct conf *c, const char *value, uint32_t line)
{
    uint8_t net6[8] = {0};
    const char *p = value;
    (void)line;
    for (int i = 0; i < 4 && isxdigit((unsigned char)*p); i++) {
        char *end;
        const unsigned long group = strtoul(p, &end, 16);
        if (group > UINT16_MAX || *end != ':') {
            break;
        }
        put16(net6 + 2 * i, (uint16_t)group);
        p = end + 1;
    }
    if (p == value || strcmp(p, ":/64") != 0) {
        return "write a network such as guest-net6 = fd77::/64";
    }
    memcpy(c->plan.net6, net6, sizeof(net6));
    return NULL;
}

/* Whatever is not a clear no means yes. */
static const char *set_require(struct conf *c, const char *value, uint32_t line)
{
    (void)line;
    c->require_signature = strcmp(value, "no") != 0;
    return !c->require_signature || strcmp(value, "yes") == 0
               ? NULL
               : "write require-signature = yes or require-signature = no; taken as yes";
}

static const char *set_key(struct conf *c, const char *value, uint32_t line)
{
    (void)line;
    if (c->key_count == CONF_KEYS_MAX) {
        return "too many keys: at most 16";
    }
    if (!signature_parse_key(c->keys[c->key_count], value, strlen(value))) {
        return "a key is 64 hexadecimal digits, as `mayfly key show` prints them";
    }
    c->key_count++;
    return NULL;
}

static const char *set_nothing(struct conf *c, const char *value, uint32_t line)
{
    (void)c, (void)value, (void)line; /* hv's own */
    return NULL;
}

static const struct setting settings[] = {
    {"start", set_start},
    {"net", set_net},
    {"gateway", set_gateway},
    {"dns", set_dns},
    {"guest-net", set_guest_net},
    {"guest-net6", set_guest_net6},
    {"dom0", set_nothing},
    {"require-signature", set_require},
    {"key", set_key},
};

/* Settings with two values. */
static const struct choice {
    const char *key, *no, *yes;
    size_t flag; /* where struct conf has it */
} choices[] = {
    {"console", "shell", "guest", offsetof(struct conf, console_guest)},
    {"console-input", "terminal", "stream", offsetof(struct conf, input_is_stream)},
    {"console-output", "terminal", "stream", offsetof(struct conf, output_is_stream)},
    {"guest-output", "log", "show", offsetof(struct conf, show_output)},
    {"exit-with-first", "0", "1", offsetof(struct conf, exit_with_first)},
    {"prefault", "no", "yes", offsetof(struct conf, prefault)},
};

static const char *choose(struct conf *c, const struct choice *of, const char *value)
{
    static char error[96];
    bool *const flag = (bool *)(void *)((char *)c + of->flag);

    *flag = strcmp(value, of->yes) == 0;
    snprintf(error, sizeof(error), "write %s = %s or %s = %s", of->key, of->no, of->key, of->yes);
    return *flag || strcmp(value, of->no) == 0 ? NULL : error;
}

static const char *set(struct conf *c, const char *key, const char *value, uint32_t line)
{
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        if (strcmp(choices[i].key, key) == 0) {
            return choose(c, &choices[i], value);
        }
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(settings[i].key, key) == 0) {
            return settings[i].set(c, value, line);
        }
    }
    return "there is no such setting; there are: start net gateway dns guest-net "
           "guest-net6 console console-input console-output guest-output exit-with-first prefault "
           "require-signature key dom0";
}

/* Cuts blanks off both ends. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = 0;
    return text;
}

static void parse_line(struct conf *c, char *text, uint32_t line, conf_complain_t complain)
{
    char *equals = strchr(text, '=');

    text = trim(text);
    if (*text == 0 || *text == '#') {
        return;
    }
    if (equals == NULL) {
        complain(line, "write `key = value`");
        return;
    }
    *equals = 0;
    const char *const problem = set(c, trim(text), trim(equals + 1), line);
    if (problem != NULL) {
        complain(line, problem);
    }
}

void conf_parse(struct conf *c, const char *text, size_t bytes, conf_complain_t complain)
{
    char buffer[WORDS_LINE_BYTES];
    uint32_t line = 0;

    *c = (struct conf){
        .plan = {.net = 0x0a4d0000u, .mask = 0xffff0000u, .net6 = {0xfd, 0x77}},
        .show_output = true,
        .prefault = true,
    };
    while (text != NULL && bytes > 0) {
        const char *end = memchr(text, '\n', bytes);
        const size_t length = end == NULL ? bytes : (size_t)(end - text);
        line++;
        if (length >= sizeof(buffer)) {
            complain(line, "the line is too long (at most 8191 characters)");
        } else {
            memcpy(buffer, text, length);
            buffer[length] = 0;
            parse_line(c, buffer, line, complain);
        }
        text += length + (end != NULL);
        bytes -= length + (end != NULL);
    }
    if (plan_is_inside(&c->plan, c->uplink.dns)) {
        c->plan.dns = c->uplink.dns;
    }
}

void conf_free(struct conf *c)
{
    while (c->starts != NULL) {
        struct conf_start *s = c->starts;
        c->starts = s->next;
        free(s);
    }
}
