/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - what a fault of the guest's own code leads to: the application's signal handler, or a
 * report on the console. Runs on the fault stack (or, from abort(), on the thread's own); allocates
 * nothing and calls only what is safe there.
 */
#include "fault/fault.h"

#include <signal.h>
#include <string.h>

#include "fault/frame.h"
#include "fault/registers.h"
#include "files/console.h"
#include "mayfly/hypercall.h"
#include "mayfly/symtab.h"
#include "signal/signal_internal.h"
#include "start/image.h"
#include "start/info.h"
#include "thread/preempt.h"
#include "thread/thread_internal.h"

#define FRAMES_MAX 32
#define VECTOR_PAGE_FAULT 14
#define PF_PRESENT 1u

extern char mf_fault_stack_top[], mf_touch_load[], mf_touch_failed[];
void mf_fault_entry(void);
void mf_fault_handle(struct hv_fault *f, const void *fpu);

/* ---- a line of text -------------------------------------------------------------------------- */

struct line {
    size_t used;
    char text[160];
};

static void add(struct line *l, const char *s)
{
    while (*s != '\0' && l->used < sizeof(l->text)) {
        l->text[l->used++] = *s++;
    }
}

static void add_hex(struct line *l, uint64_t value, unsigned int digits)
{
    char text[17];
    text[mf_fault_hex(text, value, digits)] = '\0';
    add(l, text);
}

static void end_line(struct line *l)
{
    add(l, "\n");
    l->text[l->used - 1] = '\n';
    mf_console_write_now(l->text, l->used);
    l->used = 0;
}

/* "0xADDRESS name+0xOFFSET"; `back` is taken off for the look-up of return addresses. */
static void add_place(struct line *l, uint64_t address, uint64_t back)
{
    const volatile struct mf_image_header *const image = mf_image();
    const void *const table = (const void *)(uintptr_t)image->symtab_va;
    uint64_t offset;
    const char *const name = mf_symtab_find(table, image->symtab_bytes, address - back, &offset);
    add(l, "0x");
    add_hex(l, address, 8);
    if (name != NULL) {
        add(l, " ");
        add(l, name);
        add(l, "+0x");
        add_hex(l, offset + back, 1);
    }
}

/* ---- the report ---------------------------------------------------------------------------- */

static void print_frame(unsigned int number, uint64_t address, uint64_t back)
{
    struct line l = {0};
    const char digits[] = {(char)('0' + number / 10), (char)('0' + number % 10), ' ', '\0'};
    add(&l, "  #");
    add(&l, digits);
    add_place(&l, address, back);
    end_line(&l);
}

/* self: whose stack it is; NULL: unknown, nothing of it is looked at. */
static void print_backtrace(const struct mf_thread *self, uint64_t rip, uint64_t back, uint64_t rbp)
{
    print_frame(0, rip, back);
    if (self == NULL) {
        return;
    }
    const uint64_t low = (uint64_t)(uintptr_t)self->stack_low;
    const uint64_t high = (uint64_t)(uintptr_t)self - 2 * sizeof(uint64_t);
    for (unsigned int i = 1; i < FRAMES_MAX; i++) {
        if (rbp < low || rbp > high || (rbp & 7) != 0) {
            break;
        }
        const uint64_t *const frame = (const uint64_t *)(uintptr_t)rbp;
        if (frame[1] == 0) {
            break;
        }
        print_frame(i, frame[1], 1); /* a call may be its function's last instruction */
        if (frame[0] <= rbp) {
            break;
        }
        rbp = frame[0];
    }
}

/* Of the exceptions that are flagged and not masked, in the order of the bits of MXCSR (SDM 11.5.2). */
static int float_code(uint32_t flags)
{
    static const int codes[] = {FPE_FLTINV, FPE_FLTSUB, FPE_FLTDIV,
                                FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES};
    for (unsigned int bit = 0; bit < sizeof(codes) / sizeof(codes[0]); bit++) {
        if ((flags >> bit & 1) != 0) {
            return codes[bit];
        }
    }
    return FPE_FLTINV;
}

bool (*mf_is_behind_file)(uint64_t address);

static bool is_behind_file(const struct hv_fault *f)
{
    return mf_is_behind_file != NULL && f->vector == VECTOR_PAGE_FAULT &&
           (f->error_code & PF_PRESENT) == 0 && mf_is_behind_file(f->address);
}

static int signal_of(const struct hv_fault *f)
{
    return is_behind_file(f) ? SIGBUS : mf_fault_signal(f->vector);
}

/* si_code. fpu: as FXSAVE stores it: control word, status word, ..., MXCSR at 24. */
static int vector_code(const struct hv_fault *f, const void *fpu)
{
    const uint16_t *const x87 = (const uint16_t *)fpu;
    const uint32_t mxcsr = ((const uint32_t *)fpu)[6];
    switch (f->vector) {
    case 0:
        return FPE_INTDIV;
    case 1:
        return TRAP_TRACE;
    case 3:
        return TRAP_BRKPT;
    case 6:
        return ILL_ILLOPN;
    case VECTOR_PAGE_FAULT:
        if (is_behind_file(f)) {
            return BUS_ADRERR;
        }
        return (f->error_code & PF_PRESENT) != 0 ? SEGV_ACCERR : SEGV_MAPERR;
    case 16:
        return float_code((uint32_t)(x87[1] & ~x87[0]));
    case 17:
        return BUS_ADRALN;
    case 19:
        return float_code(mxcsr & ~(mxcsr >> 7));
    default:
        return SI_KERNEL;
    }
}

/* si_addr: what was accessed, or else the instruction; unknown for protection faults. */
static void *vector_address(const struct hv_fault *f)
{
    const bool is_instruction = vector_code(f, (const uint32_t[8]){0}) != SI_KERNEL;
    return f->vector == VECTOR_PAGE_FAULT ? (void *)(uintptr_t)f->address
           : is_instruction               ? (void *)(uintptr_t)f->regs.rip
                                          : NULL;
}

/*
 * The thread that faulted; NULL: its object, which is at the top of its stack, was overwritten, as
 * by a loop that ran out of an array. The register cannot be; it is at the object's address.
 */
static const struct mf_thread *thread_of(const struct hv_fault *f)
{
    const struct mf_thread *const self = mf_thread_self();
    return (uint64_t)(uintptr_t)self == f->regs.fs_base ? self : NULL;
}

static bool is_stack_overflow(const struct mf_thread *self, const struct hv_fault *f)
{
    const uint64_t low = (uint64_t)(uintptr_t)self->stack_low;
    return f->vector == VECTOR_PAGE_FAULT && f->address < low && f->address >= low - HV_PAGE_BYTES;
}

static void add_thread(struct line *l, const struct mf_thread *self)
{
    if (self == NULL) {
        add(l, "  in a thread whose stack was overwritten");
        return;
    }
    add(l, "  in thread ");
    add_hex(l, self->id, 1);
    if (self->name[0] != '\0') {
        add(l, " ");
        add(l, self->name);
    }
}

static void print_cause(const struct mf_thread *self, const struct hv_fault *f)
{
    struct line l = {0};
    add(&l, "mayfly: ");
    if (self != NULL && is_stack_overflow(self, f)) {
        add(&l, "stack overflow (page fault in the guard page)");
    } else {
        add(&l, mf_fault_name(f->vector));
    }
    if (f->vector == VECTOR_PAGE_FAULT) {
        add(&l, ": ");
        add(&l, mf_fault_access(f->error_code));
        add(&l, " 0x");
        add_hex(&l, f->address, 1);
        add(&l, " (");
        add(&l, mf_fault_why(f->error_code));
        add(&l, ")");
    } else if (f->error_code != 0) {
        add(&l, ", error code 0x");
        add_hex(&l, f->error_code, 1);
    }
    end_line(&l);
    add_thread(&l, self);
    add(&l, " at ");
    add_place(&l, f->regs.rip, 0);
    end_line(&l);
}

static void print_registers(const struct hv_regs *r)
{
    char row[MF_FAULT_ROW_BYTES];
    for (unsigned int i = 0; i < MF_FAULT_ROWS; i++) {
        mf_console_write_now(row, mf_fault_row(r, i, row));
    }
}

void mf_fault_handle(struct hv_fault *f, const void *fpu)
{
    if (f->vector == HV_VECTOR_TIMER) {
        mf_preempt(f, fpu);
    }
    if ((f->error_code & HV_FAULT_NOMEM) != 0 && f->regs.rip == (uintptr_t)mf_touch_load) {
        f->regs.rip = (uintptr_t)mf_touch_failed;
        mf_fault_resume(f, fpu);
    }
    const struct mf_thread *const self = thread_of(f);
    if (self != NULL) {
        mf_signal_fault(signal_of(f), vector_code(f, fpu), vector_address(f),
                        is_stack_overflow(self, f), f, fpu);
    }
    print_cause(self, f);
    print_registers(&f->regs);
    print_backtrace(self, f->regs.rip, 0, f->regs.rbp);
    mf_info()->reported = 1;
    hv_fault_handler(0, 0); /* the instruction faults again, and now hv ends the guest */
    hv_fault_return(&f->regs);
    hv_exit(128 + signal_of(f));
}

void mf_fault_die(const char *why, int sig)
{
    struct line l = {0};
    add(&l, "mayfly: ");
    add(&l, why);
    end_line(&l);
    const uint64_t *const frame = (const uint64_t *)__builtin_frame_address(0);
    print_backtrace(mf_thread_self(), frame[1], 1, frame[0]);
    hv_exit(128 + sig); /* as shells show it */
}

void mf_fault_init(void)
{
    hv_fault_handler((uint64_t)(uintptr_t)mf_fault_entry, (uint64_t)(uintptr_t)mf_fault_stack_top);
}
