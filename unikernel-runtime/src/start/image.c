/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - the header at the start of the image. The build tool fills in tables and sizes
 * later. */
#include "start/image.h"

#include "mayfly/abi.h"

const struct mf_image_header mf_image_header __attribute__((section(".mayfly.image"), used)) = {
    .magic = MF_IMAGE_MAGIC,
    .version = MF_IMAGE_VERSION,
    .runtime_version = "mayfly 0.1",
    .abi_version = HV_ABI_VERSION,
};
