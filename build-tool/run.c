/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - see run.h. */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel.h"
#include "alloc.h"
#include "bootset.h"
#include "build.h"
#include "console.h"
#include "diskfile.h"
#include "image_view.h"
#include "interrupt.h"
#include "machine.h"
#include "place.h"
#include "report.h"
#include "workdir.h"

#define START_MAX 8000      /* bytes; dom0 reads lines of 8191... */
#define START_WORDS_MAX 256 /* ...and as many words */

/* What a run is made of; run_free() releases it. */
struct run {
    struct run_options *options;
    const char *work;            /* the temporary folder */
    struct strlist images;       /* files */
    char *first_name;            /* of the first image, from its manifest; NULL: no image */
    struct manifest_port *ports; /* owned */
    size_t ports_count;
    struct bootset set;
    struct machine machine;
    char *hv, *dom0, *loader, *firmware, *archive, *volume, *debug_log, *disk;
};

static void run_free(struct run *run)
{
    char *const strings[] = {run->first_name, run->hv,        run->dom0,
                             run->loader,     run->firmware,  run->archive,
                             run->volume,     run->debug_log, run->disk};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        free(strings[i]);
    }
    strlist_free(&run->images);
    free(run->ports);
    bootset_free(&run->set);
}

/* ---- images ---------------------------------------------------------------------------------- */

static bool has_file(const char *folder, const char *name)
{
    char *path = alloc_format("%s/%s", folder, name);
    const bool found = access(path, R_OK) == 0;
    free(path);
    return found;
}

static int is_image_name(const struct dirent *item)
{
    const char *dot = strrchr(item->d_name, '.');
    return dot != NULL && dot != item->d_name && strcmp(dot, ".img") == 0;
}

static int add_folder_of_images(struct run *run, const char *folder)
{
    struct dirent **items = NULL;
    const int count = scandir(folder, &items, is_image_name, alphasort);
    for (int i = 0; i < count; i++) {
        strlist_addf(&run->images, "%s/%s", folder, items[i]->d_name);
        free(items[i]);
    }
    free(items);
    if (count <= 0) {
        report_error("%s has no %s and no images (*.img)", folder, MANIFEST_FILE);
        return -1;
    }
    return 0;
}

static int add_built(struct run *run, const char *folder)
{
    struct build_result result;
    char *out = alloc_format("%s/built-%zu.img", run->work, run->images.count);
    const int status = build_folder(folder, out, &result);
    if (status == 0) {
        strlist_add(&run->images, out);
        build_result_free(&result);
    }
    free(out);
    return status;
}

/* A linked program becomes an image that is called like its file, as far as that is a name. */
static int add_program(struct run *run, const char *path)
{
    struct build_result result;
    char *copy = alloc_copy(path), *name = basename(copy);
    char *out = alloc_format("%s/program-%zu.img", run->work, run->images.count);
    name[strcspn(name, ".")] = '\0';
    const int status =
        build_program(path, manifest_name_is_valid(name) ? name : "program", out, &result);
    if (status == 0) {
        strlist_add(&run->images, out);
        build_result_free(&result);
    }
    free(out);
    free(copy);
    return status;
}

