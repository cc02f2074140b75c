/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports_build.c - fetches, builds and packages a port. The build itself is a shell script that is
 * made from the recipe (CACHE/build/NAME/build.sh), so that it can be read, and run by hand; its
 * output is in the file `log` beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "build.h"
#include "place.h"
#include "ports.h"
#include "process.h"
#include "report.h"

#define HOST "x86_64-mayfly-elf"
#define DEPTH_MAX 16

static int build_within(struct port *port, bool keep, unsigned depth);

/* Runs a command of the shell; returns its exit status. */
static int shell(const char *command)
{
    struct strlist argv = {0};
    strlist_add(&argv, "/bin/sh");
    strlist_add(&argv, "-c");
    strlist_add(&argv, command);
    const pid_t pid = process_start(&argv, NULL);
    strlist_free(&argv);
    return pid < 0 ? 127 : process_wait(pid);
}

static char *work_path(const struct port *port, const char *below)
{
    char *part = alloc_format("build/%s%s%s", port->name, below[0] != '\0' ? "/" : "", below);
    char *path = ports_built(part);
    free(part);
    return path;
}

char *port_image(const struct port *port, const char *program)
{
    char *part = alloc_format("images/%s.img", program);
    char *path = work_path(port, part);
    free(part);
    return path;
}

/* A word of the recipe: one word for the shell too, in which $prefix and the like still count. */
static void append_word(struct buffer *out, const char *text)
{
    buffer_append(out, "\"", 1);
    for (; *text != '\0'; text++) {
        buffer_append_text(out, strchr("\"\\`", *text) != NULL ? "\\%c" : "%c", *text);
    }
    buffer_append(out, "\"", 1);
}

static void append_words(struct buffer *out, char *const *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buffer_append(out, " ", 1);
        append_word(out, words[i]);
    }
    buffer_append_text(out, "\n");
}

static void set_variable(struct buffer *out, const char *name, const char *value)
{
    buffer_append_text(out, "%s=", name);
    buffer_append_quoted(out, value);
    buffer_append_text(out, "\n");
}

static int write_text_file(const struct buffer *text, const char *folder, const char *name)
{
    char *path = alloc_format("%s/%s", folder, name);
    const int status = buffer_write_file(text, path, 0644);
    free(path);
    return status;
}

/* ---- sources ---------------------------------------------------------------------------------- */

static int fetch(const struct port *port, const char *work)
{
    const struct port_fields *fields = port->fields;
    struct buffer table = {0};
    for (size_t i = 0; i < port->files.count; i++) {
        buffer_append_text(&table, "%s %s %s\n", fields->source, fields->version,
                           port->files.items[i]);
    }
    if (fields->unpatched) {
        buffer_append_text(&table, "%s unpatched\n", fields->source);
    }
    int status = write_text_file(&table, work, "packages");
    buffer_free(&table);
    char *folder = status != 0 ? NULL : ports_folder();
    char *cache = folder == NULL ? NULL : ports_cache("");
    if (cache != NULL) {
        struct strlist argv = {0};
        strlist_addf(&argv, "%s/fetch", folder);
        strlist_add(&argv, cache);
        strlist_add(&argv, fields->source);
        strlist_addf(&argv, "%s/packages", work);
        const pid_t pid = process_start(&argv, NULL);
        status = pid < 0 || process_wait(pid) != 0 ? -1 : 0;
        strlist_free(&argv);
    }
    free(cache);
    free(folder);
    return cache == NULL ? -1 : status;
}

/* ---- the build script ------------------------------------------------------------------------- */

