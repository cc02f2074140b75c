/* SPDX-License-Identifier: Apache-2.0 */
/*
 * medium.h - the machine's store: finds the disk, formats a blank one, and knows what images hash
 * to. Errors as in catalogue.h.
 */
#pragma once

#include "images/image.h"
#include "store/catalogue.h"

/**
 * Reads the catalogue of the machine's store; every command begins with this, so nothing is kept
 * from one to the next. The first disk with a store is it, else the first blank one, which is
 * formatted and that said. Blocks.
 */
const char *medium_open(struct catalogue **catalogue);

/** SHA-256 of an image's file; reckoned once. Borrows. */
const uint8_t *medium_image_hash(const struct image *image);
