/* SPDX-License-Identifier: Apache-2.0 */
/* fake_domain.h - real domains (domain.c) without a processor that could run them. */
#pragma once

#include "fake.h"
#include "hv/domain.h"

struct fake_calls {
    uint32_t wake, forget;
    struct vcpu *woken; /* the last one */
    struct domain *last_domain;
    uint32_t irq_free;      /* how often */
    uint8_t vector;         /* the last one freed */
    struct domain *console; /* whose console was unbound last */
};

extern struct fake_calls fake_calls;

/** An empty domain; NULL: no memory. */
struct domain *fake_domain(void);

/** Destroys it as HC_DOM_DESTROY does, and drops the test's reference. */
void fake_domain_end(struct domain *d);