static void script_head(const struct port *port, struct buffer *out, const char *work)
{
    char *compiler = place_compiler();
    char *sdk = alloc_format("%.*s", (int)(strstr(compiler, "/bin/") - compiler), compiler);
    buffer_append_text(out, "#!/bin/sh\n# Made by mayfly from %s.yaml.\nset -eux\n", port->name);
    char *self = realpath("/proc/self/exe", NULL);
    set_variable(out, "mayfly", self != NULL ? self : "mayfly");
    free(self);
    set_variable(out, "work", work);
    set_variable(out, "sdk", sdk);
    set_variable(out, "support", port->support);
    buffer_append_text(out, "prefix=$work/prefix\nneeds=$work/needs\nhost=" HOST "\n");
    free(sdk);
    free(compiler);
    buffer_append_text(
        out,
        "unset MAKEFLAGS MAKELEVEL CPATH C_INCLUDE_PATH LIBRARY_PATH\n"
        "export PATH=\"$sdk/bin:$PATH\"\n"
        "set -a\n"
        ". \"$sdk/share/config.site\"\n" /* CONFIG_SITE would be split at blanks */
        "set +a\n"
        "export CC=$host-gcc AR=$host-ar RANLIB=$host-ranlib NM=$host-nm STRIP=$host-strip\n"
        "export CFLAGS=\"-O2 -g -ffile-prefix-map=$work/src=/usr/src/%s\"\n"
        "export CPPFLAGS= LDFLAGS=-Wl,--defsym=__stack_size=8388608 LC_ALL=C "
        "SOURCE_DATE_EPOCH=1577836800\n"
        "export PKG_CONFIG_LIBDIR= PKG_CONFIG_PATH=\n",
        port->name);
    for (unsigned i = 0; i < port->fields->needs_count; i++) {
        buffer_append_text(out,
                           "CPPFLAGS=\"$CPPFLAGS -I$needs/%1$s/include\"\n"
                           "LDFLAGS=\"$LDFLAGS -L$needs/%1$s/lib\"\n"
                           "PKG_CONFIG_LIBDIR=\"$PKG_CONFIG_LIBDIR:$needs/%1$s/lib/pkgconfig\"\n",
                           port->fields->needs[i]);
    }
    for (size_t i = 0; i < port->environment.count; i++) {
        const char *variable = port->environment.items[i];
        const size_t name = strcspn(variable, "=");
        buffer_append_text(out, "export %.*s=", (int)name, variable);
        append_word(out, variable + name + 1);
        buffer_append_text(out, "\n");
    }
}

/* A line "COMMAND WORD...": the words are the recipe's. */
static void script_line(struct buffer *out, const char *command, char *const *words, unsigned count)
{
    buffer_append_text(out, "%s", command);
    append_words(out, words, count);
}

static void script_configure(const struct port_fields *fields, struct buffer *out)
{
    const char *command = NULL;
    if (fields->autoreconf) {
        buffer_append_text(out, "autoreconf -fi\n");
    }
    if (strcmp(fields->build, "autoconf") == 0) {
        command = "./configure --host=$host --prefix=\"$prefix\"";
    } else if (strcmp(fields->build, "configure") == 0) {
        command = "./configure";
    } else if (strcmp(fields->build, "cmake") == 0) {
        command = "cmake -S . -B mayfly-build -DCMAKE_TOOLCHAIN_FILE=\"$sdk/share/mayfly.cmake\""
                  " -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=\"$prefix\""
                  " -DCMAKE_FIND_ROOT_PATH=\"$needs\" -DCMAKE_INSTALL_LIBDIR=lib";
    } else if (strcmp(fields->build, "meson") == 0) {
        command = "meson setup mayfly-build --cross-file \"$sdk/share/mayfly.meson\""
                  " --prefix=\"$prefix\" --libdir=lib --default-library=static"
                  " --buildtype=debugoptimized";
    }
    if (command != NULL) {
        script_line(out, command, fields->configure, fields->configure_count);
    }
}

static void script_make(const struct port_fields *fields, struct buffer *out)
{
    const char *make = "make";
    if (strcmp(fields->build, "none") == 0) {
        return;
    }
    if (strcmp(fields->build, "cmake") == 0) {
        make = "make -C mayfly-build";
    } else if (strcmp(fields->build, "meson") == 0) {
        make = "ninja -C mayfly-build";
    }
    char *command = alloc_format("%s -j%ld", make, sysconf(_SC_NPROCESSORS_ONLN));
    script_line(out, command, fields->make, fields->make_count);
    if (fields->install_count > 0) {
        script_line(out, make, fields->install, fields->install_count);
    }
    free(command);
}

