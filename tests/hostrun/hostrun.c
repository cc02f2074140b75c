/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostrun.c - runs one guest image in a Linux process, for quick tests of the runtime.
 *
 *   hostrun [-p] [-e NAME=VALUE]... [-m MIB] IMAGE [ARGUMENT...]
 *
 * The image is mapped at its own addresses and runs natively. It enters the host only through the
 * hypercall page, whose stubs jump to hypercall_entry (entry.S); that changes to the host's stack
 * and FS base. Console output goes to standard output, standard input to the console. Exit status:
 * the guest's; 125 when it could not be started; 128 + signal when a fault ended it.
 *
 * Not here: network, other domains, PCI (HV_ERR_NOSYS), the memory limit.
 *
 * The guest sets FS with WRFSBASE. A signal handler therefore starts with the guest's FS base and
 * puts the host's back before it calls anything of libc.
 *
 * -p prints at the end which of its pages the guest has used.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "mayfly/hypercall.h"
#include "mayfly/info.h"
#include "pages.h"

#define CONSOLE_PORT 0
#define CONTROL_PORT 1
#define OUT_RING 0x18000u
#define IN_RING 0x1c000u
#define RING_BYTES 0x4000u
#define STRINGS 0x10400u
#define STRINGS_BYTES (OUT_RING - STRINGS)
#define STATUS_CANNOT_START 125

/* entry.S */
extern const char hypercall_entry[];
extern uint64_t guest_fs_base, host_fs_base;
void guest_enter(uint64_t entry) __attribute__((noreturn));
struct hv_result hypercall(const uint64_t a[6], uint64_t number);

static struct mf_info *const info = (struct mf_info *)HV_INFO_PAGE;
static uint64_t tsc_base, tsc_khz;
static uint64_t fault_entry, fault_stack_top; /* HC_FAULT_HANDLER; 0: none */
static bool fault_in_progress;
static struct hv_regs resume_at;          /* for SIGUSR1, see hc_fault_return() */
static volatile sig_atomic_t is_resuming; /* SIGUSR1 is ours */
static volatile sig_atomic_t stop_wanted;
static bool console_pending, input_ended;
static bool reports_pages; /* -p */

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
    fprintf(stderr, "hostrun: %s: %s\n", what, why);
    _exit(STATUS_CANNOT_START);
}

static void *map_fixed(uint64_t va, uint64_t bytes, int prot)
{
    void *at = mmap((void *)va, bytes, prot,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    return at == (void *)va ? at : NULL;
}

/* ---- console ------------------------------------------------------------------------------ */

/* Prints what is in the out ring. A guest that found it full waits for an event. */
static void console_drain(void)
{
    struct mf_ring *r = &info->console.out;
    const uint32_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
    if (head - r->tail >= RING_BYTES) {
        console_pending = true;
    }
    while (r->tail != head) {
        const uint32_t at = r->tail % RING_BYTES;
        uint32_t bytes = head - r->tail;
        if (bytes > RING_BYTES - at) {
            bytes = RING_BYTES - at;
        }
        const ssize_t n = write(STDOUT_FILENO, (char *)(uintptr_t)(OUT_RING + at), bytes);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            _exit(STATUS_CANNOT_START); /* nobody reads */
        }
        r->tail += n < 0 ? 0 : (uint32_t)n;
    }
}

