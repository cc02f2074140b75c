/* SPDX-License-Identifier: Apache-2.0 */
/* command_run.c - `mayfly run`. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "command.h"
#include "run.h"

#define MEMORY_DEFAULT "512M"
#define MEMORY_MIN (32ull << 20)
#define CPUS_MAX 64

enum {
    KEY_CPUS = 256,
    KEY_ACCEL,
    KEY_UEFI,
    KEY_SHELL,
    KEY_PRINT,
    KEY_BOOT_DIR,
    KEY_SET,
    KEY_DOM0,
    KEY_QEMU,
    KEY_TIMEOUT,
    KEY_GDB,
    KEY_SERIAL,
    KEY_DISK,
    KEY_KEYS,
    KEY_PORT,
};

static const struct argp_option table[] = {
    {"publish", 'p', "HOST:GUEST[/udp]", 0,
     "forward the port HOST of 127.0.0.1 to GUEST of the guest (may be repeated; then those of its "
     "manifest do not count)",
     0},
    {"memory", 'm', "SIZE", 0, "memory of the machine (default: MEM, else " MEMORY_DEFAULT ")", 0},
    {"cpus", KEY_CPUS, "N", 0, "CPUs of the machine (default: CPUS, else 1)", 0},
    {"accel", KEY_ACCEL, "HOW", 0,
     "auto (KVM where a guest really runs under it, else TCG), tcg, kvm, or icount (TCG where one "
     "instruction takes one nanosecond); default: ACCEL, else auto",
     0},
    {"uefi", KEY_UEFI, NULL, 0, "boot by UEFI as a real machine does, not by the shorter PVH", 0},
    {"shell", KEY_SHELL, NULL, 0,
     "the console is dom0's shell; any number of images, or folders of images, for its store", 0},
    {"disk", KEY_DISK, "FILE[:SIZE]", 0,
     "a disk for the machine, where dom0 saves templates; made when there is no such FILE", 0},
    {"keys", KEY_KEYS, "FILE", 0,
     "start images only that are signed by one of these keys, a line each (files of `mayfly key "
     "new` "
     "that end in .pub, one or several together)",
     0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "end it then, with exit status 124", 0},
    {"verbose", 'v', NULL, 0, "also show what firmware and hypervisor say while they boot", 0},
    {"first-port", KEY_PORT, "PORT", OPTION_HIDDEN, NULL, 0}, /* of the environment */
    {NULL, 0, NULL, 0, "For tests and debugging:", 1},
    {"gdb", KEY_GDB, "PORT", 0, "wait for gdb on this port before the first instruction", 1},
    {"print-command", KEY_PRINT, NULL, 0, "print QEMU's command, run nothing (see --boot-dir)", 1},
    {"dry-run", 0, NULL, OPTION_ALIAS, NULL, 1},
    {"boot-dir", KEY_BOOT_DIR, "DIR", 0, "make the boot files in DIR and leave them there", 1},
    {"set", KEY_SET, "KEY=VALUE", 0, "a line for mayfly.conf (may be repeated)", 1},
    {"dom0", KEY_DOM0, "ELF", 0, "boot this image as the first domain", 1},
    {"serial", KEY_SERIAL, "DEVICE", 0, "another character device of QEMU as serial line", 1},
    {"qemu", KEY_QEMU, "ARGUMENT", 0, "one more argument for QEMU (may be repeated)", 1},
    {NULL, 0, NULL, 0, NULL, 0},
};

static unsigned long number_within(struct argp_state *state, const char *what, const char *text,
                                   unsigned long low, unsigned long high)
{
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < low ||
        value > high) {
        argp_error(state, "%s is to be a number from %lu to %lu, not `%s`", what, low, high, text);
    }
    return value;
}

static void take_memory(struct argp_state *state, struct run_options *options, const char *text)
{
    options->memory_bytes = manifest_parse_size(text);
    if (options->memory_bytes < MEMORY_MIN) {
        argp_error(state, "the machine's memory is to be a size from 32M, like 512M, not `%s`",
                   text);
    }
}

static void take_port(struct argp_state *state, struct run_options *options, const char *text)
{
    struct manifest_port port;
    const char *wrong = manifest_parse_port(text, &port);
    if (wrong != NULL) {
        argp_error(state, "`-p %s`: %s", text, wrong);
    }
    options->ports = alloc_array(options->ports, options->ports_count + 1, sizeof(port));
    options->ports[options->ports_count++] = port;
}

/* With --shell every argument is an image; else what follows the image belongs to the guest. */
static void take_argument(struct run_options *options, const char *text)
{
    if (options->shell || options->images.count == 0) {
        strlist_add(&options->images, text);
    } else {
        strlist_add(&options->args, text);
    }
}

