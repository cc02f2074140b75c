/* SPDX-License-Identifier: Apache-2.0 */
/* sys/file.h - flock(), as BSD has it; <fcntl.h> declares it. */
#pragma once

#include <fcntl.h>
