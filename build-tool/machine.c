/* SPDX-License-Identifier: Apache-2.0 */
/* machine.c - see machine.h. */
#include "machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "report.h"

static void add_pair(struct strlist *argv, const char *option, const char *value)
{
    strlist_add(argv, option);
    strlist_add(argv, value);
}

/*
 * -erms: QEMU's own `rep movsb` is slow, so nobody is to choose it; -la57: the emulation of five
 * levels is not complete. ICOUNT makes a TSC difference the number of executed instructions.
 */
static void add_cpu(struct strlist *argv, const struct machine *machine)
{
    if (machine->accel == MACHINE_KVM) {
        add_pair(argv, "-accel", "kvm");
        add_pair(argv, "-cpu", "host,-la57");
    } else {
        add_pair(argv, "-accel",
                 machine->accel == MACHINE_ICOUNT ? "tcg,tb-size=256"
                                                  : "tcg,thread=multi,tb-size=256");
        add_pair(argv, "-cpu", "max,-erms,-la57");
    }
    if (machine->accel == MACHINE_ICOUNT) {
        add_pair(argv, "-icount", "shift=0,sleep=off");
        add_pair(argv, "-rtc", "base=2026-01-01,clock=vm");
        add_pair(argv, "-seed", "1");
    }
    strlist_add(argv, "-smp");
    strlist_addf(argv, "%u", machine->cpus);
    strlist_add(argv, "-m");
    strlist_addf(argv, "%lluM", (unsigned long long)(machine->memory_bytes >> 20));
}

/* ipv6=on alone would switch IPv4 off. */
static void add_network(struct strlist *argv, const struct machine *machine)
{
    struct buffer netdev = {0};
    buffer_append_text(&netdev, "user,id=net0,ipv4=on,ipv6=on");
    for (size_t i = 0; i < machine->ports_count; i++) {
        const struct manifest_port *port = &machine->ports[i];
        buffer_append_text(&netdev, ",hostfwd=%s:127.0.0.1:%u-:%u", port->udp ? "udp" : "tcp",
                           port->host, port->host);
    }
    buffer_append(&netdev, "", 1);
    add_pair(argv, "-netdev", (const char *)netdev.data);
    /* No option ROM: nothing is booted from the network. */
    add_pair(argv, "-device", "virtio-net-pci,netdev=net0,disable-legacy=on,romfile=");
    buffer_free(&netdev);
}

