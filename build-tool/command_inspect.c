/* SPDX-License-Identifier: Apache-2.0 */
/* command_inspect.c - `mayfly inspect`. */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "inspect.h"

struct inspect_options {
    const char *image;
    bool json;
};

static error_t take_option(int key, char *value, struct argp_state *state)
{
    struct inspect_options *options = state->input;
    switch (key) {
    case 'j':
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->image != NULL) {
            argp_error(state, "one image at a time: what is `%s`?", value);
        }
        options->image = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "say which image");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option table[] = {
    {"json", 'j', NULL, 0, "the same as JSON", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp inspect_argp = {
    .options = table,
    .parser = take_option,
    .args_doc = "IMAGE",
    .doc = "Shows what is in an image: its manifest, id and signature, layers with their sizes and "
           "hashes, "
           "files, the functions of POSIX that it uses, and what it was made of."
           "\vExamples:\n"
           "  mayfly inspect hello.img\n"
           "  mayfly inspect --json hello.img | jq .manifest\n",
};

static int run_inspect(int argc, char **argv)
{
    struct inspect_options options = {0};
    struct image_view view;
    argp_parse(&inspect_argp, argc, argv, 0, NULL, &options);
    if (image_view_load(&view, options.image) != 0) {
        return 1;
    }
    if (options.json) {
        json_t *all = inspect_json(&view);
        json_dumpf(all, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    } else {
        inspect_print(&view);
    }
    image_view_free(&view);
    return 0;
}

const struct command command_inspect = {
    .name = "inspect",
    .arguments = "IMAGE",
    .summary = "show what is in an image",
    .argp = &inspect_argp,
    .run = run_inspect,
};
