/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports_store.c - the cache's folders. What is built lies in CACHE/sdk/HASH, where HASH names the
 * compiler, the SDK and this program, so that two of them do not build over each other's ports;
 * CACHE/build and CACHE/sysroot are links to the folders of the one that was used last.
 *
 * A process holds a shared lock on its sdk/HASH while it lives. Folders of other SDKs go when many
 * newer ones are there, or after a month: their age is that of the file `used`.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "place.h"
#include "ports.h"
#include "process.h"
#include "report.h"

#define OTHERS_KEPT 3          /* beside ours */
#define YOUNG_S (60 * 60)      /* these are kept, however many there are */
#define OLD_S (30 * 24 * 3600) /* these go, however few */
#define HASH_LENGTH 16
#define GONE ".gone" /* behind the name of a folder that is being removed */

static char *entered; /* CACHE/sdk/HASH, once it is known; until the process ends */
static char hash[HASH_LENGTH + 1];

static char *cache_folder(void)
{
    const char *chosen = getenv("MAYFLY_CACHE");
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (chosen != NULL && chosen[0] != '\0') {
        return alloc_copy(chosen);
    }
    if (xdg != NULL && xdg[0] == '/') {
        return alloc_format("%s/mayfly", xdg);
    }
    return alloc_format("%s/.cache/mayfly", home != NULL ? home : "/tmp");
}

char *ports_cache(const char *below)
{
    char *folder = cache_folder();
    for (char *slash = folder; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
            report_error("cannot make the folder %s: %s (MAYFLY_CACHE names another)", folder,
                         strerror(errno));
            free(folder);
            return NULL;
        }
        if (slash != NULL) {
            *slash = '/';
        }
    }
    char *absolute = realpath(folder, NULL);
    char *path = alloc_format("%s/%s", absolute != NULL ? absolute : folder, below);
    free(absolute);
    free(folder);
    return path;
}

char *ports_built(const char *below)
{
    return entered != NULL ? alloc_format("%s/%s", entered, below) : ports_cache(below);
}

const char *ports_sdk_hash(void)
{
    return hash;
}

/* ---- the SDK's folder ------------------------------------------------------------------------- */

/* Fills `hash`: of the compiler, all files of the SDK, and this program. */
static int hash_sdk(void)
{
    char *compiler = place_compiler();
    if (compiler == NULL) {
        return -1;
    }
    struct buffer command = {0};
    *strrchr(compiler, '/') = '\0'; /* SDK/bin */
    buffer_append_text(&command, "cd ");
    buffer_append_quoted(&command, compiler);
    buffer_append_text(
        &command,
        "/.. && { gcc --version; cat /proc/%ld/exe; find . -type f | LC_ALL=C sort | "
        "tr '\\n' '\\0' | xargs -0 cat; } | sha256sum",
        (long)getpid());
    buffer_append(&command, "", 1);
    FILE *pipe = popen((const char *)command.data, "r");
    const bool read = pipe != NULL && fread(hash, 1, HASH_LENGTH, pipe) == HASH_LENGTH;
    if (pipe != NULL) {
        pclose(pipe);
    }
    if (!read) {
        report_error("cannot run sha256sum");
    }
    buffer_free(&command);
    free(compiler);
    return read ? 0 : -1;
}

static void remove_tree(const char *path)
{
    struct strlist argv = {0};
    strlist_add(&argv, "rm");
    strlist_add(&argv, "-rf");
    strlist_add(&argv, path);
    const pid_t pid = process_start(&argv, NULL);
    if (pid >= 0) {
        process_wait(pid);
    }
    strlist_free(&argv);
}

/* CACHE/NAME becomes a link to our folder of this name, at once. */
static int point_link(const char *cache, const char *name)
{
    char *to = alloc_format("sdk/%s/%s", hash, name);
    char *link = alloc_format("%s%s", cache, name);
    char *fresh = alloc_format("%s.%ld", link, (long)getpid());
    unlink(fresh);
    struct stat about;
    if (lstat(link, &about) == 0 && S_ISDIR(about.st_mode)) { /* of a Mayfly before this one */
        remove_tree(link);
    }
    const int status = symlink(to, fresh) == 0 && rename(fresh, link) == 0 ? 0 : -1;
    if (status != 0) {
        report_error("cannot make the link %s: %s", link, strerror(errno));
        unlink(fresh);
    }
    free(fresh);
    free(link);
    free(to);
    return status;
}

