// SPDX-License-Identifier: Apache-2.0
// memory: 16M
// malloc() knows the guest's memory limit: what cannot fit is refused, not granted and killed for.
#include "tap.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
    char *too_much = malloc(64u << 20);
    char *fits = malloc(8u << 20);

    tap_check(too_much == NULL, "64 MiB are refused");
    tap_check(fits != NULL, "8 MiB are granted");
    if (fits != NULL) {
        memset(fits, 1, 8u << 20);
        tap_check(fits[(8u << 20) - 1] == 1, "and can be used");
    }
    return tap_done();
}
