/* SPDX-License-Identifier: Apache-2.0 */
/* sys/dirent.h - what newlib's <dirent.h> and its opendir(), readdir()... ask of a port. */
#pragma once

#include <sys/lock.h>
#include <sys/types.h>

#define MAXNAMLEN 255

/* One record of getdents(). */
struct dirent {
    ino_t d_ino;
    off_t d_off;             /* of the next entry, for seekdir() */
    unsigned short d_reclen; /* bytes of this record */
    unsigned char d_type;    /* DT_* */
    char d_name[MAXNAMLEN + 1];
};

#define d_fileno d_ino

#define HAVE_DD_LOCK

/* directory.c uses these; newlib's own functions, which nobody links, must compile. */
typedef struct {
    int dd_fd;
    int dd_loc;
    int dd_seek;
    char *dd_buf;
    int dd_len;
    int dd_size;
    _LOCK_RECURSIVE_T dd_lock;
    long dd_position; /* behind the entry that was given last */
} DIR;

#define __dirfd(dp) ((dp)->dd_fd)

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12