/* Locks FOLDER/used; the descriptor, which is -1 when it is not there or locked otherwise. */
static int lock_folder(const char *folder, int flags, int operation)
{
    char *path = alloc_format("%s/used", folder);
    int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0644);
    struct stat opened, now;
    /* The file may have been removed with its folder before the lock was ours. */
    if (fd >= 0 && (flock(fd, operation) != 0 || fstat(fd, &opened) != 0 || stat(path, &now) != 0 ||
                    opened.st_ino != now.st_ino)) {
        close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

/* ---- folders of other SDKs -------------------------------------------------------------------- */

struct other {
    char *folder;
    time_t used;
};

static int later_first(const void *a, const void *b)
{
    const struct other *one = a, *two = b;
    return (one->used < two->used) - (one->used > two->used);
}

static void remove_other(const struct other *other)
{
    const int fd = lock_folder(other->folder, 0, LOCK_EX | LOCK_NB);
    if (fd < 0) {
        return; /* somebody uses it */
    }
    /* First by another name: who waits for the lock makes the folder anew. */
    char *gone = alloc_format("%s" GONE, other->folder);
    if (rename(other->folder, gone) == 0) {
        remove_tree(gone);
    }
    free(gone);
    flock(fd, LOCK_UN);
    close(fd);
}

/* What lies beside our folder; what an interrupted removal left goes at once. */
static struct other *find_others(const char *parent, size_t *count)
{
    DIR *dir = opendir(parent);
    struct other *others = NULL;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char *folder = alloc_format("%s/%s", parent, entry->d_name);
        char *path = alloc_format("%s/used", folder);
        struct stat about;
        const bool dated = stat(path, &about) == 0;
        free(path);
        if (strlen(entry->d_name) == HASH_LENGTH && strcmp(entry->d_name, hash) != 0) {
            others = alloc_array(others, *count + 1, sizeof(*others));
            others[(*count)++] = (struct other){folder, dated ? about.st_mtime : 0};
            continue;
        }
        if (strstr(entry->d_name, GONE) != NULL) {
            remove_tree(folder);
        }
        free(folder);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return others;
}

static void remove_old(const char *parent)
{
    size_t count = 0;
    struct other *others = find_others(parent, &count);
    if (count > 0) {
        qsort(others, count, sizeof(*others), later_first);
    }
    const time_t now = time(NULL);
    for (size_t i = 0; i < count; i++) {
        const time_t age = now - others[i].used;
        if (age > OLD_S || (i >= OTHERS_KEPT && age > YOUNG_S)) {
            remove_other(&others[i]);
        }
        free(others[i].folder);
    }
    free(others);
}

/* ---- all of it -------------------------------------------------------------------------------- */

static int make_folder(const char *folder, const char *below)
{
    char *path = alloc_format("%s%s", folder, below);
    const int status = mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -1;
    if (status != 0) {
        report_error("cannot make the folder %s: %s", path, strerror(errno));
    }
    free(path);
    return status;
}

/* The folder with its lock, which stays until the process ends. Another may be removing it just now. */
static int make_and_lock(const char *parent, const char *folder)
{
    for (int i = 0; i < 100; i++) {
        if (make_folder(parent, "") != 0 || make_folder(folder, "") != 0) {
            return -1;
        }
        const int fd = lock_folder(folder, O_CREAT, LOCK_SH);
        if (fd >= 0) {
            futimens(fd, NULL);
            return make_folder(folder, "/build") == 0 && make_folder(folder, "/sysroot") == 0 ? 0
                                                                                              : -1;
        }
    }
    report_error("cannot lock %s: %s", folder, strerror(errno));
    return -1;
}

/* Configure scripts and makefiles split paths at blanks and give them to a shell. */
static bool can_be_built_in(const char *folder)
{
    for (const char *at = folder; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && (*at & 0x80) == 0 && strchr("/._-+@%,=", *at) == NULL) {
            report_error("no port can be built in %s, for configure scripts do not take `%c` in a "
                         "path: choose another folder with MAYFLY_CACHE",
                         folder, *at);
            return false;
        }
    }
    return true;
}

int ports_enter(void)
{
    if (entered != NULL) {
        return 0;
    }
    char *cache = ports_cache("");
    if (cache == NULL || !can_be_built_in(cache) || hash_sdk() != 0) {
        free(cache);
        return -1;
    }
    char *parent = alloc_format("%ssdk", cache);
    char *folder = alloc_format("%s/%s", parent, hash);
    const int status = make_and_lock(parent, folder) == 0 && point_link(cache, "build") == 0 &&
                               point_link(cache, "sysroot") == 0
                           ? 0
                           : -1;
    if (status == 0) {
        remove_old(parent);
        entered = folder;
        folder = NULL;
    }
    free(folder);
    free(parent);
    free(cache);
    return status;
}