/* Moves what can be read from standard input to the in ring. */
static void console_fill(void)
{
    struct mf_ring *r = &info->console.in;
    const uint32_t at = r->head % RING_BYTES;
    uint32_t space = RING_BYTES - (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE));
    if (space > RING_BYTES - at) {
        space = RING_BYTES - at;
    }
    const ssize_t n = read(STDIN_FILENO, (char *)(uintptr_t)(IN_RING + at), space);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        input_ended = true;
    } else if (n > 0) {
        __atomic_store_n(&r->head, r->head + (uint32_t)n, __ATOMIC_RELEASE);
        console_pending = true;
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t now_ns(void)
{
    return (uint64_t)((unsigned __int128)(__builtin_ia32_rdtsc() - tsc_base) * 1000000 / tsc_khz);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Measures the TSC against the kernel's clock for 10 ms: good to about 10 ppm. */
static void time_page_make(void)
{
    struct hv_time_page *t = map_fixed(HV_TIME_PAGE, HV_PAGE_BYTES, PROT_READ | PROT_WRITE);
    if (t == NULL) {
        die("time page", strerror(errno));
    }
    const uint64_t start_ns = clock_ns(CLOCK_MONOTONIC_RAW);
    uint64_t passed_ns;
    tsc_base = __builtin_ia32_rdtsc();
    do {
        passed_ns = clock_ns(CLOCK_MONOTONIC_RAW) - start_ns;
    } while (passed_ns < 10000000);
    tsc_khz = (__builtin_ia32_rdtsc() - tsc_base) * 1000000 / passed_ns;
    *t = (struct hv_time_page){
        .shift = 32,
        .mult = (1000000ull << 32) / tsc_khz,
        .tsc_base = tsc_base,
        .wall_base_ns = clock_ns(CLOCK_REALTIME) - now_ns(),
        .tsc_khz = tsc_khz,
    };
    mprotect(t, HV_PAGE_BYTES, PROT_READ);
}

/* ---- hypercalls ---------------------------------------------------------------------------- */

static bool take_event(uint32_t *tag)
{
    if (stop_wanted == 1) {
        stop_wanted = 2;
        info->process.signals = 1ul << SIGTERM;
        *tag = MF_TAG_CONTROL;
        return true;
    }
    if (console_pending) {
        console_pending = false;
        *tag = MF_TAG_CONSOLE;
        return true;
    }
    return false;
}

static struct hv_result hc_event_wait(uint64_t deadline_ns)
{
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    console_drain();
    for (;;) {
        uint32_t tag;
        sigprocmask(SIG_BLOCK, &blocked, &old); /* open in ppoll() only: no signal is missed */
        const uint64_t now = now_ns();
        const bool has_event = take_event(&tag);
        if (!has_event && now < deadline_ns) {
            const uint64_t left_ns = deadline_ns - now;
            const struct timespec left = {(time_t)(left_ns / 1000000000u),
                                          (long)(left_ns % 1000000000u)};
            const bool listens =
                !input_ended && info->console.in.head - info->console.in.tail < RING_BYTES;
            struct pollfd input = {listens ? STDIN_FILENO : -1, POLLIN, 0};
            if (ppoll(&input, 1, deadline_ns == HV_WAIT_FOREVER ? NULL : &left, &old) > 0) {
                console_fill();
            }
        }
        sigprocmask(SIG_SETMASK, &old, NULL);
        if (has_event) {
            return (struct hv_result){1, tag};
        }
        if (now >= deadline_ns) {
            return (struct hv_result){0, 0};
        }
    }
}

static int linux_prot(uint64_t prot)
{
    return PROT_READ | (prot & HV_PROT_WRITE ? PROT_WRITE : 0) |
           (prot & HV_PROT_EXEC ? PROT_EXEC : 0);
}

/* The three memory calls; argument checks as in hypercall.h. */
static int64_t hc_memory(uint64_t number, uint64_t va, uint64_t pages, uint64_t prot)
{
    const uint64_t low = HV_HYPERCALL_PAGE + 2 * HV_PAGE_BYTES, high = HV_WINDOW_HIGH_VA;
    if (va % HV_PAGE_BYTES != 0) {
        return HV_ERR_ALIGN;
    }
    if (pages == 0 || pages > HV_MAP_MAX_PAGES || va < low || va >= high ||
        pages > (high - va) / HV_PAGE_BYTES) {
        return HV_ERR_RANGE;
    }
    const uint64_t bytes = pages * HV_PAGE_BYTES;
    if (number == HC_MEM_UNMAP) {
        return munmap((void *)va, bytes) == 0 ? HV_OK : HV_ERR_NOMEM;
    }
    const uint64_t write_exec = HV_PROT_WRITE | HV_PROT_EXEC;
    if ((prot & HV_PROT_READ) == 0 || (prot & ~(HV_PROT_READ | write_exec)) != 0 ||
        (prot & write_exec) == write_exec) {
        return HV_ERR_INVAL;
    }
    if (number == HC_MEM_PROTECT) {
        return mprotect((void *)va, bytes, linux_prot(prot)) == 0 ? HV_OK : HV_ERR_NOENT;
    }
    if (map_fixed(va, bytes, linux_prot(prot)) == NULL) {
        return errno == EEXIST ? HV_ERR_EXISTS : HV_ERR_NOMEM;
    }
    if (reports_pages) {
        pages_add(va, bytes, NULL, 0, 0);
    }
    return HV_OK;
}

static int64_t hc_fault_handler(uint64_t entry, uint64_t stack_top)
{
    if (stack_top % 16 != 0) {
        return HV_ERR_ALIGN;
    }
    if (entry >= HV_GUEST_END || stack_top >= HV_GUEST_END) {
        return HV_ERR_RANGE;
    }
    fault_entry = entry;
    fault_stack_top = stack_top;
    fault_in_progress = false;
    return HV_OK;
}

/* Only a signal's return can load all registers at once, so this one sends itself a signal. */
static int64_t hc_fault_return(uint64_t regs)
{
    const struct iovec to = {&resume_at, sizeof(resume_at)};
    const struct iovec from = {(void *)regs, sizeof(resume_at)};
    if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)sizeof(resume_at)) {
        return HV_ERR_FAULT;
    }
    is_resuming = 1;
    raise(SIGUSR1);
    return HV_ERR_INVAL; /* not reached */
}

