/* SPDX-License-Identifier: Apache-2.0 */
/* cpio.c - see cpio.h. */
#include "cpio.h"

#include <string.h>
#include <sys/stat.h>

#include "report.h"

static void add(struct cpio *archive, const char *name, uint32_t mode,
                const struct buffer *contents)
{
    const uint32_t links = S_ISDIR(mode) ? 2 : 1;
    const size_t bytes = contents == NULL ? 0 : contents->bytes;
    archive->count++;
    /* magic, ino, mode, uid, gid, nlink, mtime, filesize, dev and rdev (major, minor), namesize,
     * check */
    buffer_append_text(archive->out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
                       mode == 0 ? 0u : archive->count, mode, 0u, 0u, links, 0u, (unsigned)bytes,
                       0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u);
    buffer_append(archive->out, name, strlen(name) + 1);
    buffer_align(archive->out, 4);
    if (contents != NULL) {
        buffer_append(archive->out, contents->data, contents->bytes);
        buffer_align(archive->out, 4);
    }
}

void cpio_add_folder(struct cpio *archive, const char *name)
{
    add(archive, name, S_IFDIR | 0755, NULL);
}

int cpio_add_file(struct cpio *archive, const char *name, const struct buffer *contents)
{
    if (contents->bytes > UINT32_MAX) {
        report_error("%s is too large to boot by PVH (4 GiB and more): use --uefi", name);
        return -1;
    }
    add(archive, name, S_IFREG | 0644, contents);
    return 0;
}

void cpio_finish(struct cpio *archive)
{
    add(archive, "TRAILER!!!", 0, NULL);
    buffer_align(archive->out, 512);
}
