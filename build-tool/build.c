/* SPDX-License-Identifier: Apache-2.0 */
/* build.c - see build.h. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compile.h"
#include "filetree.h"
#include "image.h"
#include "manifest.h"
#include "provenance.h"
#include "report.h"
#include "seal.h"
#include "symbols.h"
#include "workdir.h"

/* ---- the image ------------------------------------------------------------------------------ */

/* Signs the image if the environment names a key. */
static int sign(struct buffer *image)
{
    const char *path = getenv(BUILD_KEY_VARIABLE);
    struct seal_key key;
    if (path == NULL || path[0] == '\0') {
        return 0;
    }
    if (seal_key_load(&key, path) != 0) {
        return -1;
    }
    seal_image(image, &key); /* image_pack() made it: there is nothing wrong with it */
    seal_key_forget(&key);
    return 0;
}

static int write_image(const struct program *program, const char *path, const char *manifest,
                       const struct buffer *files, struct build_result *result)
{
    struct buffer symbols = {0}, image = {0};
    symbols_build(program, &symbols);
    const struct image_parts parts = {
        .program = program, .manifest = manifest, .symbols = &symbols, .files = files};
    const char *wrong = image_pack(&parts, &image);
    int status = -1;
    if (wrong != NULL) {
        report_error("%s %s", path, wrong);
    } else if (sign(&image) == 0 && buffer_write_file(&image, result->image, 0644) == 0) {
        result->image_bytes = image.bytes;
        status = buffer_write_file(&program->file, result->debug, 0644);
    }
    buffer_free(&symbols);
    buffer_free(&image);
    return status;
}

/* Takes `made`; NULL: an error that was reported. */
static int pack(const char *elf, const struct manifest *manifest, const struct buffer *files,
                json_t *made, struct build_result *result)
{
    struct program program;
    if (made == NULL || program_load(&program, elf) != 0) {
        json_decref(made);
        return -1;
    }
    char *json = provenance_add(manifest_to_json(manifest), made, &program);
    const int status = write_image(&program, elf, json, files, result);
    free(json);
    program_free(&program);
    return status;
}

static struct build_result result_for(const char *name, const char *out)
{
    char *image = out != NULL ? alloc_copy(out) : alloc_format("%s.img", name);
    return (struct build_result){
        .name = alloc_copy(name),
        .image = image,
        .debug = alloc_format("%s.debug", image),
    };
}

void build_result_free(struct build_result *result)
{
    free(result->name);
    free(result->image);
    free(result->debug);
    *result = (struct build_result){0};
}

/* ---- folders -------------------------------------------------------------------------------- */

static int collect_files(struct manifest *manifest, struct buffer *out)
{
    struct filetree tree = {0};
    char *wrong = NULL;
    for (size_t i = 0; i < manifest->files_count && wrong == NULL; i++) {
        const struct manifest_file *file = &manifest->files[i];
        wrong = filetree_add(&tree, file->host, file->guest);
        if (wrong != NULL) {
            yamldoc_error(&manifest->doc, file->at, "%s", wrong);
        }
    }
    if (wrong == NULL) {
        wrong = filetree_build(&tree, out);
        if (wrong != NULL) {
            manifest_error(manifest, "files", SIZE_MAX, wrong);
        }
    }
    filetree_free(&tree);
    const int status = wrong == NULL ? 0 : -1;
    free(wrong);
    return status;
}

/* A folder of its own for each program, as what lies there are its objects. NULL: reported. */
static char *objects_folder(void)
{
    const char *base = workdir_path();
    char *folder = base == NULL ? NULL : alloc_format("%s/objects-XXXXXX", base);
    if (folder != NULL && mkdtemp(folder) == NULL) {
        report_error("cannot make a folder in %s: %s", base, strerror(errno));
        free(folder);
        folder = NULL;
    }
    return folder;
}

static int build_manifest(struct manifest *manifest, struct build_result *result)
{
    struct buffer files = {0};
    int status = -1;
    char *folder = objects_folder();
    if (folder != NULL && collect_files(manifest, &files) == 0) {
        char *elf = compile_program(manifest, folder);
        if (elf != NULL) {
            status = pack(elf, manifest, &files, provenance_of_build(manifest, folder), result);
        }
        free(elf);
    }
    free(folder);
    buffer_free(&files);
    return status;
}

/* Also for the compiler, whose __DATE__ and __TIME__ are to be the same at any time. */
static int fix_time(void)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    if (epoch == NULL || epoch[0] == '\0') {
        return setenv("SOURCE_DATE_EPOCH", "0", 1);
    }
    if (strspn(epoch, "0123456789") != strlen(epoch) || strlen(epoch) > 11) {
        report_error("SOURCE_DATE_EPOCH is to be seconds since 1970, not `%s`", epoch);
        return -1;
    }
    return 0;
}

int build_folder(const char *dir, const char *out, struct build_result *result)
{
    struct manifest manifest;
    if (fix_time() != 0 || manifest_load(&manifest, dir) != 0) {
        return -1;
    }
    *result = result_for(manifest.fields->name, out);
    const int status = build_manifest(&manifest, result);
    manifest_free(&manifest);
    if (status != 0) {
        build_result_free(result);
    }
    return status;
}

int build_program(const char *elf, const char *name, const char *out, struct build_result *result)
{
    char *own_name = alloc_copy(name);
    struct manifest_fields fields = {.name = own_name};
    const struct manifest manifest = {
        .fields = &fields,
        .memory_bytes = MANIFEST_MEMORY_DEFAULT,
        .fork_limit = MANIFEST_FORK_UNSET,
    };
    const struct buffer files = {0};
    *result = result_for(name, out);
    const int status = pack(elf, &manifest, &files, provenance_of_elf(elf), result);
    free(own_name);
    if (status != 0) {
        build_result_free(result);
    }
    return status;
}
