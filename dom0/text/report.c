/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h. */
#include "text/report.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>

#include "fault/registers.h"
#include "text/term.h"

#define PAGE_FAULT 14
#define SIGNALLED 128 /* plus the signal: as shells show it */

static void print_cause(const struct hv_fault *f)
{
    if (f->vector != PAGE_FAULT) {
        term_printf("%s (vector %" PRIu32 ", error code 0x%" PRIx32 ")", mf_fault_name(f->vector),
                    f->vector, f->error_code);
        return;
    }
    term_printf("page fault: %s 0x%" PRIx64 " (%s)", mf_fault_access(f->error_code), f->address,
                mf_fault_why(f->error_code));
}

void report_print_registers(const struct hv_regs *r)
{
    char row[MF_FAULT_ROW_BYTES];
    for (unsigned int i = 0; i < MF_FAULT_ROWS; i++) {
        term_write(row, (uint32_t)mf_fault_row(r, i, row));
    }
}

static void print_frame(const struct image *image, uint32_t number, uint64_t address,
                        bool is_return)
{
    uint64_t offset;
    /* A return address can be the first byte of the next function: look one byte before it. */
    const char *name = image_symbol(image, address - is_return, &offset);
    if (name != NULL) {
        term_printf("  #%" PRIu32 " 0x%" PRIx64 " %s+0x%" PRIx64 "\n", number, address, name,
                    offset + is_return);
    } else {
        term_printf("  #%" PRIu32 " 0x%" PRIx64 "\n", number, address);
    }
}

void report_print(const char *name, const struct image *image, const struct hv_report *r)
{
    term_begin();
    term_printf("%s: ended by ", name);
    if (r->reason == HV_END_NOMEM) {
        term_printf("want of memory: its limit, or the machine's memory, is reached\n");
    } else {
        print_cause(&r->fault);
        term_printf("\n");
    }
    report_print_registers(&r->fault.regs);
    term_printf("  called by:\n");
    print_frame(image, 0, r->fault.regs.rip, false);
    for (uint32_t i = 0; i < r->frame_count && i < HV_REPORT_FRAMES; i++) {
        print_frame(image, i + 1, r->frames[i], true);
    }
    term_end();
}

const char *report_reason(uint32_t reason)
{
    switch (reason) {
    case HV_END_EXIT:
        return "exited";
    case HV_END_FAULT:
        return "crashed";
    case HV_END_DESTROYED:
        return "killed";
    case HV_END_NOMEM:
        return "out of memory";
    case HV_END_ABSENT:
        return "memory lost";
    default:
        return "not ended";
    }
}

int32_t report_status(const struct hv_report *r)
{
    if (r->reason == HV_END_EXIT) {
        return r->code;
    }
    if (r->reason != HV_END_FAULT) {
        return SIGNALLED + SIGKILL;
    }
    return SIGNALLED + mf_fault_signal(r->fault.vector);
}