static int write_script(const struct port *port, const char *work)
{
    struct buffer out = {0};
    const struct port_fields *fields = port->fields;
    script_head(port, &out, work);
    buffer_append_text(&out, "cp -a \"$work/source/.\" \"$work/src\"\ncd \"$work/src/%s\"\n",
                       fields->folder != NULL ? fields->folder : "");
    for (unsigned i = 0; i < fields->prepare_count; i++) {
        buffer_append_text(&out, "%s\n", fields->prepare[i]);
    }
    script_configure(fields, &out);
    script_make(fields, &out);
    const int status = write_text_file(&out, work, "build.sh");
    buffer_free(&out);
    return status;
}

/* An empty work folder, with links to the source and to what the port needs. */
static int prepare_work(const struct port *port, const char *work)
{
    struct buffer command = {0};
    buffer_append_text(&command, "set -e; rm -rf ");
    buffer_append_quoted(&command, work);
    buffer_append_text(&command, "; mkdir -p ");
    buffer_append_quoted(&command, work);
    buffer_append_text(&command, "; cd ");
    buffer_append_quoted(&command, work);
    buffer_append_text(&command,
                       "; mkdir prefix needs images guests; ln -s ../../../../src/%s/ source; ",
                       port->fields->source);
    for (unsigned i = 0; i < port->fields->needs_count; i++) {
        buffer_append_text(&command, "ln -s ../../%1$s/prefix needs/%1$s; ",
                           port->fields->needs[i]);
    }
    buffer_append(&command, "", 1);
    const int status = shell((const char *)command.data);
    buffer_free(&command);
    if (status != 0) {
        report_error("cannot make the folder %s", work);
    }
    return status == 0 ? 0 : -1;
}

/* The script's last lines, for the report. */
static int run_script(const struct port *port, const char *work)
{
    char *command = alloc_format("cd '%1$s' && sh build.sh >log 2>&1 </dev/null", work);
    const int status = shell(command);
    free(command);
    if (status == 0) {
        return 0;
    }
    command = alloc_format("tail -n 12 '%s/log' >&2", work);
    shell(command);
    free(command);
    report_error("the build of %s failed: what it said is in %s/log, what was run in %s/build.sh",
                 port->name, work, work);
    return -1;
}

/* ---- guests ----------------------------------------------------------------------------------- */

/* The program's entry is a mayfly.yaml; `src`, `prefix`, `needs` and `support` stand beside it. */
static int build_guest(struct port *port, const char *work, const char *name)
{
    char *folder = alloc_format("%s/guests/%s", work, name);
    struct buffer command = {0};
    buffer_append_text(&command,
                       "mkdir -p '%1$s' && cd '%1$s' && ln -sfn ../../src src && "
                       "ln -sfn ../../prefix prefix && ln -sfn ../../needs needs && ln -sfn ",
                       folder);
    buffer_append_quoted(&command, port->support);
    buffer_append(&command, " support", sizeof(" support"));
    struct buffer text = {0};
    port_write_node(port, port_program(port, name), &text);
    char *image = port_image(port, name);
    struct build_result result = {0};
    int status = -1;
    if (shell((const char *)command.data) == 0 &&
        write_text_file(&text, folder, "mayfly.yaml") == 0 &&
        build_folder(folder, image, &result) == 0) {
        build_result_free(&result);
        status = 0;
    }
    if (status != 0) {
        report_error("the program %s of %s could not be made; the tree is in %s", name, port->name,
                     work);
    }
    buffer_free(&text);
    free(image);
    buffer_free(&command);
    free(folder);
    return status;
}

/* ---- all of it -------------------------------------------------------------------------------- */

static bool is_built(const struct port *port, const char *work, const char *key, bool keep)
{
    char *path = alloc_format("%s/key", work);
    char *tree = alloc_format("%s/src", work);
    struct buffer text = {0};
    bool same = access(path, R_OK) == 0 && (!keep || access(tree, R_OK) == 0) &&
                buffer_read_file(&text, path) == 0 && text.bytes == 64 &&
                memcmp(text.data, key, 64) == 0;
    for (size_t i = 0; same && i < port->guests.count; i++) {
        char *image = port_image(port, port->guests.items[i]);
        same = access(image, R_OK) == 0;
        free(image);
    }
    buffer_free(&text);
    free(tree);
    free(path);
    return same;
}

