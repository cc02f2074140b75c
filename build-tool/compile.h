/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h - from the manifest's sources to a linked program. */
#pragma once

#include "manifest.h"

/**
 * Compiles and links with the SDK's compiler wrapper, in the folder of the manifest, several
 * sources at a time. Objects go to `folder`, as
 * 0.o, 1.o and so on, with the names of what each was made of in 0.d. The compiler's messages go to stderr. Returns the path
 * of the program (unstripped; the caller owns the string), or NULL (reported). For a manifest with
 * `elf:` it is just that file.
 */
char *compile_program(struct manifest *manifest, const char *folder);
