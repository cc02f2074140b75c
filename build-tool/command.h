/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - the commands of `mayfly`. Each gets its own arguments (argv[0] is "mayfly NAME") and
 * returns the exit status: 0, or 1 after an error that was reported (64 for wrong usage).
 */
#pragma once

int command_build(int argc, char **argv);
int command_pack(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_run(int argc, char **argv);