/* The key is written last: without it the next call builds again. */
static int finish(const struct port *port, const char *work, const char *key, bool keep)
{
    struct buffer text = {0};
    char *sysroot = ports_built("sysroot");
    char *command = alloc_format("%s mkdir -p '%s' && cp -a '%s/prefix/.' '%s/'",
                                 keep ? ":;" : "rm -rf src guests;", sysroot, work, sysroot);
    char *in_work = alloc_format("cd '%s' && { %s; }", work, command);
    buffer_append(&text, key, 64);
    const int status = shell(in_work) != 0 || write_text_file(&text, work, "key") != 0 ? -1 : 0;
    if (status != 0) {
        report_error("cannot finish %s in %s", port->name, work);
    }
    buffer_free(&text);
    free(in_work);
    free(command);
    free(sysroot);
    return status;
}

static int check_tool(const struct port *port, const char *tool, const char *package)
{
    if (process_exists(tool)) {
        return 0;
    }
    report_error("building %s needs %s: `sudo apt install %s`", port->name, tool, package);
    return -1;
}

/* Programs of the host that the build calls, beside those that Mayfly itself needs. */
static int check_tools(const struct port *port)
{
    static const char *const usual[] = {"cmake", "meson"}; /* kinds of builds that are programs */
    const struct port_fields *fields = port->fields;
    int status = 0;
    for (unsigned i = 0; status == 0 && i < fields->tools_count; i++) {
        if (!process_exists(fields->tools[i])) {
            report_error("building %s needs the program %s: install it", port->name,
                         fields->tools[i]);
            status = -1;
        }
    }
    for (size_t i = 0; status == 0 && i < sizeof(usual) / sizeof(usual[0]); i++) {
        status = strcmp(fields->build, usual[i]) == 0 ? check_tool(port, usual[i], usual[i]) : 0;
    }
    if (status == 0 && fields->autoreconf) {
        status = check_tool(port, "autoreconf", "autoconf") != 0 ||
                         check_tool(port, "automake", "automake") != 0 ||
                         check_tool(port, "libtoolize", "libtool") != 0
                     ? -1
                     : 0;
    }
    return status;
}

static int build_now(struct port *port, const char *work, const char *key, bool keep)
{
    fprintf(stderr, "ports: building %s %s\n", port->name, port->fields->version);
    if (check_tools(port) != 0 || prepare_work(port, work) != 0 || fetch(port, work) != 0 ||
        write_script(port, work) != 0 || run_script(port, work) != 0) {
        return -1;
    }
    for (size_t i = 0; i < port->guests.count; i++) {
        if (build_guest(port, work, port->guests.items[i]) != 0) {
            return -1;
        }
    }
    return finish(port, work, key, keep);
}

static int build_needs(const struct port *port, unsigned depth)
{
    if (depth > DEPTH_MAX) {
        report_error("%s needs itself", port->name);
        return -1;
    }
    for (unsigned i = 0; i < port->fields->needs_count; i++) {
        struct port other;
        if (port_load(&other, port->fields->needs[i]) != 0) {
            return -1;
        }
        const int status = build_within(&other, false, depth + 1);
        port_free(&other);
        if (status != 0) {
            return -1;
        }
    }
    return 0;
}

/* One process at a time builds a port; the lock is its folder's neighbour and stays. */
static int lock(const char *work)
{
    char *path = alloc_format("%s.lock", work);
    const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        report_error("cannot lock %s: %s", path, strerror(errno));
    }
    free(path);
    return fd;
}

static int build_within(struct port *port, bool keep, unsigned depth)
{
    char *work = work_path(port, "");
    int status = -1;
    if (build_needs(port, depth) == 0) {
        const int locked = lock(work);
        char *key = port_key(port, work);
        if (key != NULL && locked >= 0) {
            status = is_built(port, work, key, keep) ? 0 : build_now(port, work, key, keep);
        }
        free(key);
        /* Not by close() alone: a process that was started meanwhile may have the file open, too. */
        if (locked >= 0) {
            flock(locked, LOCK_UN);
            close(locked);
        }
    }
    free(work);
    return status;
}

int port_build(struct port *port, bool keep)
{
    return ports_enter() != 0 ? -1 : build_within(port, keep, 0);
}
