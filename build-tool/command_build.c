/* SPDX-License-Identifier: Apache-2.0 */
/* command_build.c - `mayfly build` and `mayfly pack`. */
#include <argp.h>
#include <jansson.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "build.h"
#include "command.h"
#include "manifest.h"
#include "report.h"

struct build_options {
    const char *input, *out, *name;
    bool json, may_be_here; /* no argument: this folder */
};

static error_t take_option(int key, char *value, struct argp_state *state)
{
    struct build_options *options = state->input;
    switch (key) {
    case 'o':
        options->out = value;
        return 0;
    case 'n':
        options->name = value;
        return 0;
    case 'j':
        options->json = true;
        return 0;
    case 'k':
        setenv(BUILD_KEY_VARIABLE, value, 1); /* build.h */
        return 0;
    case ARGP_KEY_ARG:
        if (options->input != NULL) {
            argp_error(state, "one at a time: what is `%s`?", value);
        }
        if (value[0] == '\0') {
            argp_error(state, "the name is empty");
        }
        options->input = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!options->may_be_here || access(MANIFEST_FILE, F_OK) != 0) {
            argp_error(state, "say what to build");
        }
        options->input = ".";
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int finish(const struct build_options *options, struct build_result *result)
{
    if (options->json) {
        json_t *all =
            json_pack("{s:s, s:s, s:s, s:I}", "name", result->name, "image", result->image, "debug",
                      result->debug, "bytes", (json_int_t)result->image_bytes);
        json_dumpf(all, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    } else if (isatty(STDOUT_FILENO)) {
        printf("%s: %zu KiB\n", result->image, (result->image_bytes + 1023) / 1024);
    }
    build_result_free(result);
    return 0;
}

/* ---- build ---------------------------------------------------------------------------------- */

static const struct argp_option build_table[] = {
    {"output", 'o', "FILE", 0, "write the image to FILE (default: NAME.img here)", 0},
    {"key", 'k', "FILE", 0, "sign the image with this key (default: $" BUILD_KEY_VARIABLE ")", 0},
    {"json", 'j', NULL, 0, "say what was made as JSON", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp build_argp = {
    .options = build_table,
    .parser = take_option,
    .args_doc = "[DIR]",
    .doc = "Builds the guest that DIR/mayfly.yaml (default: mayfly.yaml here) describes into an "
           "image that Mayfly boots."
           "\vA mayfly.yaml:\n"
           "\n"
           "  name: web\n"
           "  sources: [main.c, \"lib/*.c\"]\n"
           "  cflags: [-O2, -DPORT=80]\n"
           "  files: { ./www: /www }\n"
           "  memory: 64M\n"
           "  args: [--verbose]\n"
           "  environment: { GREETING: hello }\n"
           "  ports: [\"8080:80\"]\n"
           "\n"
           "The same input gives the same image, bit by bit. FILE.debug is the program with its "
           "symbols, for gdb.\n"
           "\n"
           "Environment: MAYFLY_SDK is the folder of the compiler (default: ../sdk beside this "
           "program), SOURCE_DATE_EPOCH the time of the build, which __DATE__ and the files in the "
           "image have at most (default: 0), "
           "MAYFLY_KEY "
           "the key to sign with (default: none; see `mayfly key`).\n"
           "\n"
           "Examples:\n"
           "  mayfly build examples/hello\n"
           "  mayfly build --json -o /tmp/web.img web\n",
};

static int run_build(int argc, char **argv)
{
    struct build_options options = {.may_be_here = true};
    struct build_result result = {0};
    argp_parse(&build_argp, argc, argv, 0, NULL, &options);
    if (build_folder(options.input, options.out, &result) != 0) {
        return 1;
    }
    return finish(&options, &result);
}

const struct command command_build = {
    .name = "build",
    .arguments = "[DIR]",
    .summary = "build the guest that DIR/mayfly.yaml describes",
    .argp = &build_argp,
    .run = run_build,
};

/* ---- pack ----------------------------------------------------------------------------------- */

static const struct argp_option pack_table[] = {
    {"output", 'o', "FILE", 0, "write the image to FILE (default: NAME.img here)", 0},
    {"name", 'n', "NAME", 0, "the name in its manifest (default: from the file's name)", 0},
    {"key", 'k', "FILE", 0, "sign the image with this key (default: $" BUILD_KEY_VARIABLE ")", 0},
    {"json", 'j', NULL, 0, "say what was made as JSON", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp pack_argp = {
    .options = pack_table,
    .parser = take_option,
    .args_doc = "ELF",
    .doc = "Packages a program that is linked already (by x86_64-mayfly-elf-gcc): adds the symbol "
           "table and a manifest with nothing but a name."
           "\vExamples:\n"
           "  x86_64-mayfly-elf-gcc hello.c -o hello.elf\n"
           "  mayfly pack hello.elf -o hello.img\n",
};

/* The file's name without its folder and what follows the first dot. */
static char *name_of_file(const char *path)
{
    char *copy = alloc_copy(path);
    char *name = alloc_copy(basename(copy));
    name[strcspn(name, ".")] = '\0';
    free(copy);
    return name;
}

static int run_pack(int argc, char **argv)
{
    struct build_options options = {0};
    struct build_result result = {0};
    argp_parse(&pack_argp, argc, argv, 0, NULL, &options);
    char *name = options.name != NULL ? alloc_copy(options.name) : name_of_file(options.input);
    int status = 1;
    if (!manifest_name_is_valid(name)) {
        report_error(
            "`%s` is no name for an image: give one of a-z, 0-9, `.`, `_`, `-` with --name", name);
    } else if (build_program(options.input, name, options.out, &result) == 0) {
        status = finish(&options, &result);
    }
    free(name);
    return status;
}

const struct command command_pack = {
    .name = "pack",
    .arguments = "ELF",
    .summary = "package a program that is linked already",
    .argp = &pack_argp,
    .run = run_pack,
};
