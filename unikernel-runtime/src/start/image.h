/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - the image's header (format: mayfly/image.h) as the running guest sees it. */
#pragma once

#include "mayfly/image.h"

extern const struct mf_image_header mf_image_header;

/** The header; the compiler must not take its values from image.c, they are filled in later. */
static inline const volatile struct mf_image_header *mf_image(void)
{
    return (const volatile struct mf_image_header *)&mf_image_header;
}
