/* SPDX-License-Identifier: Apache-2.0 */
/* command_ports.c - `mayfly ports`. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "command.h"
#include "ports.h"
#include "report.h"

struct ports_options {
    const char *action;
    struct strlist names; /* what stands behind the action */
    bool keep, quick, all, json;
};

enum { KEY_KEEP = 256, KEY_QUICK, KEY_ALL, KEY_JSON };

static const struct argp_option table[] = {
    {"keep", KEY_KEEP, NULL, 0, "build: leave the build tree", 0},
    {"quick", KEY_QUICK, NULL, 0, "test: without the tests that take long", 0},
    {"all", KEY_ALL, NULL, 0, "build, test: all ports", 0},
    {"json", KEY_JSON, NULL, 0, "list, info: for programs", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t take_option(int key, char *value, struct argp_state *state)
{
    struct ports_options *options = state->input;
    switch (key) {
    case KEY_KEEP:
        options->keep = true;
        return 0;
    case KEY_QUICK:
        options->quick = true;
        return 0;
    case KEY_ALL:
        options->all = true;
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->action == NULL) {
            options->action = value;
            return 0;
        }
        strlist_add(&options->names, value);
        /* What follows the program is its own. */
        while (strcmp(options->action, "run") == 0 && state->next < state->argc) {
            strlist_add(&options->names, state->argv[state->next++]);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ports_argp = {
    .options = table,
    .parser = take_option,
    .args_doc = "[list|info|build|test|run] [NAME...]",
    .doc =
        "Builds well-known programs and libraries from Debian's source packages, by recipes, and "
        "runs them as guests: `list` shows the ports, `info` one of them, `build` makes its "
        "libraries and images (and prints the images' names), `test` runs its tests, `run` boots "
        "its first program, or NAME:PROGRAM; what stands behind that are the guest's arguments."
        "\vThe sources are fetched from the Debian archive that apt uses here, and checked by "
        "SHA-256; everything lies in MAYFLY_CACHE (default: ~/.cache/mayfly). Recipes are in "
        "MAYFLY_PORTS (default: beside this program).\n"
        "\n"
        "Examples:\n"
        "  mayfly ports list\n"
        "  mayfly ports build zlib\n"
        "  mayfly ports run lua5.4 -e \"print(_VERSION)\"\n"
        "  mayfly ports test --quick redis\n",
};

/* ---- list and info ---------------------------------------------------------------------------- */

static size_t image_bytes(const struct port *port, const char *program)
{
    char *image = port_image(port, program);
    struct stat about;
    const size_t bytes = image != NULL && stat(image, &about) == 0 ? (size_t)about.st_size : 0;
    free(image);
    return bytes;
}

static json_t *as_json(const struct port *port)
{
    json_t *programs = json_array();
    for (size_t i = 0; i < port->guests.count; i++) {
        const char *name = port->guests.items[i];
        char *image = port_image(port, name);
        json_array_append_new(programs, json_pack("{s:s, s:s, s:I}", "name", name, "image", image,
                                                  "bytes", (json_int_t)image_bytes(port, name)));
        free(image);
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "name", port->name, "version",
                     port->fields->version, "source", port->fields->source, "summary",
                     port->fields->summary, "tests", (int)port->fields->tests_count, "programs",
                     programs);
}

static void print_info(struct port *port)
{
    printf("%s %s: %s\n", port->name, port->fields->version, port->fields->summary);
    printf("  recipe   %s\n  source   Debian's %s\n", port->path, port->fields->source);
    for (unsigned i = 0; i < port->fields->needs_count; i++) {
        printf("  needs    %s\n", port->fields->needs[i]);
    }
    for (size_t i = 0; i < port->guests.count; i++) {
        const char *name = port->guests.items[i];
        const size_t bytes = image_bytes(port, name);
        char *image = port_image(port, name);
        printf("  program  %s, %s", name, bytes == 0 ? "not built\n" : image);
        if (bytes != 0) {
            printf(", %zu bytes\n", bytes);
        }
        free(image);
    }
    if (port->fields->install_count > 0) {
        char *sysroot = ports_cache("sysroot");
        printf("  library  -I%s/include -L%s/lib\n", sysroot, sysroot);
        free(sysroot);
    }
    for (unsigned i = 0; i < port->fields->tests_count; i++) {
        const struct port_test *test = &port->fields->tests[i];
        printf("  test     %s%s\n", test->name, test->slow ? " (slow)" : "");
    }
}

static int show(const struct strlist *names, bool json, bool whole)
{
    json_t *list = json_array();
    int status = 0;
    for (size_t i = 0; i < names->count && status == 0; i++) {
        struct port port;
        status = port_load(&port, names->items[i]) != 0 ? 1 : 0;
        if (status != 0) {
            break;
        }
        if (json) {
            json_array_append_new(list, as_json(&port));
        } else if (whole) {
            print_info(&port);
        } else {
            printf("%-15s %-22s %s\n", port.name, port.fields->version, port.fields->summary);
        }
        port_free(&port);
    }
    if (json && status == 0) {
        json_dumpf(list, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(list);
    return status;
}

/* ---- build, test, run ------------------------------------------------------------------------- */

static int build_one(const char *name, const struct ports_options *options)
{
    struct port port;
    if (port_load(&port, name) != 0) {
        return 1;
    }
    const int status = port_build(&port, options->keep);
    for (size_t i = 0; status == 0 && i < port.guests.count; i++) {
        char *image = port_image(&port, port.guests.items[i]);
        puts(image);
        free(image);
    }
    port_free(&port);
    return status == 0 ? 0 : 1;
}

static int test_one(const char *name, const struct ports_options *options)
{
    struct port port;
    if (port_load(&port, name) != 0) {
        return 1;
    }
    const int failed = port_test(&port, options->quick);
    port_free(&port);
    return failed == 0 ? 0 : 1;
}

static int for_each(const struct ports_options *options,
                    int (*action)(const char *, const struct ports_options *))
{
    int status = 0;
    for (size_t i = 0; i < options->names.count; i++) {
        status |= action(options->names.items[i], options);
    }
    return status;
}

static int boot(struct port *port, const char *program, const struct strlist *words)
{
    if (program == NULL || port_program(port, program) == NULL) {
        report_error("%s has no such program: see `mayfly ports info %s`", port->name, port->name);
        return 1;
    }
    if (port_build(port, false) != 0) {
        return 1;
    }
    struct strlist argv = {0};
    char *image = port_image(port, program);
    strlist_add(&argv, "mayfly run");
    strlist_add(&argv, image);
    free(image);
    for (size_t i = 1; i < words->count; i++) {
        strlist_add(&argv, words->items[i]);
    }
    const int status = command_run.run((int)argv.count, argv.items);
    strlist_free(&argv);
    return status;
}

/* words[0] is NAME or NAME:PROGRAM. */
static int run_program(const struct strlist *words)
{
    char *name = alloc_copy(words->items[0]);
    char *program = strchr(name, ':');
    if (program != NULL) {
        *program++ = '\0';
    }
    struct port port;
    int status = 1;
    if (port_load(&port, name) == 0) {
        if (program == NULL && port.guests.count > 0) {
            program = port.guests.items[0];
        }
        status = boot(&port, program, words);
        port_free(&port);
    }
    free(name);
    return status;
}

static bool is_action(const char *word)
{
    static const char *const words[] = {"list", "info", "build", "test", "run"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    report_error("`mayfly ports` has list, info, build, test and run, not `%s`", word);
    return false;
}

static int act(struct ports_options *options)
{
    const char *action = options->action != NULL ? options->action : "list";
    const bool list = strcmp(action, "list") == 0;
    if (!is_action(action)) {
        return 64;
    }
    if ((list || options->all) && ports_names(&options->names) != 0) {
        return 1;
    }
    if (list) {
        return show(&options->names, options->json, false);
    }
    if (options->names.count == 0) {
        report_error("say which port: see `mayfly ports list`");
        return 64;
    }
    if (strcmp(action, "info") == 0) {
        return show(&options->names, options->json, true);
    }
    if (strcmp(action, "build") == 0) {
        return for_each(options, build_one);
    }
    if (strcmp(action, "test") == 0) {
        return for_each(options, test_one);
    }
    return run_program(&options->names);
}

static int run_ports(int argc, char **argv)
{
    struct ports_options options = {0};
    argp_parse(&ports_argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
    const int status = act(&options);
    strlist_free(&options.names);
    return status;
}

const struct command command_ports = {
    .name = "ports",
    .arguments = "[ACTION] [NAME...]",
    .summary = "build, test and run well-known programs",
    .argp = &ports_argp,
    .run = run_ports,
};
