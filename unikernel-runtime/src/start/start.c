/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - from the first instruction to main(). Writes to the main stack only, where the TLS
 * block and the thread object are too; everything else is ready as the linker made it or starts
 * when it is first used.
 */
#include <reent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/fault.h"
#include "start/info.h"
#include "start/link.h"
#include "thread/thread_internal.h"

/* Of arguments, and of the environment: they go onto the main stack. */
#define STRINGS_MAX_BYTES 16384u
#define STRINGS_MAX_COUNT 1024u

extern char **environ;
extern void (*__preinit_array_start[])(void), (*__preinit_array_end[])(void);
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);
int main(int argc, char **argv, char **envp);
void mf_start(struct mf_thread *self); /* noreturn would spoil its frame, for backtraces */

static void init_thread(struct mf_thread *self)
{
    volatile const uint64_t *const seed = (volatile const uint64_t *)(uintptr_t)&mf_info()->seed;
    mf_thread_init_tls(self);
    mf_thread_set_first_fs_base(self);
    self->id = 1;
    self->stack_low = __stack_bottom;
    self->canary = (seed[3] * 0x9e3779b97f4a7c15u ^ __builtin_ia32_rdtsc()) & ~(uint64_t)0xff;
    __mf_reent = _GLOBAL_REENT;
}

static void run_all(void (**from)(void), void (**to)(void))
{
    for (; from < to; from++) {
        (*from)();
    }
}

/* Makes pointers to the `count` strings in [text, text + bytes); the last byte is made a NUL. */
static int split(char *text, uint32_t bytes, uint32_t count, char **out)
{
    uint32_t n = 0;
    text[bytes] = '\0';
    for (uint32_t at = 0; n < count && at < bytes; n++) {
        out[n] = text + at;
        at += (uint32_t)strlen(text + at) + 1;
    }
    out[n] = NULL;
    return (int)n;
}

/* The strings are copied: the info page is not the guest's alone, and a clone gets another one. */
void mf_start(struct mf_thread *self)
{
    init_thread(self);
    mf_fault_init();

    const volatile struct mf_info *const info = mf_info();
    const uint32_t args_bytes = info->args_bytes, env_bytes = info->env_bytes;
    const uint32_t arg_count = info->argc, env_count = info->envc;
    const bool is_sane = info->magic == MF_INFO_MAGIC && args_bytes <= STRINGS_MAX_BYTES &&
                         env_bytes <= STRINGS_MAX_BYTES && arg_count <= STRINGS_MAX_COUNT &&
                         env_count <= STRINGS_MAX_COUNT;
    char text[(is_sane ? args_bytes + env_bytes : 0) + 2];
    char *strings[(is_sane ? arg_count + env_count : 0) + 4];
    char **argv = strings, **envp = strings + 2;
    static char no_name[] = "";
    int argc = 0;
    strings[2] = NULL;
    if (is_sane) {
        char *const env_text = text + args_bytes + 1;
        memcpy(text, (const void *)(uintptr_t)(HV_WINDOW0_VA + info->args), args_bytes);
        memcpy(env_text, (const void *)(uintptr_t)(HV_WINDOW0_VA + info->env), env_bytes);
        argc = split(text, args_bytes, arg_count, argv);
        envp = argv + (argc != 0 ? argc : 1) + 1;
        split(env_text, env_bytes, env_count, envp);
    }
    if (argc == 0) { /* POSIX: a conforming program has a name */
        argv[argc++] = no_name;
        argv[argc] = NULL;
    }
    environ = envp;
    run_all(__preinit_array_start, __preinit_array_end);
    run_all(__init_array_start, __init_array_end);
    exit(main(argc, argv, envp));
}
