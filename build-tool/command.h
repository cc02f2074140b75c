/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - the commands of `mayfly`. Each is described once: `--help`, the man pages and the
 * completion of bash are all made from its struct (manual.h).
 */
#pragma once

#include <argp.h>

struct command {
    const char *name;
    const char *arguments; /* what `mayfly --help` shows behind the name */
    const char *summary;   /* one line */
    const struct argp *argp;

    /**
     * Gets its own arguments (argv[0] is "mayfly NAME") and returns the exit status: 0, or 1 after
     * an error that was reported (64 for wrong usage).
     */
    int (*run)(int argc, char **argv);
};

extern const struct command command_build;
extern const struct command command_inspect;
extern const struct command command_key;
extern const struct command command_new;
extern const struct command command_pack;
extern const struct command command_ports;
extern const struct command command_run;
extern const struct command command_sign;
extern const struct command command_verify;
