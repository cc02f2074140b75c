/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h - moves a domain's memory to a body and back (body.h). Errors as there. */
#pragma once

#include "body.h"

/** Writes what frozen domain `dom` has otherwise than frozen `base`. Zero pages take no space. */
const char *transfer_save(struct body_writer *w, uint32_t dom, uint32_t base);

/** Makes the changes of a body in paused domain `dom`. On an error some of them are made. */
const char *transfer_load(struct body_reader *r, uint32_t dom);
