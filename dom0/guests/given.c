/* SPDX-License-Identifier: Apache-2.0 */
/* given.c - see given.h. */
#include "guests/given.h"

#include <stdlib.h>
#include <string.h>

#include "text/term.h"

struct given {
    uint32_t refs;
    uint32_t arg_count, args_bytes; /* argv[0] included; 0: the image's */
    uint32_t env_count, env_bytes;  /* besides the image's */
    char text[];                    /* arguments, environment: each with its NUL */
};

static uint32_t bytes_of(const char *const strings[], uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += strlen(strings[i]) + 1;
    }
    return (uint32_t)bytes;
}

static char *put_strings(char *at, const char *const strings[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const size_t bytes = strlen(strings[i]) + 1;
        memcpy(at, strings[i], bytes);
        at += bytes;
    }
    return at;
}

bool given_make(const struct launch *l, const struct image *image, struct given **out)
{
    const char *const name = image->name;
    const bool has_args = l->arg_count > 0;

    *out = NULL;
    if (!has_args && l->env_count == 0) {
        return true;
    }
    const uint32_t args_bytes = has_args ? bytes_of(&name, 1) + bytes_of(l->args, l->arg_count) : 0;
    const uint32_t env_bytes = bytes_of(l->env, l->env_count);
    struct given *const g = malloc(sizeof(*g) + args_bytes + env_bytes);
    if (g == NULL) {
        return false;
    }
    *g = (struct given){.refs = 1,
                        .arg_count = has_args ? 1 + l->arg_count : 0,
                        .args_bytes = args_bytes,
                        .env_count = l->env_count,
                        .env_bytes = env_bytes};
    char *at = has_args ? put_strings(g->text, &name, 1) : g->text;
    at = put_strings(at, l->args, l->arg_count);
    put_strings(at, l->env, l->env_count);
    *out = g;
    return true;
}

struct given *given_get(struct given *g)
{
    if (g != NULL) {
        g->refs++;
    }
    return g;
}

void given_put(struct given **at)
{
    if (*at != NULL && --(*at)->refs == 0) {
        free(*at);
    }
    *at = NULL;
}

bool given_is_same(const struct given *a, const struct given *b)
{
    if (a == b || a == NULL || b == NULL) {
        return a == b;
    }
    return a->arg_count == b->arg_count && a->args_bytes == b->args_bytes &&
           a->env_count == b->env_count && a->env_bytes == b->env_bytes &&
           memcmp(a->text, b->text, a->args_bytes + a->env_bytes) == 0;
}

struct infopage *given_make_page(const struct given *g, const struct image *image,
                                 const struct plan *plan, bool network)
{
    const struct manifest *const m = &image->manifest;
    struct info_strings s = {m->args,       m->env,       m->arg_count,
                             m->args_bytes, m->env_count, m->env_bytes};
    struct infopage *const page = malloc(sizeof(*page));
    char *env = NULL;
    bool ok = page != NULL;

    if (g != NULL && g->arg_count > 0) {
        s.args = g->text;
        s.arg_count = g->arg_count;
        s.args_bytes = g->args_bytes;
    }
    if (ok && g != NULL && g->env_count > 0) {
        env = malloc(g->env_bytes + m->env_bytes);
        ok = env != NULL;
        if (ok) {
            memcpy(env, g->text + g->args_bytes, g->env_bytes); /* first: it wins */
            if (m->env_bytes > 0) {
                memcpy(env + g->env_bytes, m->env, m->env_bytes);
            }
            s.env = env;
            s.env_count += g->env_count;
            s.env_bytes += g->env_bytes;
        }
    }
    ok = ok && infopage_make(page, plan, &s, network);
    free(env);
    if (!ok) {
        free(page);
        return NULL;
    }
    return page;
}

void given_print(const struct given *g)
{
    const char *at = g == NULL ? "" : g->text;
    for (uint32_t i = 0; g != NULL && i < g->arg_count; i++, at += strlen(at) + 1) {
        if (i > 0) {
            term_printf(" %s", at);
        }
    }
    for (uint32_t i = 0; g != NULL && i < g->env_count; i++, at += strlen(at) + 1) {
        term_printf(" env=%s", at);
    }
}
