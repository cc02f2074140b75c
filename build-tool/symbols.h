/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.h - makes the symbol table of an image (struct mf_symtab of mayfly/image.h). */
#pragma once

#include "program.h"

/**
 * Appends the table of all functions of the program. Appends nothing when it has none. Functions
 * more than 4 GiB above the first are left out (an image is smaller).
 */
void symbols_build(const struct program *program, struct buffer *out);