static error_t take_test_option(int key, char *value, struct argp_state *state)
{
    struct run_options *options = state->input;
    switch (key) {
    case KEY_GDB:
        options->gdb_port = (unsigned)number_within(state, "--gdb", value, 1, 65535);
        return 0;
    case KEY_PRINT:
        options->dry_run = true;
        return 0;
    case KEY_BOOT_DIR:
        options->boot_dir = value;
        return 0;
    case KEY_SET:
        strlist_add(&options->settings, value);
        return 0;
    case KEY_DOM0:
        options->dom0 = value;
        return 0;
    case KEY_SERIAL:
        options->serial = value;
        return 0;
    case KEY_QEMU:
        strlist_add(&options->qemu, value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void check_use(struct argp_state *state, struct run_options *options)
{
    const bool nothing = options->images.count == 0 && !options->shell && options->dom0 == NULL;
    if (nothing && access(MANIFEST_FILE, F_OK) == 0) {
        strlist_add(&options->images, ".");
    }
    if (options->images.count == 0 && !options->shell && options->dom0 == NULL) {
        argp_error(state, "say which guest: a folder with a mayfly.yaml, or an image");
    }
    if (options->dry_run && options->boot_dir == NULL) {
        argp_error(state, "--print-command needs --boot-dir: the command names files that stay");
    }
}

static error_t take_option(int key, char *value, struct argp_state *state)
{
    struct run_options *options = state->input;
    switch (key) {
    case 'p':
        take_port(state, options, value);
        return 0;
    case 'm':
        take_memory(state, options, value);
        return 0;
    case KEY_CPUS:
        options->cpus = (unsigned)number_within(state, "--cpus", value, 1, CPUS_MAX);
        return 0;
    case KEY_PORT:
        options->port = (unsigned)number_within(state, "PORT", value, 1, 65535);
        return 0;
    case KEY_ACCEL:
        options->accel = value;
        return 0;
    case KEY_UEFI:
        options->uefi = true;
        return 0;
    case KEY_SHELL:
        options->shell = true;
        return 0;
    case KEY_DISK:
        if (options->disk != NULL) {
            argp_error(state, "--disk can be given once: the machine has one disk");
        }
        options->disk = value;
        return 0;
    case KEY_KEYS:
        options->keys = value;
        return 0;
    case KEY_TIMEOUT:
        options->limit_ms = (int)number_within(state, "--timeout", value, 1, 1000000) * 1000;
        return 0;
    case 'v':
        options->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        take_argument(options, value);
        if (!options->shell) { /* options behind the image are the guest's */
            while (state->next < state->argc) {
                take_argument(options, state->argv[state->next++]);
            }
        }
        return 0;
    case ARGP_KEY_END:
        check_use(state, options);
        return 0;
    default:
        return take_test_option(key, value, state);
    }
}

static const struct argp run_argp = {
    .options = table,
    .parser = take_option,
    .args_doc = "[DIR|IMAGE [ARGUMENT...]]",
    .doc =
        "Boots Mayfly in QEMU with this guest; its console is here. Options stand before the "
        "guest, its own arguments behind (about 250 of them, of 8000 bytes in all; more can be "
        "args of its "
        "mayfly.yaml). Ends when the guest ends, with its exit status (125: "
        "the machine ended without one, or its output cannot be written); Ctrl-C ends it at once. "
        "It has a terminal where this command has one; input from a file or pipe has its end. "
        "Who reads its output slowly makes the guest wait, as at any pipe; when nobody reads it "
        "any more it ends, with 141. A folder with a mayfly.yaml "
        "(default: this one) is "
        "built first. Nothing is left behind."
        "\vEnvironment: PORT (instead of the first host port of the manifest), ACCEL, CPUS and "
        "MEM as the options; MAYFLY_BOOT is the folder with hv.elf, dom0.elf and BOOTX64.EFI "
        "(default: .. beside this program), MAYFLY_OVMF the firmware, TMPDIR for the boot "
        "files.\n"
        "\n"
        "Examples:\n"
        "  mayfly run examples/hello one \"two words\"\n"
        "  mayfly run -p 8080:80 --cpus 2 examples/http\n"
        "  mayfly run --shell --disk saved.disk:256M http.img\n"
        "  mayfly run --uefi --shell hello.img http.img\n",
};

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : otherwise;
}

/* The variables come first and in the options' form, so that they are checked in the same way. */
static char **with_environment(int *argc, char **argv, struct strlist *all)
{
    const char *cpus = environment("CPUS", NULL), *port = environment("PORT", NULL);
    strlist_add(all, argv[0]);
    strlist_addf(all, "--memory=%s", environment("MEM", MEMORY_DEFAULT));
    if (cpus != NULL) {
        strlist_addf(all, "--cpus=%s", cpus);
    }
    if (port != NULL) {
        strlist_addf(all, "--first-port=%s", port);
    }
    for (int i = 1; i < *argc; i++) {
        strlist_add(all, argv[i]);
    }
    *argc = (int)all->count;
    return all->items;
}

static int run_run(int argc, char **argv)
{
    struct strlist all = {0};
    struct run_options options = {
        .accel = environment("ACCEL", "auto"),
        .cpus = 1,
    };
    char **arguments = with_environment(&argc, argv, &all);
    argp_parse(&run_argp, argc, arguments, ARGP_IN_ORDER, NULL, &options);
    const int status = run_machine(&options);
    strlist_free(&options.images);
    strlist_free(&options.args);
    strlist_free(&options.settings);
    strlist_free(&options.qemu);
    free(options.ports);
    strlist_free(&all);
    return status;
}

const struct command command_run = {
    .name = "run",
    .arguments = "[DIR|IMAGE]",
    .summary = "boot a guest in QEMU, with its console here",
    .argp = &run_argp,
    .run = run_run,
};
