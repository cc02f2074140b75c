/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - `mayfly`: builds, shows and runs unikernels. Picks the command; each has its own
 * file. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "command.h"
#include "interrupt.h"
#include "manual.h"
#include "report.h"
#include "workdir.h"

const char *argp_program_version = "mayfly " MAYFLY_VERSION;

/* In the order of `--help`. */
static const struct command *const commands[] = {
    &command_new, &command_build, &command_run,    &command_inspect, &command_pack,
    &command_key, &command_sign,  &command_verify, &command_ports,   NULL,
};

static const struct manual manual = {
    .summary = "Builds C programs as unikernels and runs them on the Mayfly hypervisor.",
    .examples = "mayfly build examples/hello -o hello.img\n"
                "mayfly run hello.img\n"
                "mayfly run -p 8080:80 examples/http\n",
    .commands = commands,
};

/* Hidden: what `make` writes the man pages and the completion of bash with. */
static int print_manual(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[2] : "";
    if (strcmp(what, "list") == 0) {
        puts("mayfly");
        for (size_t i = 0; commands[i] != NULL; i++) {
            printf("mayfly-%s\n", commands[i]->name);
        }
    } else if (strcmp(what, "completion") == 0) {
        manual_print_completion(&manual);
    } else if (manual_print_page(&manual, what) != 0) {
        report_error("no page for `%s`", what);
        return 64;
    }
    return 0;
}

/* The exit status, unless what was printed could not be written. */
static int written(int status)
{
    if (fflush(stdout) != 0) {
        report_error("cannot write to stdout");
        return 1;
    }
    return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    static char full_name[32];
    snprintf(full_name, sizeof(full_name), "mayfly %s", command->name);
    argv[0] = full_name;
    return written(command->run(argc, argv));
}

int main(int argc, char **argv)
{
    const char *name = argc < 2 ? "--help" : argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0 || strcmp(name, "-?") == 0) {
        manual_print_help(&manual, argc < 2 ? stderr : stdout);
        return written(argc < 2 ? 64 : 0);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts(argp_program_version);
        return written(0);
    }
    if (strcmp(name, "--manual") == 0) {
        return written(print_manual(argc, argv));
    }
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(name, commands[i]->name) == 0) {
            const int status = run_command(commands[i], argc - 1, argv + 1);
            workdir_remove();
            interrupt_finish();
            return status;
        }
    }
    report_error("there is no command `%s`: see `mayfly --help`", name);
    return 64;
}
