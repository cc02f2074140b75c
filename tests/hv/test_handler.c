// SPDX-License-Identifier: Apache-2.0
// cpus: 1 2
// fpu: yes
// A guest's own fault handler, and registers that survive preemption.
#include "hvtest.h"

static uint8_t fault_stack[8192] __attribute__((aligned(16)));
static volatile uint32_t handled;
static volatile struct hv_fault last;

/* Called on the fault stack with its argument in rdi. Skips UD2 (2 bytes) or maps the page. */
static void __attribute__((used)) handler(struct hv_fault *fault)
{
    handled++;
    last.vector = fault->vector;
    last.address = fault->address;
    last.error_code = fault->error_code;
    if (fault->vector == 14) {
        hv_mem_map(fault->address & ~0xfffull, 1, HV_PROT_READ | HV_PROT_WRITE);
    } else {
        fault->regs.rip += 2;
    }
    hv_fault_return(&fault->regs);
    hv_exit(99);
}

static void set_handler(void)
{
    CHECK_EQUAL(hv_fault_handler((uintptr_t)handler, (uintptr_t)fault_stack + sizeof(fault_stack)),
                HV_OK, "a fault handler is set");
}

static void faults_are_handled(void)
{
    volatile uint64_t *const word = (volatile uint64_t *)HV_HEAP_BASE;
    uint64_t rbx;
    set_handler();
    __asm__ volatile("mov $0x1234, %%rbx\n\tud2\n\tmov %%rbx, %0" : "=r"(rbx)::"rbx", "memory");
    CHECK_EQUAL(handled, 1, "an undefined instruction is delivered");
    CHECK_EQUAL(last.vector, 6, "with its vector");
    CHECK_EQUAL(rbx, 0x1234, "registers are as before after the return");
    word[1] = 5;
    CHECK_EQUAL(handled, 2, "a page fault is delivered");
    CHECK_EQUAL(last.vector, 14, "with its vector");
    CHECK_EQUAL(last.address, HV_HEAP_BASE + 8, "and its address");
    CHECK_EQUAL(last.error_code & 2, 2, "and that it was a write");
    CHECK_EQUAL(word[1], 5, "the write was made after the handler mapped the page");
    CHECK_EQUAL(hv_mem_unmap(HV_HEAP_BASE, 1), HV_OK, "the page is unmapped");
    CHECK_EQUAL(hv_fault_handler(0, 0), HV_OK, "the handler is taken off");
}

static void __attribute__((used)) faulting_handler(struct hv_fault *fault)
{
    (void)fault;
    __asm__ volatile("ud2");
}

static void fault_in_handler(void *arg)
{
    (void)arg;
    hv_fault_handler((uintptr_t)faulting_handler, (uintptr_t)fault_stack + sizeof(fault_stack));
    *(volatile int *)HV_HEAP_BASE = 1;
}

static void fault_on_unmapped_stack(void *arg)
{
    (void)arg;
    hv_fault_handler((uintptr_t)handler, HV_HEAP_BASE + 0x10000);
    __asm__ volatile("ud2");
}

static void bad_handlers_end_their_domain(void)
{
    struct hv_report r;
    child_run(fault_in_handler, NULL, &r);
    CHECK_EQUAL(r.reason, HV_END_FAULT, "a fault in the handler ends the domain");
    CHECK_EQUAL(r.fault.vector, 6, "the report is about the second fault");
    child_run(fault_on_unmapped_stack, NULL, &r);
    CHECK_EQUAL(r.reason, HV_END_FAULT, "a fault stack that is not mapped ends the domain");
}

/* Fills registers with a pattern, waits long enough to be preempted, and compares. */
static void keep_registers(void *arg)
{
    const uint64_t pattern = *(uint64_t *)arg, end = now_ns() + 300 * MS;
    while (now_ns() < end) {
        uint64_t x0, x15, r12;
        __asm__ volatile("movq %3, %%xmm0\n\tmovq %3, %%xmm15\n\tmov %3, %%r12\n\t"
                         "mov $200000, %%rcx\n1:\tloop 1b\n\t"
                         "movq %%xmm0, %0\n\tmovq %%xmm15, %1\n\tmov %%r12, %2"
                         : "=&r"(x0), "=&r"(x15), "=&r"(r12)
                         : "r"(pattern)
                         : "rcx", "r12", "xmm0", "xmm15");
        if (x0 != pattern || x15 != pattern || r12 != pattern) {
            hv_exit(1);
        }
    }
}