static int64_t hc_event_send(uint64_t port)
{
    if (port == CONSOLE_PORT) {
        console_drain();
    }
    return port == CONSOLE_PORT || port == CONTROL_PORT ? HV_OK : HV_ERR_NOENT;
}

/* Called by hypercall_entry with the argument registers. */
struct hv_result hypercall(const uint64_t a[6], uint64_t number)
{
    switch (number) {
    case HC_NOP:
        return (struct hv_result){HV_ABI_VERSION, 0};
    case HC_EVENT_WAIT:
        return hc_event_wait(a[0]);
    case HC_EVENT_SEND:
        return (struct hv_result){hc_event_send(a[0]), 0};
    case HC_EXIT:
        console_drain();
        if (reports_pages) {
            pages_report();
        }
        _exit((int)a[0] & 0xff);
    case HC_YIELD:
        console_drain();
        return (struct hv_result){sched_yield(), 0};
    case HC_FAULT_HANDLER:
        return (struct hv_result){hc_fault_handler(a[0], a[1]), 0};
    case HC_FAULT_RETURN:
        return (struct hv_result){hc_fault_return(a[0]), 0};
    case HC_SET_FS_BASE:
        if (a[0] >= HV_GUEST_END) {
            return (struct hv_result){HV_ERR_RANGE, 0};
        }
        guest_fs_base = a[0];
        return (struct hv_result){HV_OK, 0};
    case HC_MEM_MAP:
    case HC_MEM_UNMAP:
    case HC_MEM_PROTECT:
        return (struct hv_result){hc_memory(number, a[0], a[1], a[2]), 0};
    case HC_CONSOLE_WRITE:
    case HC_CONSOLE_READ:
    case HC_CONSOLE_BIND:
    case HC_MACHINE_INFO:
    case HC_MACHINE_OFF:
        return (struct hv_result){HV_ERR_PERM, 0}; /* the right is missing, as in every guest */
    default:
        return (struct hv_result){HV_ERR_NOSYS, 0};
    }
}

/* ---- faults ---------------------------------------------------------------------------------- */

static const int greg_of[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
                              REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};
#define GREG_COUNT (sizeof(greg_of) / sizeof(greg_of[0]))

/* struct hv_regs has the registers in the order of greg_of, then FS and GS base. */
static void regs_from_context(struct hv_regs *regs, const ucontext_t *c, uint64_t fs_base)
{
    uint64_t *r = (uint64_t *)regs;
    for (size_t i = 0; i < GREG_COUNT; i++) {
        r[i] = (uint64_t)c->uc_mcontext.gregs[greg_of[i]];
    }
    regs->fs_base = fs_base;
    regs->gs_base = 0;
}

static void regs_to_context(ucontext_t *c, const struct hv_regs *regs)
{
    const uint64_t *r = (const uint64_t *)regs;
    for (size_t i = 0; i < GREG_COUNT; i++) {
        c->uc_mcontext.gregs[greg_of[i]] = (greg_t)r[i];
    }
}

static bool guest_word(uint64_t va, uint64_t *word)
{
    const struct iovec to = {word, sizeof(*word)}, from = {(void *)va, sizeof(*word)};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)sizeof(*word);
}

static void __attribute__((noreturn)) report_and_exit(const struct hv_fault *f, int number)
{
    console_drain();
    fprintf(stderr, "hostrun: fault: vector %u, error %#x, address %#lx, rip %#lx, rsp %#lx\n",
            f->vector, f->error_code, f->address, f->regs.rip, f->regs.rsp);
    uint64_t frame = f->regs.rbp, next, back;
    for (int i = 0; i < HV_REPORT_FRAMES && frame != 0; i++) {
        if (!guest_word(frame, &next) || !guest_word(frame + 8, &back)) {
            break;
        }
        fprintf(stderr, "hostrun:   called from %#lx\n", back);
        frame = next > frame ? next : 0; /* callers lie higher up */
    }
    _exit(128 + number);
}

