/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h - moves a domain's memory to a body and back (body.h). Errors as
 * there. What it needs of templates that are still being read (lazy.h) is brought first. */
#pragma once

#include "store/body.h"
#include "store/index.h"

/** Writes what frozen domain `dom` has otherwise than frozen `base`. Zero pages take no space. */
const char *transfer_save(struct body_writer *w, uint32_t dom, uint32_t base);

/** Adds a body that is read by body_read_heads() to the index, as its next layer. */
const char *transfer_index(struct body_reader *r, struct index *x);

/**
 * Makes the changes of all layers in paused domain `dom`, but for content: pages that have some are
 * absent. On an error some of the changes are made.
 */
const char *transfer_promise(const struct index *x, uint32_t dom);

/** Makes the changes of a body in paused domain `dom`. On an error some of them are made. */
const char *transfer_load(struct body_reader *r, uint32_t dom);
