// SPDX-License-Identifier: Apache-2.0
// set: console-input=terminal
// set: console-output=terminal
// What programs take from Linux and glibc beyond POSIX, and coroutines.
#include "tap.h"

#include <crypt.h>
#include <dlfcn.h>
#include <error.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <termios.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- crypt() ------------------------------------------------------------------------------------- */

/* Vectors of the algorithms' own descriptions (SHA-crypt) and of crypt(3) on Linux. */
static void test_crypt(void)
{
    static const char *const hashes[] = {
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI"
        "68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    };
    for (unsigned int i = 0; i < 2; i++) {
        const char *const got = crypt("Hello world!", hashes[i]);
        tap_check(got != NULL && strcmp(got, hashes[i]) == 0, "crypt() knows $%c$", hashes[i][1]);
    }
    struct crypt_data data = {0};
    const char *const des = crypt_r("password", "ab", &data);
    tap_check(strcmp(des, "abJnggxhB/yWI") == 0, "crypt_r() knows DES: %s", des);
    const char *const md5 = crypt("password", "$1$abcdefgh$");
    tap_check(strcmp(md5, "$1$abcdefgh$G//4keteveJp0qb8z2DxG/") == 0, "and MD5: %s", md5);
    const char *const blowfish = crypt("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.");
    tap_check(strcmp(blowfish, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW") == 0,
              "and bcrypt: %s", blowfish);
    const char *const yescrypt =
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7";
    tap_check(strcmp(crypt("password", yescrypt), yescrypt) != 0,
              "what it does not know never fits");
}

/* ---- contexts ------------------------------------------------------------------------------------ */

static ucontext_t main_context, first, second;
static char order[32];

static void note(char c)
{
    const size_t n = strlen(order);
    order[n] = c;
}

// NOLINTNEXTLINE(readability-function-size): more than fit in registers
static void run_first(int a, int b, int c, int d, int e, int f, int g, int h)
{
    note('a');
    double third = 1.0 / (double)(b + 1);
    swapcontext(&first, &second);
    tap_check(third > 0.333 && third < 0.334 && a == 1 && b == 2 && c == 3 && d == 4 && e == 5 &&
                  f == 6 && g == 7 && h == 8,
              "a context keeps its variables and gets its arguments, eight too");
    note('c');
}

static void run_second(void)
{
    note('b');
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    tap_check(sigismember(&mask, SIGUSR1) == 1, "a context has its signal mask");
    swapcontext(&second, &first);
    note('X');
}

static void prepare(ucontext_t *context, ucontext_t *next)
{
    const size_t bytes = 65536;
    getcontext(context);
    context->uc_stack.ss_sp = malloc(bytes);
    context->uc_stack.ss_size = bytes;
    context->uc_link = next;
}

static void test_contexts(void)
{
    prepare(&first, &main_context);
    prepare(&second, NULL);
    sigaddset(&second.uc_sigmask, SIGUSR1);
    makecontext(&first, (void (*)(void))(uintptr_t)run_first, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    makecontext(&second, run_second, 0);
    tap_equal(swapcontext(&main_context, &first), 0, "swapcontext() comes back with 0");
    tap_check(strcmp(order, "abc") == 0, "contexts ran in turn, then uc_link: %s", order);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    tap_check(sigismember(&mask, SIGUSR1) == 0, "and the mask is the old one");
    volatile int times = 0;
    ucontext_t again;
    getcontext(&again);
    if (++times < 3) {
        setcontext(&again);
    }
    tap_equal(times, 3, "setcontext() goes back as often as one likes");
}

/* ---- backtraces ---------------------------------------------------------------------------------- */

static void __attribute__((noinline)) innermost(void)
{
    void *frames[16];
    const int n = backtrace(frames, 16);
    char **const lines = backtrace_symbols(frames, n);
    tap_check(n >= 3 && lines != NULL && strncmp(lines[0], "innermost+0x", 12) == 0 &&
                  strncmp(lines[1], "outer+0x", 8) == 0 && strncmp(lines[2], "main+0x", 7) == 0,
              "backtrace() names the callers (%d: %s)", n, n > 0 ? lines[0] : "");
    free(lines);
    tap_equal(backtrace(frames, 2), 2, "and no more than there is room for");
}

static int count_objects(struct dl_phdr_info *info, size_t bytes, void *data)
{
    const uintptr_t here = (uintptr_t)count_objects;
    const Elf64_Phdr *const load = info->dlpi_phdr;
    const bool is_here = load->p_type == PT_LOAD && here - load->p_vaddr < load->p_memsz;
    *(int *)data += bytes == sizeof(*info) && is_here ? 1 : 100;
    return 7;
}

static void test_objects(void)
{
    Dl_info info;
    const char *const within = (const char *)(uintptr_t)count_objects + 3;
    tap_check(dladdr(within, &info) == 1 && strcmp(info.dli_sname, "count_objects") == 0 &&
                  info.dli_saddr == (void *)(uintptr_t)count_objects,
              "dladdr() finds the function");
    tap_check(dladdr(&info, &info) == 0, "and no object for a stack");
    int count = 0;
    tap_check(dl_iterate_phdr(count_objects, &count) == 7 && count == 1,
              "dl_iterate_phdr() shows the program");
}

static void __attribute__((noinline)) outer(void)
{
    innermost();
    __asm__ volatile("");
}

/* ---- what there is ------------------------------------------------------------------------------- */

static void test_system(void)
{
    struct sysinfo info;
    tap_check(sysinfo(&info) == 0 && info.mem_unit == 1 && info.freeram != 0 &&
                  info.freeram < info.totalram && get_nprocs() == 1,
              "sysinfo() tells the guest's memory");
    struct statfs fs;
    struct statvfs vfs;
    tap_check(statfs("/", &fs) == 0 && statvfs("/", &vfs) == 0 && fs.f_blocks == vfs.f_blocks &&
                  fs.f_type == 0x01021994,
              "statfs() tells what statvfs() does");
    tap_check(statfs("/none", &fs) == -1 && errno == ENOENT, "and its errors");
    tap_check(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_CLKTCK) == 100, "getauxval()");
    tap_check(getauxval(12345) == 0 && errno == ENOENT, "of an unknown type is ENOENT");
    cpu_set_t set;
    CPU_ZERO(&set);
    tap_check(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 &&
                  CPU_ISSET(0, &set),
              "there is one processor");
    tap_equal(sched_setaffinity(0, sizeof(set), &set), 0, "which may be chosen");
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    tap_check(sched_setaffinity(0, sizeof(set), &set) == -1 && errno == EINVAL, "another may not");
    tap_check(nice(5) == 5 && nice(2) == 7 && getpriority(PRIO_PROCESS, 0) == 7, "nice() adds up");
    const bool is_terminal = isatty(0); /* `make test` has none */
    tap_check(tcflush(-1, TCIFLUSH) == -1 && errno == EBADF &&
                  tcflush(0, TCIFLUSH) == (is_terminal ? 0 : -1) && tcflush(0, 77) == -1 &&
                  errno == (is_terminal ? EINVAL : ENOTTY),
              "tcflush()");
}

static void no_name(void)
{
}

static void test_error(void)
{
    fflush(stderr);
    char *text = NULL;
    size_t bytes = 0;
    FILE *const real = stderr, *const memory = open_memstream(&text, &bytes);
    stderr = memory;
    error(0, ENOENT, "%s %d", "file", 7);
    error_print_progname = no_name;
    error_at_line(0, 0, "input", 12, "bad");
    error_one_per_line = 1;
    error_at_line(0, 0, "input", 12, "worse");
    stderr = real;
    fclose(memory);
    const char *const at = strstr(text, ": ");
    tap_check(at != NULL && strcmp(at, ": file 7: No such file or directory\ninput:12: bad\n") == 0,
              "error() and error_at_line() print: %s", text);
    tap_equal(error_message_count, 2, "and count");
    free(text);
}

static void test_program_name(void)
{
    tap_check(strcmp(getprogname(), "linux") == 0, "the program has a name: %s", getprogname());
    setprogname("/usr/bin/other");
    tap_check(strcmp(getprogname(), "other") == 0, "which may be changed");
}

static void test_chroot(void)
{
    char name[32];
    mkdir("/jail", 0755);
    close(open("/jail/inside", O_CREAT | O_WRONLY, 0644));
    tap_check(chroot("/none") == -1 && errno == ENOENT && chroot("/jail/inside") == -1 &&
                  errno == ENOTDIR,
              "chroot() needs a directory");
    tap_check(chroot("/jail") == 0 && access("/inside", F_OK) == 0 && access("/jail", F_OK) != 0,
              "after chroot() the directory is /");
    tap_check(getcwd(name, sizeof(name)) == NULL && errno == ENOENT && access("jail", F_OK) == 0,
              "the working directory is where it was, outside");
    tap_check(chdir("/") == 0 && strcmp(getcwd(name, sizeof(name)), "/") == 0 &&
                  access("../../inside", F_OK) == 0 && access("../jail", F_OK) != 0,
              "from within, nothing leads out");
    tap_check(seteuid(1) == 0 && chroot("/") == -1 && errno == EPERM, "only the superuser may");
}

int main(void)
{
    test_crypt();
    test_contexts();
    outer();
    test_objects();
    test_system();
    test_error();
    test_program_name();
    test_chroot();
    return tap_done();
}
