/* SPDX-License-Identifier: Apache-2.0 */
/* aligned.c - posix_memalign() on newlib's memalign(). */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    void *const p = memalign(alignment, bytes);
    if (p == NULL) {
        return ENOMEM;
    }
    *out = p;
    return 0;
}
