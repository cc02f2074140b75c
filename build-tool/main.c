/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - `mayfly`: builds, shows and runs unikernels. Picks the command; each has its own file.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "command.h"
#include "interrupt.h"
#include "report.h"
#include "workdir.h"

const char *argp_program_version = "mayfly " MAYFLY_VERSION;

static const char help[] =
    "Usage: mayfly COMMAND [OPTION...] [ARGUMENT...]\n"
    "Builds C programs as unikernels and runs them on the Mayfly hypervisor.\n"
    "\n"
    "  build DIR         build the guest that DIR/mayfly.yaml describes\n"
    "  run DIR|IMAGE     boot it in QEMU, with its console here\n"
    "  inspect IMAGE     show what is in an image\n"
    "  pack ELF          package a program that is linked already\n"
    "\n"
    "Examples:\n"
    "  mayfly build examples/hello -o hello.img\n"
    "  mayfly run hello.img\n"
    "  mayfly run -p 8080:80 examples/http\n"
    "\n"
    "`mayfly COMMAND --help` tells more. `mayfly --version` prints the version.\n";

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"build", command_build},
    {"pack", command_pack},
    {"inspect", command_inspect},
    {"run", command_run},
};

static int run_command(const struct command *command, int argc, char **argv)
{
    static char full_name[32];
    snprintf(full_name, sizeof(full_name), "mayfly %s", command->name);
    argv[0] = full_name;
    const int status = command->run(argc, argv);
    if (fflush(stdout) != 0) {
        report_error("cannot write to stdout");
        return 1;
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc < 2 ? "--help" : argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0 || strcmp(name, "-?") == 0) {
        fputs(help, argc < 2 ? stderr : stdout);
        return argc < 2 ? 64 : 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts(argp_program_version);
        return 0;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            const int status = run_command(&commands[i], argc - 1, argv + 1);
            workdir_remove();
            interrupt_finish();
            return status;
        }
    }
    report_error("there is no command `%s`: see `mayfly --help`", name);
    return 64;
}
