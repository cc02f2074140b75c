/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_domain.c - what domain.c, handle.c and event.c need from the scheduler and the processor,
 * for tests that run no vCPU: wake-ups are counted, everything else only notes that it was called.
 */
#include "fake_domain.h"

#include "hv/cpu.h"
#include "hv/report.h"

struct fake_calls fake_calls;

void fpu_init(struct vcpu *v)
{
    v->fpu_cpu = -1;
}

void fpu_copy(struct vcpu *to, struct vcpu *from)
{
    for (size_t i = 0; i < sizeof(to->fpu); i++) {
        to->fpu[i] = from->fpu[i];
    }
}

void irq_free(uint8_t vector)
{
    fake_calls.irq_free++;
    fake_calls.vector = vector;
}

void irq_unbind_console(struct domain *d)
{
    fake_calls.console = d;
}

uint32_t report_backtrace(struct vcpu *v, uint64_t *frames, uint32_t max)
{
    (void)v;
    (void)frames;
    (void)max;
    return 0;
}

void report_last_domain(struct domain *d)
{
    fake_calls.last_domain = d;
}

struct domain *fake_domain(void)
{
    const struct hv_dom_params params = {0};
    struct domain *d = NULL;

    return domain_create(&params, &d) == HV_OK ? d : NULL;
}

void fake_domain_end(struct domain *d)
{
    while (!domain_destroy_slice(d, INT64_MAX)) {
    }
    handle_remove_all(d);
    domain_drop_end(d);
    domain_put(d); /* its existence */
    domain_put(d); /* the test's own */
}