static int find_images(struct run *run)
{
    const struct run_options *options = run->options;
    for (size_t i = 0; i < options->images.count; i++) {
        const char *path = options->images.items[i];
        struct stat about;
        int status = 0;
        if (stat(path, &about) != 0) {
            report_error("cannot open %s: %s", path, strerror(errno));
            return -1;
        }
        if (!S_ISDIR(about.st_mode) && image_view_is_program(path)) {
            status = add_program(run, path);
        } else if (!S_ISDIR(about.st_mode)) {
            strlist_add(&run->images, path);
        } else if (has_file(path, MANIFEST_FILE) || !options->shell) {
            status = add_built(run, path);
        } else {
            status = add_folder_of_images(run, path);
        }
        if (status != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- published ports ------------------------------------------------------------------------- */

static void add_port(struct run *run, struct manifest_port port)
{
    run->ports = alloc_array(run->ports, run->ports_count + 1, sizeof(port));
    run->ports[run->ports_count++] = port;
}

static bool has_port(const struct run *run, size_t count, const struct manifest_port *port)
{
    for (size_t i = 0; i < count; i++) {
        if (run->ports[i].host == port->host && run->ports[i].udp == port->udp) {
            return true;
        }
    }
    return false;
}

static void take_manifest_ports(struct run *run, const json_t *ports)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(ports, i, item)
    {
        const char *proto = json_string_value(json_object_get(item, "proto"));
        add_port(run, (struct manifest_port){
                          .host = (uint16_t)json_integer_value(json_object_get(item, "host")),
                          .guest = (uint16_t)json_integer_value(json_object_get(item, "guest")),
                          .udp = proto != NULL && strcmp(proto, "udp") == 0,
                      });
    }
}

/* The user's ports, else those of the manifest; with a shell, those of all manifests that are
 * free. */
static void choose_ports(struct run *run, const json_t *manifest)
{
    const struct run_options *options = run->options;
    if (options->ports_count > 0) {
        return;
    }
    const size_t before = run->ports_count;
    take_manifest_ports(run, json_object_get(manifest, "ports"));
    if (options->shell) {
        size_t kept = before;
        for (size_t i = before; i < run->ports_count; i++) {
            if (machine_port_is_free(&run->ports[i]) && !has_port(run, kept, &run->ports[i])) {
                run->ports[kept++] = run->ports[i];
            }
        }
        run->ports_count = kept;
    } else if (options->port != 0 && run->ports_count > 0) {
        run->ports[0].host = (uint16_t)options->port;
    }
}

/* ---- the boot volume ------------------------------------------------------------------------- */

static int add_image(struct run *run, const char *path)
{
    struct image_view view;
    if (image_view_load(&view, path) != 0) {
        return -1;
    }
    const char *name = json_string_value(json_object_get(view.manifest, "name"));
    int status = -1;
    if (name == NULL || !manifest_name_is_valid(name)) {
        report_error("%s has no valid name in its manifest: build it again", path);
    } else {
        char *file = alloc_format("images/%s.img", name);
        status = bootset_add(&run->set, file, path);
        free(file);
    }
    if (status == 0 && (run->first_name == NULL || run->options->shell)) {
        free(run->first_name);
        run->first_name = alloc_copy(name);
        choose_ports(run, view.manifest);
    }
    image_view_free(&view);
    return status;
}

/* "NAME publish=HOST:GUEST/tcp -- ARGUMENT...", quoted: what dom0 is to start. */
static int set_start(struct run *run)
{
    const struct strlist *args = &run->options->args;
    struct strlist words = {0};
    strlist_add(&words, run->first_name);
    for (size_t i = 0; i < run->ports_count; i++) {
        strlist_addf(&words, "publish=%u:%u/%s", run->ports[i].host, run->ports[i].guest,
                     run->ports[i].udp ? "udp" : "tcp");
    }
    if (args->count > 0) {
        strlist_add(&words, "--");
    }
    for (size_t i = 0; i < args->count; i++) {
        strlist_add(&words, args->items[i]);
    }
    char *line = strlist_quote(&words);
    const bool is_long = strlen(line) > START_MAX || words.count > START_WORDS_MAX;
    strlist_free(&words);
    const char *wrong = strpbrk(line, "\r\n") != NULL ? "have a line break in them"
                        : is_long                     ? "are too many, or too long"
                                                      : NULL;
    if (wrong != NULL) {
        report_error("the arguments %s: put them into args of %s", wrong, MANIFEST_FILE);
    } else {
        bootset_set(&run->set, "start", "%s", line);
    }
    free(line);
    return wrong == NULL ? 0 : -1;
}

static int set_settings(struct run *run)
{
    const struct strlist *settings = &run->options->settings;
    for (size_t i = 0; i < settings->count; i++) {
        const char *setting = settings->items[i];
        const char *equals = strchr(setting, '=');
        if (equals == NULL || equals == setting) {
            report_error("`--set %s`: expected KEY=VALUE", setting);
            return -1;
        }
        buffer_append_text(&run->set.conf, "%.*s = %s\n", (int)(equals - setting), setting,
                           equals + 1);
    }
    return 0;
}

static int set_conf(struct run *run)
{
    struct bootset *set = &run->set;
    if (run->options->keys != NULL) {
        bootset_set(set, "require-signature", "yes");
        if (bootset_add(set, "keys", run->options->keys) != 0) {
            return -1;
        }
    }
    bootset_set(set, "net", "%s", MACHINE_ADDRESS);
    bootset_set(set, "gateway", "%s", MACHINE_GATEWAY);
    bootset_set(set, "dns", "%s", MACHINE_DNS);
    if (!run->options->shell && run->first_name != NULL) {
        bootset_set(set, "console", "guest");
        if (!isatty(STDIN_FILENO)) {
            bootset_set(set, "console-input", "stream");
        }
        if (!isatty(STDOUT_FILENO)) {
            bootset_set(set, "console-output", "stream");
        }
        bootset_set(set, "exit-with-first", "1");
        if (set_start(run) != 0) {
            return -1;
        }
    }
    return set_settings(run);
}

static int find_parts(struct run *run)
{
    const struct run_options *options = run->options;
    run->hv = place_boot_file("hv.elf");
    if (run->hv == NULL) {
        return -1;
    }
    run->dom0 = options->dom0 != NULL ? alloc_copy(options->dom0) : place_boot_file("dom0.elf");
    if (run->dom0 == NULL) {
        return -1;
    }
    if (options->uefi) {
        run->loader = place_boot_file("BOOTX64.EFI");
        run->firmware = run->loader == NULL ? NULL : place_firmware();
        return run->firmware == NULL ? -1 : 0;
    }
    return 0;
}

static int write_boot(struct run *run)
{
    const char *folder = run->options->boot_dir != NULL ? run->options->boot_dir : run->work;
    if (run->options->boot_dir != NULL && mkdir(folder, 0755) != 0 && errno != EEXIST) {
        report_error("cannot make the folder %s: %s", folder, strerror(errno));
        return -1;
    }
    run->debug_log = alloc_format("%s/debug.log", folder);
    unlink(run->debug_log);
    if (run->options->uefi) {
        run->volume = alloc_format("%s/volume", folder);
        return bootset_write_volume(&run->set, run->volume, run->loader, run->hv);
    }
    run->archive = alloc_format("%s/boot.cpio", folder);
    return bootset_write_archive(&run->set, run->archive);
}

static int prepare(struct run *run)
{
    run->work = workdir_path();
    for (size_t i = 0; i < run->options->ports_count; i++) {
        add_port(run, run->options->ports[i]);
    }
    if (run->work == NULL || find_parts(run) != 0 || find_images(run) != 0 ||
        bootset_add(&run->set, "dom0.elf", run->dom0) != 0) {
        return -1;
    }
    for (size_t i = 0; i < run->images.count; i++) {
        if (add_image(run, run->images.items[i]) != 0) {
            return -1;
        }
    }
    return set_conf(run) != 0 ? -1 : write_boot(run);
}

/* ---- the machine ----------------------------------------------------------------------------- */

static int configure(struct run *run)
{
    const struct run_options *options = run->options;
    if (options->disk != NULL) {
        run->disk = diskfile_open(options->disk, !options->dry_run);
        if (run->disk == NULL) {
            return -1;
        }
    }
    run->machine = (struct machine){
        .cpus = options->cpus,
        .memory_bytes = options->memory_bytes,
        .ports = run->ports,
        .ports_count = run->ports_count,
        .hv = run->hv,
        .archive = run->archive,
        .firmware = run->firmware,
        .volume = run->volume,
        .debug_log = run->debug_log,
        .serial = options->serial,
        .disk = run->disk,
        .gdb_port = options->gdb_port,
        .extra = &options->qemu,
    };
    if (options->dry_run) {
        const char *accel = strcmp(options->accel, "auto") == 0 ? "tcg" : options->accel;
        return accel_parse(accel, run->work, &run->machine.accel);
    }
    if (machine_check(&run->machine) != 0) {
        return -1;
    }
    return accel_parse(options->accel, run->work, &run->machine.accel);
}

static void say_where(const struct run *run)
{
    const bool one_guest = !run->options->shell && run->first_name != NULL;
    for (size_t i = 0; i < run->ports_count; i++) {
        const struct manifest_port *port = &run->ports[i];
        const char *scheme = port->udp ? "udp" : port->guest == 80 ? "http" : "tcp";
        fprintf(stderr, "%s://127.0.0.1:%u/ is port %u of %s\n", scheme, port->host,
                one_guest ? port->guest : port->host, one_guest ? run->first_name : "dom0");
    }
}

static int run_status(const struct run *run, int qemu_status)
{
    const int code = machine_exit_code(run->debug_log);
    if (qemu_status == CONSOLE_TIMEOUT) {
        console_show_held();
        report_error("stopped after %d s, the limit", run->options->limit_ms / 1000);
        return RUN_TIMEOUT;
    }
    if (qemu_status == CONSOLE_UNREAD || qemu_status == CONSOLE_UNWRITTEN) {
        return qemu_status == CONSOLE_UNREAD ? 128 + SIGPIPE : RUN_NO_VERDICT;
    }
    if (code >= 0) {
        console_show_rest();
        return code;
    }
    if (interrupt_pending() != 0) {
        return 128 + interrupt_pending();
    }
    console_show_held();
    report_error("the machine ended without an exit status (QEMU: %d); what it said stands above",
                 qemu_status);
    return RUN_NO_VERDICT;
}

static int start(struct run *run)
{
    struct strlist argv = machine_command(&run->machine);
    int status = 0;
    if (run->options->dry_run) {
        char *line = strlist_quote(&argv);
        puts(line);
        free(line);
    } else {
        const struct console console = {
            .raw_input = run->options->shell,
            .no_firmware = !run->options->verbose,
            .guest_only = !run->options->verbose && !run->options->shell,
            .plain = !isatty(STDOUT_FILENO),
            .stream = !run->options->shell && run->first_name != NULL && !isatty(STDIN_FILENO),
        };
        say_where(run);
        if (run->options->uefi) {
            report_note("booting by UEFI takes some seconds");
        }
        status = console_run(&argv, &console, run->options->limit_ms);
        status = status == -1 ? 1 : run_status(run, status);
    }
    strlist_free(&argv);
    return status;
}

int run_machine(struct run_options *options)
{
    struct run run = {.options = options};
    int status = 1;
    if (prepare(&run) == 0 && configure(&run) == 0) {
        status = start(&run);
    }
    run_free(&run);
    return status;
}
