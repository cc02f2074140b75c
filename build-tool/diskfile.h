/* SPDX-License-Identifier: Apache-2.0 */
/* diskfile.h - the file behind the machine's disk: `mayfly run --disk FILE[:SIZE]`. */
#pragma once

#include <stdbool.h>

/**
 * The FILE of FILE[:SIZE], which the caller frees. When there is no such file and `create` is true,
 * it is made: SIZE bytes of zeros (64M and the like), sparse. One that is there stays as it is,
 * whatever SIZE says. Returns NULL on an error (reported).
 */
char *diskfile_open(const char *text, bool create);
