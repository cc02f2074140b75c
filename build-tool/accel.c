/* SPDX-License-Identifier: Apache-2.0 */
/* accel.c - see accel.h. */
#include "accel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "bootset.h"
#include "console.h"
#include "place.h"
#include "process.h"
#include "report.h"

#define PROBE_CODE 42 /* probe.S */
#define PROBE_LIMIT_MS 3000

static bool cpu_has_virtualisation(void)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (file != NULL && !found && getline(&line, &room, file) >= 0) {
        if (strncmp(line, "flags", 5) == 0) {
            line[strcspn(line, "\n")] = ' ';
            found = strstr(line, " vmx ") != NULL || strstr(line, " svm ") != NULL;
        }
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static bool device_opens(void)
{
    const int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool probe_with(struct machine *machine, const char *probe)
{
    struct bootset set = {0};
    bool works = false;
    if (bootset_add(&set, "dom0.elf", probe) == 0 &&
        bootset_write_archive(&set, machine->archive) == 0) {
        struct strlist argv = machine_command(machine);
        const struct console quiet = {.discard = true};
        console_run(&argv, &quiet, PROBE_LIMIT_MS);
        strlist_free(&argv);
        works = machine_exit_code(machine->debug_log) == PROBE_CODE;
    }
    bootset_free(&set);
    return works;
}

static bool guest_runs(const char *work)
{
    char *probe = place_boot_file("probe.elf");
    char *hv = place_boot_file("hv.elf");
    char *archive = alloc_format("%s/probe.cpio", work);
    char *log = alloc_format("%s/probe.log", work);
    struct machine machine = {
        .accel = MACHINE_KVM,
        .cpus = 1,
        .memory_bytes = 128ull << 20,
        .hv = hv,
        .archive = archive,
        .debug_log = log,
        .serial = "null",
    };
    const bool works = probe != NULL && hv != NULL && probe_with(&machine, probe);
    free(probe);
    free(hv);
    free(archive);
    free(log);
    return works;
}

/*
 * KVM only where the CPU has VMX or SVM, /dev/kvm opens, and hv with a tiny guest really runs under
 * it (tried each time, at most three seconds); else TCG. A /dev/kvm that opens proves nothing.
 * `work` is a folder for its files.
 */
static enum machine_accel choose(const char *work)
{
    if (cpu_has_virtualisation() && device_opens() && guest_runs(work)) {
        return MACHINE_KVM;
    }
    return MACHINE_TCG;
}

int accel_parse(const char *text, const char *work, enum machine_accel *accel)
{
    if (strcmp(text, "auto") == 0) {
        *accel = choose(work);
    } else if (strcmp(text, "tcg") == 0) {
        *accel = MACHINE_TCG;
    } else if (strcmp(text, "icount") == 0) {
        *accel = MACHINE_ICOUNT;
    } else if (strcmp(text, "kvm") == 0) {
        *accel = MACHINE_KVM;
        if (!device_opens()) {
            report_error("KVM cannot be used: /dev/kvm does not open for you; try ACCEL=auto");
            return -1;
        }
        if (!guest_runs(work)) {
            report_error("KVM cannot be used: no guest runs under it here; try ACCEL=auto");
            return -1;
        }
    } else {
        report_error("`%s` is no accelerator: use auto, tcg, kvm or icount", text);
        return -1;
    }
    return 0;
}
