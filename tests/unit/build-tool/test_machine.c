// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/machine.c build-tool/process.c build-tool/interrupt.c build-tool/buffer.c
// sources: build-tool/strlist.c build-tool/alloc.c tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -D_GNU_SOURCE
/* test_machine.c - QEMU's command line, the exit code of the machine, quoting for a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "captured_report.h"
#include "machine.h"

static char path[300];

static int code_of(const char *log)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(log, file);
    fclose(file);
    return machine_exit_code(path);
}

static void the_exit_code_is_read_from_the_debug_console(void **state)
{
    (void)state;
    assert_int_equal(code_of("mayfly-exit: 0\n"), 0);
    assert_int_equal(code_of("noise\nmayfly-exit: 139\n"), 139);
    assert_int_equal(code_of("mayfly-exit: -1\n"), 255);
    assert_int_equal(code_of("noise\n"), -1);
    assert_int_equal(code_of(""), -1);
    unlink(path);
    assert_int_equal(machine_exit_code(path), -1);
}

static bool has_words(const struct strlist *argv, const char *option, const char *value)
{
    for (size_t i = 0; i + 1 < argv->count; i++) {
        if (strcmp(argv->items[i], option) == 0 && strstr(argv->items[i + 1], value) != NULL) {
            return true;
        }
    }
    return false;
}

static void pvh_and_uefi_boot_differ(void **state)
{
    (void)state;
    const struct manifest_port ports[] = {{8080, 80, false}, {5353, 53, true}};
    struct machine machine = {
        .cpus = 2,
        .memory_bytes = 512ull << 20,
        .ports = ports,
        .ports_count = 2,
        .hv = "hv.elf",
        .archive = "boot.cpio",
        .debug_log = "debug.log",
    };
    struct strlist argv = machine_command(&machine);
    assert_true(has_words(&argv, "-kernel", "hv.elf"));
    assert_true(has_words(&argv, "-smp", "2"));
    assert_true(has_words(&argv, "-m", "512M"));
    assert_true(has_words(&argv, "-netdev", "hostfwd=tcp:127.0.0.1:8080-:8080"));
    assert_true(has_words(&argv, "-netdev", "ipv4=on"));
    assert_true(has_words(&argv, "-netdev", "hostfwd=udp:127.0.0.1:5353-:5353"));
    assert_false(has_words(&argv, "-bios", ""));
    strlist_free(&argv);
    machine.firmware = "OVMF.fd";
    machine.volume = "volume";
    machine.accel = MACHINE_KVM;
    argv = machine_command(&machine);
    assert_true(has_words(&argv, "-bios", "OVMF.fd"));
    assert_true(has_words(&argv, "-drive", "file.driver=vvfat,file.rw=on,file.dir=volume"));
    assert_true(has_words(&argv, "-accel", "kvm"));
    assert_false(has_words(&argv, "-kernel", ""));
    strlist_free(&argv);
}

static void a_port_in_use_is_found(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    const struct manifest_port port = {ntohs(address.sin_port), 80, false};
    const struct machine machine = {.qemu = "/bin/sh", .ports = &port, .ports_count = 1};
    assert_false(machine_port_is_free(&port));
    assert_int_equal(machine_check(&machine), -1);
    assert_non_null(strstr(captured, "is in use: choose another one"));
    close(fd);
    assert_true(machine_port_is_free(&port));
    assert_int_equal(machine_check(&machine), 0);
}

static void quoted_words_are_what_a_shell_reads_back(void **state)
{
    (void)state;
    static const char *const words[] = {"plain",          "",       "two words", "it's", "\"",
                                        "$HOME `x` \\ *", "name=x", "--",        "~",    "'"};
    struct strlist list = {0};
    char got[256] = {0}, wanted[256] = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        strlist_add(&list, words[i]);
        strcat(strcat(wanted, words[i]), "\n");
    }
    char *line = strlist_quote(&list), *command = NULL;
    assert_true(asprintf(&command, "printf '%%s\\n' %s", line) > 0);
    FILE *shell = popen(command, "r");
    assert_non_null(shell);
    assert_true(fread(got, 1, sizeof(got) - 1, shell) > 0);
    pclose(shell);
    assert_string_equal(got, wanted);
    free(command);
    free(line);
    strlist_free(&list);
}

static void a_disk_is_flushed_to_its_file(void **state)
{
    (void)state;
    struct machine machine = {.cpus = 1,
                              .memory_bytes = 64 << 20,
                              .hv = "hv",
                              .archive = "archive",
                              .debug_log = "log",
                              .disk = "a,b:c"};
    struct strlist argv = machine_command(&machine);
    assert_true(has_words(&argv, "-drive",
                          "format=raw,cache=writeback,file.driver=file,file.filename=a,,b:c"));
    assert_true(has_words(&argv, "-device", "virtio-blk-pci,drive=disk0"));
    strlist_free(&argv);
    machine.disk = NULL;
    argv = machine_command(&machine);
    assert_false(has_words(&argv, "-device", "virtio-blk-pci"));
    strlist_free(&argv);
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof(path), "%s/machine-%d", base != NULL ? base : "/tmp", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_code_is_read_from_the_debug_console),
        cmocka_unit_test(pvh_and_uefi_boot_differ),
        cmocka_unit_test(a_disk_is_flushed_to_its_file),
        cmocka_unit_test(a_port_in_use_is_found),
        cmocka_unit_test(quoted_words_are_what_a_shell_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
