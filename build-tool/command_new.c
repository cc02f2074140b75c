/* SPDX-License-Identifier: Apache-2.0 */
/* command_new.c - `mayfly new`: a small project to start from. */
#include <argp.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buffer.h"
#include "command.h"
#include "manifest.h"
#include "report.h"

static const char main_c[] = "#include <stdio.h>\n"
                             "\n"
                             "int main(int argc, char **argv)\n"
                             "{\n"
                             "    printf(\"Hello from %s!\\n\", argc > 1 ? argv[1] : argv[0]);\n"
                             "    return 0;\n"
                             "}\n";

static const char manifest_end[] =
    "sources: [main.c]\n"
    "memory: 64M\n"
    "\n"
    "# cflags: [-O2, -Wall]\n"
    "# files: { ./www: /www }           # a read-only tree in the guest\n"
    "# args: [--verbose]\n"
    "# environment: { GREETING: hello }\n"
    "# ports: [\"8080:80\"]               # of the host : of the guest\n";

static const char gitignore[] = "*.img\n*.img.debug\n";

static error_t take_option(int key, char *value, struct argp_state *state)
{
    const char **folder = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*folder != NULL) {
            argp_error(state, "one project at a time: what is `%s`?", value);
        }
        *folder = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "say what it is to be called");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option table[] = {{NULL, 0, NULL, 0, NULL, 0}};

static const struct argp new_argp = {
    .options = table,
    .parser = take_option,
    .args_doc = "NAME",
    .doc =
        "Makes the folder NAME with a small project: mayfly.yaml, main.c and .gitignore. NAME may "
        "be a path; an existing folder is used only when it is empty."
        "\vExamples:\n"
        "  mayfly new greet\n"
        "  cd greet && mayfly build && mayfly run\n",
};

static int write_text(const char *folder, const char *name, const char *start, const char *text)
{
    struct buffer file = {0};
    char *path = alloc_format("%s/%s", folder, name);
    buffer_append_text(&file, "%s%s", start, text);
    const int status = buffer_write_file(&file, path, 0644);
    buffer_free(&file);
    free(path);
    return status;
}

/* rmdir() succeeds exactly when the folder is there and empty. */
static int make_folder(const char *folder)
{
    if (mkdir(folder, 0755) == 0) {
        return 0;
    }
    const int error = errno;
    if (error == EEXIST && rmdir(folder) == 0 && mkdir(folder, 0755) == 0) {
        return 0;
    }
    report_error("cannot make the folder %s: %s", folder,
                 error == EEXIST ? "there is something of that name" : strerror(error));
    return -1;
}

static void remove_project(const char *folder)
{
    static const char *const names[] = {"/" MANIFEST_FILE, "/main.c", "/.gitignore", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = alloc_format("%s%s", folder, names[i]);
        remove(path);
        free(path);
    }
}

/* All of it or nothing, so that it can be called again. */
static int write_project(const char *folder, const char *name)
{
    char *start = alloc_format("name: %s\n", name);
    const int status = write_text(folder, MANIFEST_FILE, start, manifest_end) != 0 ||
                       write_text(folder, "main.c", "", main_c) != 0 ||
                       write_text(folder, ".gitignore", "", gitignore) != 0;
    if (status != 0) {
        remove_project(folder);
    }
    free(start);
    return status;
}

static int run_new(int argc, char **argv)
{
    const char *folder = NULL;
    int status = 1;
    argp_parse(&new_argp, argc, argv, 0, NULL, &folder);
    char *copy = alloc_copy(folder);
    const char *name = basename(copy);
    if (!manifest_name_is_valid(name)) {
        report_error("`%s` is no name for an image: take a-z, 0-9, `.`, `_`, `-`, at most %d "
                     "characters, a letter or digit first",
                     name, MANIFEST_NAME_MAX);
    } else if (make_folder(folder) == 0 && write_project(folder, name) == 0) {
        report_note("made %s: `cd %s && mayfly build && mayfly run`", folder, folder);
        status = 0;
    }
    free(copy);
    return status;
}

const struct command command_new = {
    .name = "new",
    .arguments = "NAME",
    .summary = "make a small project to start from",
    .argp = &new_argp,
    .run = run_new,
};
