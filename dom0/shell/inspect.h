/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - the shell's commands that stop a guest and look into it: pause, resume, peek, poke, regs.
 */
#pragma once

#include <stdbool.h>

#include "guests/guest.h"
#include "guests/rights.h"

/**
 * The guest of this name, if it is created or running and its rights allow `needs`; else says why
 * not and returns NULL.
 */
struct guest *inspect_find(const char *name, enum rights_inspect needs);

/**
 * Carries out a command, words[0] being its name, and prints what comes of it. Returns false when
 * that is done; true: it calls done() later. There must not be another command meanwhile.
 */
bool inspect_run(int count, char *const words[], void (*done)(void));
