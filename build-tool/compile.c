/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.c - see compile.h. The compiler runs in the manifest's folder with relative names, so
 * that the result does not depend on where that folder lies.
 */
#include "compile.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "interrupt.h"
#include "place.h"
#include "process.h"
#include "report.h"

#define JOBS_MAX 64u

struct job {
    struct strlist argv;
    pid_t pid; /* 0: not running */
};

/* ---- sources ------------------------------------------------------------------------------ */

/* glob() has no way to say "below this folder", so the folder's own special characters are
 * quoted. */
static char *glob_pattern(const char *dir, const char *pattern)
{
    struct buffer text = {0};
    for (; *dir != '\0'; dir++) {
        if (strchr("*?[\\", *dir) != NULL) {
            buffer_append(&text, "\\", 1);
        }
        buffer_append(&text, dir, 1);
    }
    buffer_append_text(&text, "/%s", pattern);
    buffer_append(&text, "", 1);
    return (char *)text.data;
}

/* What the compiler would say of it is hard to understand, or it would take it for something else. */
static const char *source_problem(const char *path)
{
    static const char *const compiled[] = {".c", ".i", ".s", ".S", ".sx"};
    static const char *const cplusplus[] = {".cc", ".cpp", ".cxx", ".C", ".c++"};
    const char *ending = strrchr(path, '.');
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        return "is a folder: name its files, like `lib/*.c`";
    }
    for (size_t i = 0; i < sizeof(compiled) / sizeof(compiled[0]) && ending != NULL; i++) {
        if (strcmp(ending, compiled[i]) == 0) {
            return NULL;
        }
        if (strcmp(ending, cplusplus[i]) == 0) {
            return "is C++, which there is not for Mayfly, only C";
        }
    }
    return "is no C or assembly file (.c, .i, .S, .sx, .s); an object or a library stands in "
           "`libs`";
}

static int add_sources(struct manifest *manifest, unsigned index, const glob_t *found,
                       struct strlist *sources)
{
    for (size_t i = 0; i < found->gl_pathc; i++) {
        const char *problem = source_problem(found->gl_pathv[i]);
        const char *name = found->gl_pathv[i] + strlen(manifest->dir) + 1;
        if (problem != NULL) {
            char *text = alloc_format("%s %s", name, problem);
            manifest_error(manifest, "sources", index, text);
            free(text);
            return -1;
        }
        strlist_addf(sources, "%s%s", name[0] == '-' ? "./" : "", name); /* it is no option */
    }
    return 0;
}

static int find_sources(struct manifest *manifest, struct strlist *sources)
{
    int status = 0;
    for (unsigned i = 0; i < manifest->fields->sources_count && status == 0; i++) {
        const char *pattern = manifest->fields->sources[i];
        char *full = glob_pattern(manifest->dir, pattern);
        glob_t found;
        const int result = pattern[0] == '\0' ? GLOB_NOMATCH : glob(full, 0, NULL, &found);
        free(full);
        if (result != 0) {
            manifest_error(manifest, "sources", i,
                           pattern[0] == '\0' ? "a value is missing here"
                           : strpbrk(pattern, "*?[") != NULL
                               ? "no file matches this; paths are relative to the manifest"
                               : "there is no such file; paths are relative to the manifest");
            return -1;
        }
        status = add_sources(manifest, i, &found, sources);
        globfree(&found);
    }
    strlist_sort(sources);
    return status;
}

/* ---- commands ----------------------------------------------------------------------------- */

static void add_all(struct strlist *argv, char *const *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        strlist_add(argv, items[i]);
    }
}

static char *object_path(const char *folder, size_t index)
{
    return alloc_format("%s/%zu.o", folder, index);
}

/* So that debug information does not say where the folder lies; with -flto the linker makes some. */
static void add_prefix_map(struct strlist *argv, const struct manifest *manifest)
{
    char *here = realpath(manifest->dir, NULL);
    strlist_addf(argv, "-ffile-prefix-map=%s=.", here != NULL ? here : manifest->dir);
    free(here);
}

static struct strlist compile_command(const struct manifest *manifest, const char *compiler,
                                      const char *source, const char *object)
{
    struct strlist argv = {0};
    strlist_add(&argv, compiler);
    strlist_add(&argv, "-O2");
    strlist_add(&argv, "-g");
    add_prefix_map(&argv, manifest);
    strlist_addf(&argv, "-frandom-seed=%s", source);
    strlist_add(&argv, "-MMD");      /* OBJECT's name with .d: for provenance.h */
    strlist_add(&argv, "-MTobject"); /* not by its path, which may have a colon in it */
    add_all(&argv, manifest->fields->cflags, manifest->fields->cflags_count);
    strlist_add(&argv, "-c");
    strlist_add(&argv, source);
    strlist_add(&argv, "-o");
    strlist_add(&argv, object);
    return argv;
}