/* An exception of the guest: to its handler, or the end. */
static void on_fault(int number, siginfo_t *si, void *context)
{
    const uint64_t guest_fs = __builtin_ia32_rdfsbase64();
    __builtin_ia32_wrfsbase64(host_fs_base);
    ucontext_t *c = context;
    struct hv_fault f = {
        .vector = (uint32_t)c->uc_mcontext.gregs[REG_TRAPNO],
        .error_code = (uint32_t)c->uc_mcontext.gregs[REG_ERR],
    };
    f.address = f.vector == 14 ? (uint64_t)c->uc_mcontext.gregs[REG_CR2] : 0;
    regs_from_context(&f.regs, c, guest_fs);
    if (guest_fs == host_fs_base || si->si_code == SI_USER) {
        fprintf(stderr, "hostrun: signal %d in hostrun itself at %#lx\n", number, f.regs.rip);
        _exit(128 + number);
    }
    const uint64_t at = fault_stack_top - sizeof(f);
    const struct iovec from = {&f, sizeof(f)}, to = {(void *)at, sizeof(f)};
    if (fault_entry == 0 || fault_in_progress ||
        process_vm_writev(getpid(), &from, 1, &to, 1, 0) != (ssize_t)sizeof(f)) {
        report_and_exit(&f, number);
    }
    fault_in_progress = true;
    c->uc_mcontext.gregs[REG_RDI] = (greg_t)at;
    c->uc_mcontext.gregs[REG_RSP] = (greg_t)(at - 8);
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)fault_entry;
    __builtin_ia32_wrfsbase64(guest_fs);
}

/* The second half of hc_fault_return(). Sent by anybody else it does nothing. */
static void on_resume(int number, siginfo_t *si, void *context)
{
    (void)number;
    (void)si;
    if (is_resuming) {
        is_resuming = 0;
        fault_in_progress = false;
        regs_to_context(context, &resume_at);
        __builtin_ia32_wrfsbase64(resume_at.fs_base);
    }
}

static void on_stop(int number, siginfo_t *si, void *context)
{
    (void)si;
    (void)context;
    (void)number;
    stop_wanted = 1;
    alarm(3); /* ends us, if the guest does not */
}

static void signals_set_up(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    static char alternate[65536] __attribute__((aligned(64)));
    const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    action.sa_sigaction = on_fault;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        sigaction(faults[i], &action, NULL);
    }
    action.sa_sigaction = on_resume;
    sigaction(SIGUSR1, &action, NULL);
    action.sa_sigaction = on_stop;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void hypercall_page_make(void)
{
    unsigned char *page = map_fixed(HV_HYPERCALL_PAGE, HV_PAGE_BYTES, PROT_READ | PROT_WRITE);
    if (page == NULL) {
        die("hypercall page", strerror(errno));
    }
    const uint64_t entry = (uint64_t)(uintptr_t)hypercall_entry;
    memset(page, 0xcc, HV_PAGE_BYTES);
    for (uint32_t i = 0; i < HC_COUNT; i++) {
        unsigned char code[] = {
            0xb8, 0,    0,    0, 0,                /* mov $i, %eax */
            0x49, 0xbb, 0,    0, 0, 0, 0, 0, 0, 0, /* movabs $entry, %r11 */
            0x41, 0xff, 0xe3,                      /* jmp *%r11 */
        };
        memcpy(code + 1, &i, sizeof(i));
        memcpy(code + 7, &entry, sizeof(entry));
        memcpy(page + i * HV_HYPERCALL_STUB_BYTES, code, sizeof(code));
    }
    mprotect(page, HV_PAGE_BYTES, PROT_READ | PROT_EXEC);
}