static void registers_survive_preemption(void)
{
    static uint64_t patterns[3] = {0x1111111111111111, 0x2222222222222222, 0x3333333333333333};
    struct child children[3];
    struct hv_report r;
    for (int i = 0; i < 3; i++) {
        children[i] = child_create(keep_registers, &patterns[i], NULL);
        if (hv_dom_start((uint32_t)children[i].handle) != HV_OK) {
            give_up("no child");
        }
    }
    const uint64_t until = now_ns() + 20000 * MS;
    for (int i = 0; i < 3; i++) {
        const uint32_t h = (uint32_t)children[i].handle;
        uint32_t tag;
        while (hv_dom_report(h, &r) != HV_OK && now_ns() < until) {
            hv_event_wait(now_ns() + 20 * MS, &tag);
        }
        CHECK(r.reason == HV_END_EXIT && r.code == 0, "registers of domain %d survived preemption",
              i);
        CHECK_EQUAL(hv_dom_destroy(h), HV_OK, "it is destroyed");
    }
}

static volatile uint64_t timers, last_timer_ns;

/* Counts, and asks for the next one 5 ms later, ten times. */
static void __attribute__((used)) timer_handler(struct hv_fault *fault)
{
    if (fault->vector == HV_VECTOR_TIMER) {
        last_timer_ns = now_ns();
        if (++timers < 10) {
            hv_preempt_at(last_timer_ns + 5 * MS);
        }
    }
    hv_fault_return(&fault->regs);
}

/* Computes with all callee-saved and some SSE registers in use until `count` timers have come. */
static bool compute_until(uint64_t count)
{
    const uint64_t pattern = 0x0123456789abcdef, end = now_ns() + 20000 * MS;
    while (timers < count && now_ns() < end) {
        uint64_t x7, r13, rcx;
        __asm__ volatile("movq %3, %%xmm7\n\tmov %3, %%r13\n\tmov $100000, %%rcx\n"
                         "1:\tdec %%rcx\n\tjnz 1b\n\t"
                         "movq %%xmm7, %0\n\tmov %%r13, %1\n\tmov %%rcx, %2"
                         : "=&r"(x7), "=&r"(r13), "=&r"(rcx)
                         : "r"(pattern)
                         : "rcx", "r13", "xmm7");
        if (x7 != pattern || r13 != pattern || rcx != 0) {
            return false;
        }
    }
    return timers == count;
}

/* As a child: exit code 0 when all ten came. */
static void compute_as_child(void *arg)
{
    (void)arg;
    hv_fault_handler((uintptr_t)timer_handler, (uintptr_t)fault_stack + sizeof(fault_stack));
    hv_preempt_at(now_ns() + 200 * MS);
    hv_exit(compute_until(10) ? 0 : 1);
}

static void timers_interrupt_computing(void)
{
    struct hv_report r;
    uint32_t tag;
    CHECK_EQUAL(hv_fault_handler(0, 0), HV_OK, "there is no fault handler");
    CHECK_EQUAL(hv_preempt_at(1), HV_ERR_STATE, "so nothing to deliver a timer to");
    hv_fault_handler((uintptr_t)timer_handler, (uintptr_t)fault_stack + sizeof(fault_stack));
    const uint64_t due = now_ns() + 5 * MS;
    CHECK_EQUAL(hv_preempt_at(due), HV_OK, "a timer is asked for");
    CHECK(compute_until(10), "ten timers came while registers kept their values");
    CHECK(last_timer_ns >= due + 45 * MS, "none came early");
    CHECK_EQUAL(hv_preempt_at(now_ns() + 20 * MS), HV_OK, "one more is asked for");
    CHECK_EQUAL(hv_event_wait(now_ns() + 1 * MS, &tag), 0, "a wait blocks");
    const uint64_t end = now_ns() + 60 * MS;
    while (now_ns() < end) {
    }
    CHECK_EQUAL(timers, 10, "which has taken it back");
    timers = 0;
    child_run(compute_as_child, NULL, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "a child's timers came, too");
    hv_fault_handler(0, 0);
}

/* A hypercall keeps FPU state and callee-saved registers. */
static void hypercalls_keep_registers(void)
{
    uint64_t x1, rbx, r14;
    __asm__ volatile("mov $0x5555, %%rbx\n\tmov $0x7777, %%r14\n\tmovq %%rbx, %%xmm1\n\t"
                     "mov %3, %%rax\n\tcall *%%rax\n\t"
                     "movq %%xmm1, %0\n\tmov %%rbx, %1\n\tmov %%r14, %2"
                     : "=&r"(x1), "=&r"(rbx), "=&r"(r14)
                     : "i"(HV_HYPERCALL_PAGE + HC_YIELD * HV_HYPERCALL_STUB_BYTES)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r14",
                       "xmm1", "memory", "cc");
    CHECK(x1 == 0x5555 && rbx == 0x5555 && r14 == 0x7777, "a hypercall keeps xmm1, rbx and r14");
}

void test_main(void)
{
    hypercalls_keep_registers();
    faults_are_handled();
    bad_handlers_end_their_domain();
    timers_interrupt_computing();
    registers_survive_preemption();
}