static void add_console(struct strlist *argv, const struct machine *machine)
{
    if (machine->serial != NULL) {
        add_pair(argv, "-serial", machine->serial);
    } else {
        add_pair(argv, "-chardev", "stdio,id=console,signal=on");
        add_pair(argv, "-serial", "chardev:console");
    }
    strlist_add(argv, "-debugcon");
    strlist_addf(argv, "file:%s", machine->debug_log);
    add_pair(argv, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04");
}

/*
 * `options` end with the one that takes the path. Not `file=PATH`, in which a colon would end the name
 * of a protocol. A comma is written twice.
 */
static void add_drive(struct strlist *argv, const char *options, const char *path)
{
    struct buffer drive = {0};
    buffer_append(&drive, options, strlen(options));
    for (; *path != '\0'; path++) {
        buffer_append_text(&drive, "%s%c", *path == ',' ? "," : "", *path);
    }
    buffer_append(&drive, "", 1);
    add_pair(argv, "-drive", (const char *)drive.data);
    buffer_free(&drive);
}

static void add_boot(struct strlist *argv, const struct machine *machine)
{
    if (machine->firmware == NULL) {
        add_pair(argv, "-kernel", machine->hv);
        add_pair(argv, "-initrd", machine->archive);
        if (machine->append != NULL && machine->append[0] != '\0') {
            add_pair(argv, "-append", machine->append);
        }
        return;
    }
    add_pair(argv, "-bios", machine->firmware);
    add_drive(argv,
              "if=none,id=boot,format=raw,file.driver=vvfat,file.rw=on,file.dir=", machine->volume);
    add_pair(argv, "-device", "virtio-blk-pci,drive=boot,bootindex=0");
}

/* What dom0 has flushed is on the host's disk (cache=writeback: QEMU's flush is one of the file). */
static void add_disk(struct strlist *argv, const char *path)
{
    add_drive(argv,
              "if=none,id=disk0,format=raw,cache=writeback,file.driver=file,file.filename=", path);
    add_pair(argv, "-device", "virtio-blk-pci,drive=disk0,disable-legacy=on");
}

struct strlist machine_command(const struct machine *machine)
{
    struct strlist argv = {0};
    strlist_add(&argv, machine->qemu != NULL ? machine->qemu : MACHINE_QEMU);
    add_pair(&argv, "-M", "q35,smm=off,vmport=off");
    add_cpu(&argv, machine);
    strlist_add(&argv, "-nodefaults");
    strlist_add(&argv, "-no-user-config");
    strlist_add(&argv, "-no-reboot");
    add_pair(&argv, "-display", "none");
    add_console(&argv, machine);
    add_network(&argv, machine);
    add_boot(&argv, machine);
    if (machine->disk != NULL) {
        add_disk(&argv, machine->disk);
    }
    if (machine->gdb_port != 0) {
        strlist_add(&argv, "-gdb");
        strlist_addf(&argv, "tcp:127.0.0.1:%u", machine->gdb_port);
        strlist_add(&argv, "-S");
    }
    for (size_t i = 0; machine->extra != NULL && i < machine->extra->count; i++) {
        strlist_add(&argv, machine->extra->items[i]);
    }
    return argv;
}

int machine_exit_code(const char *debug_log)
{
    FILE *log = fopen(debug_log, "re");
    char *line = NULL;
    size_t room = 0;
    int code = -1;
    while (log != NULL && getline(&line, &room, log) >= 0) {
        const char *found = strstr(line, "mayfly-exit: ");
        if (found != NULL) {
            code = (int)strtol(found + strlen("mayfly-exit: "), NULL, 10) & 0xff;
        }
    }
    free(line);
    if (log != NULL) {
        fclose(log);
    }
    return code;
}

/* ---- checks before the start ----------------------------------------------------------------- */

/* 0, or why the port cannot be had. */
static int port_error(const struct manifest_port *port)
{
    const int one = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port->host),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    const int fd = socket(AF_INET, (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0; /* QEMU will say what is wrong */
    }
    if (!port->udp) { /* as QEMU does: an old connection in TIME-WAIT does not matter */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    int result = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    if (result == 0 && !port->udp) {
        result = listen(fd, 1);
    }
    const int error = result == 0 ? 0 : errno;
    close(fd);
    return error;
}

bool machine_port_is_free(const struct manifest_port *port)
{
    return port_error(port) == 0;
}

static int check_port(const struct manifest_port *port)
{
    const int error = port_error(port);
    const unsigned other = port->host < 65535 && error != EACCES ? port->host + 1u : 8080u;
    if (error == EACCES) {
        report_error("port %u needs root: choose one from 1024 on, with PORT=%u or -p %u:%u",
                     port->host, other, other, port->guest);
    } else if (error != 0) {
        report_error("port %u is in use: choose another one, with PORT=%u or -p %u:%u", port->host,
                     other, other, port->guest);
    }
    return error == 0 ? 0 : -1;
}

static int check_repeated(const struct machine *machine, size_t index)
{
    const struct manifest_port *port = &machine->ports[index];
    for (size_t i = 0; i < index; i++) {
        if (machine->ports[i].host == port->host && machine->ports[i].udp == port->udp) {
            report_error(
                "port %u is published twice, for %u and for %u of the guest: choose another "
                "one for one of them",
                port->host, machine->ports[i].guest, port->guest);
            return -1;
        }
    }
    return 0;
}

int machine_check(const struct machine *machine)
{
    const char *qemu = machine->qemu != NULL ? machine->qemu : MACHINE_QEMU;
    if (!process_exists(qemu)) {
        report_error("%s is missing: `sudo apt install qemu-system-x86`", qemu);
        return -1;
    }
    for (size_t i = 0; i < machine->ports_count; i++) {
        if (check_repeated(machine, i) != 0 || check_port(&machine->ports[i]) != 0) {
            return -1;
        }
    }
    return 0;
}