static void add_library(struct strlist *argv, const char *library)
{
    const size_t length = strlen(library);
    const int is_file = strchr(library, '/') != NULL || (length > 2 && library[length - 2] == '.' &&
                                                         strchr("ao", library[length - 1]) != NULL);
    strlist_addf(argv, "%s%s", is_file || library[0] == '-' ? "" : "-l", library);
}

static struct strlist link_command(const struct manifest *manifest, const char *compiler,
                                   const char *folder, size_t objects, const char *program)
{
    struct strlist argv = {0};
    strlist_add(&argv, compiler);
    add_prefix_map(&argv, manifest);
    for (size_t i = 0; i < objects; i++) {
        strlist_addf(&argv, "%s/%zu.o", folder, i);
    }
    add_all(&argv, manifest->fields->ldflags, manifest->fields->ldflags_count);
    for (unsigned i = 0; i < manifest->fields->libs_count; i++) {
        add_library(&argv, manifest->fields->libs[i]);
    }
    strlist_add(&argv, "-o");
    strlist_add(&argv, program);
    return argv;
}

/* ---- running them ------------------------------------------------------------------------- */

static size_t jobs_at_a_time(void)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : (size_t)cpus > JOBS_MAX ? JOBS_MAX : (size_t)cpus;
}

/* Runs the jobs, at most jobs_at_a_time() together, and waits for the oldest. 0 when all
 * succeed. */
static int run_jobs(struct job *jobs, size_t count, const struct manifest *manifest,
                    const struct strlist *sources)
{
    const size_t limit = jobs_at_a_time();
    size_t started = 0, ended = 0;
    int failed = 0;
    while (ended < count) {
        while (started < count && started - ended < limit && !failed) {
            report_progress("compiling %zu of %zu: %s", started + 1, count,
                            sources->items[started]);
            jobs[started].pid = process_start(&jobs[started].argv, manifest->dir);
            failed |= jobs[started].pid < 0;
            started++;
        }
        if (ended < started && jobs[ended].pid > 0) {
            failed |= process_wait(jobs[ended].pid) != 0;
        } else if (failed) {
            break;
        }
        ended++;
    }
    return failed || interrupt_pending() != 0 ? -1 : 0;
}

static int compile_sources(struct manifest *manifest, const char *compiler, const char *folder,
                           const struct strlist *sources)
{
    struct job *jobs = alloc_zeroed(sources->count * sizeof(struct job));
    for (size_t i = 0; i < sources->count; i++) {
        char *object = object_path(folder, i);
        jobs[i].argv = compile_command(manifest, compiler, sources->items[i], object);
        free(object);
    }
    report_progress_begin();
    const int result = run_jobs(jobs, sources->count, manifest, sources);
    for (size_t i = 0; i < sources->count; i++) {
        strlist_free(&jobs[i].argv);
    }
    free(jobs);
    return result;
}

static int link_program(struct manifest *manifest, const char *compiler, const char *folder,
                        size_t objects, const char *program)
{
    struct strlist argv = link_command(manifest, compiler, folder, objects, program);
    report_progress("linking %s", manifest->fields->name);
    const pid_t pid = process_start(&argv, manifest->dir);
    const int result = pid < 0 ? -1 : process_wait(pid);
    strlist_free(&argv);
    return result == 0 ? 0 : -1;
}

static char *prebuilt_program(struct manifest *manifest)
{
    const char *elf = manifest->fields->elf;
    char *path = elf[0] == '/' ? alloc_copy(elf) : alloc_format("%s/%s", manifest->dir, elf);
    if (access(path, R_OK) != 0) {
        char *text = alloc_format("cannot open %s: %s; build it first", path, strerror(errno));
        manifest_error(manifest, "elf", 0, text);
        free(text);
        free(path);
        return NULL;
    }
    return path;
}

char *compile_program(struct manifest *manifest, const char *folder)
{
    if (manifest->fields->elf != NULL) {
        return prebuilt_program(manifest);
    }
    struct strlist sources = {0};
    char *compiler = NULL;
    char *program = alloc_format("%s/%s.elf", folder, manifest->fields->name);
    if (find_sources(manifest, &sources) != 0 || (compiler = place_compiler()) == NULL ||
        compile_sources(manifest, compiler, folder, &sources) != 0 ||
        link_program(manifest, compiler, folder, sources.count, program) != 0) {
        if (compiler != NULL && interrupt_pending() == 0) {
            report_error("%s was not built: see the compiler's messages above",
                         manifest->fields->name);
        }
        free(program);
        program = NULL;
    }
    report_progress_end();
    free(compiler);
    strlist_free(&sources);
    return program;
}