static void load_segment(int fd, const Elf64_Phdr *p, const char *path)
{
    const uint64_t skew = p->p_vaddr % HV_PAGE_BYTES;
    if (p->p_memsz == 0) {
        return;
    }
    if (skew != 0 || p->p_vaddr < HV_IMAGE_BASE || p->p_vaddr >= HV_HEAP_BASE ||
        p->p_memsz > HV_HEAP_BASE - p->p_vaddr || p->p_filesz > p->p_memsz ||
        (p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
        die(path, "not an image for Mayfly (a segment is misplaced, or writable and executable)");
    }
    void *at = map_fixed(p->p_vaddr, p->p_memsz, PROT_READ | PROT_WRITE);
    if (at == NULL) {
        die(path, "two segments share a page");
    }
    if (pread(fd, at, p->p_filesz, (off_t)p->p_offset) != (ssize_t)p->p_filesz) {
        die(path, "file too short");
    }
    if (p->p_flags & PF_W) {
        pages_add(p->p_vaddr, p->p_memsz, path, p->p_offset, p->p_filesz);
    }
    mprotect(at, p->p_memsz,
             PROT_READ | (p->p_flags & PF_W ? PROT_WRITE : 0) |
                 (p->p_flags & PF_X ? PROT_EXEC : 0));
}

/* Returns the entry point. */
static uint64_t image_load(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf64_Ehdr e;
    Elf64_Phdr p;
    if (fd < 0) {
        die(path, strerror(errno));
    }
    if (read(fd, &e, sizeof(e)) != (ssize_t)sizeof(e) || memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 ||
        e.e_type != ET_EXEC || e.e_machine != EM_X86_64 || e.e_phentsize != sizeof(p)) {
        die(path, "not a static x86-64 ELF program");
    }
    for (int i = 0; i < e.e_phnum; i++) {
        if (pread(fd, &p, sizeof(p), (off_t)(e.e_phoff + (uint64_t)i * sizeof(p))) !=
            (ssize_t)sizeof(p)) {
            die(path, "file too short");
        }
        if (p.p_type == PT_LOAD) {
            load_segment(fd, &p, path);
        }
    }
    close(fd);
    return e.e_entry;
}

/* Appends a string to those behind the info page; *end is where the next one goes. */
static void add_string(uint32_t *end, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    if (bytes > STRINGS + STRINGS_BYTES - *end) {
        die("arguments", "too long");
    }
    memcpy((void *)(uintptr_t)*end, text, bytes);
    *end += (uint32_t)bytes;
}

static void info_page_make(char **arguments, char **environment, uint32_t memory_mib)
{
    if (map_fixed(HV_INFO_PAGE, HV_WINDOW_BYTES - HV_INFO_PAGE, PROT_READ | PROT_WRITE) == NULL) {
        die("info page (is vm.mmap_min_addr above 65536?)", strerror(errno));
    }
    *info = (struct mf_info){
        .magic = MF_INFO_MAGIC,
        .version = MF_INFO_VERSION,
        .bytes = sizeof(*info),
        .name = "hostrun",
        .memory_bytes = (uint64_t)memory_mib << 20,
        .control_port = CONTROL_PORT,
        .console = {.port = CONSOLE_PORT,
                    .out = {.offset = OUT_RING, .bytes = RING_BYTES},
                    .in = {.offset = IN_RING, .bytes = RING_BYTES}},
        .net = {.port = MF_NO_PORT},
    };
    uint32_t end = STRINGS;
    info->args = end;
    for (; *arguments != NULL; arguments++, info->argc++) {
        add_string(&end, *arguments);
    }
    info->args_bytes = end - info->args;
    info->env = end;
    for (; *environment != NULL; environment++, info->envc++) {
        add_string(&end, *environment);
    }
    info->env_bytes = end - info->env;
    if (getrandom(info->seed, sizeof(info->seed), 0) != (ssize_t)sizeof(info->seed)) {
        die("random numbers", strerror(errno));
    }
}

int main(int argc, char **argv)
{
    static char *environment[256];
    size_t environment_count = 0;
    uint32_t memory_mib = 64;
    int option;

    while ((option = getopt(argc, argv, "+e:m:p")) != -1) {
        if (option == 'e' && environment_count + 1 < sizeof(environment) / sizeof(char *)) {
            environment[environment_count++] = optarg;
        } else if (option == 'm') {
            memory_mib = (uint32_t)strtoul(optarg, NULL, 10);
        } else if (option == 'p') {
            reports_pages = true;
        } else {
            die("usage", "hostrun [-p] [-e NAME=VALUE]... [-m MIB] IMAGE [ARGUMENT...]");
        }
    }
    if (optind >= argc) {
        die("usage", "hostrun [-p] [-e NAME=VALUE]... [-m MIB] IMAGE [ARGUMENT...]");
    }
    if ((getauxval(AT_HWCAP2) & 2) == 0) {
        die("this machine", "no FSGSBASE for programs (CPU, or Linux before 5.9)");
    }
    const uint64_t entry = image_load(argv[optind]);
    hypercall_page_make();
    info_page_make(argv + optind, environment, memory_mib);
    signals_set_up();
    time_page_make();
    guest_enter(entry);
}
