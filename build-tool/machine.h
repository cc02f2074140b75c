/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.h - the virtual machine that Mayfly runs in here: what it has, and QEMU's command line
 * for it. The one place of the project that knows QEMU's flags.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "manifest.h"
#include "strlist.h"

#define MACHINE_QEMU "qemu-system-x86_64"

/* QEMU's user network gives these to the machine; mayfly.conf repeats them for dom0. */
#define MACHINE_ADDRESS "10.0.2.15/24"
#define MACHINE_GATEWAY "10.0.2.2"
#define MACHINE_DNS "10.0.2.3"

enum machine_accel { MACHINE_TCG, MACHINE_KVM, MACHINE_ICOUNT };

struct machine {
    enum machine_accel accel; /* ICOUNT: TCG with one instruction per virtual nanosecond */
    unsigned cpus;
    uint64_t memory_bytes;
    const struct manifest_port *ports; /* borrowed; host: on 127.0.0.1 and on dom0's address */
    size_t ports_count;
    const char *qemu;            /* the program */
    const char *hv;              /* PVH: hv.elf */
    const char *archive;         /* PVH: the boot folder as cpio archive */
    const char *append;          /* PVH: settings on the command line; NULL: none */
    const char *firmware;        /* UEFI: OVMF; NULL: boot by PVH */
    const char *volume;          /* UEFI: the folder of the FAT volume */
    const char *debug_log;       /* what hv writes to port 0xe9: the exit code */
    const char *serial;          /* a QEMU character device; NULL: stdin and stdout */
    const char *disk;            /* the file behind its disk; NULL: none */
    unsigned gdb_port;           /* 0: none; else the machine waits for gdb */
    const struct strlist *extra; /* more of QEMU's arguments, at the end */
};

/** The whole command; the caller frees the list. */
struct strlist machine_command(const struct machine *machine);

/**
 * The code with which the machine ended, from its debug log; -1 when it ended without one (hv
 * writes "mayfly-exit: CODE").
 */
int machine_exit_code(const char *debug_log);

/** Whether nobody on this host uses 127.0.0.1:port.host; says nothing. */
bool machine_port_is_free(const struct manifest_port *port);

/** Checks that QEMU is there and the ports are free. Returns -1 otherwise (reported). */
int machine_check(const struct machine *machine);
