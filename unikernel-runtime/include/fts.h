/* SPDX-License-Identifier: Apache-2.0 */
/* fts.h - walks through trees of files, as BSD and Linux have it (4.4BSD, fts(3)). */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

struct stat;

typedef struct {
    struct _ftsent *fts_cur, *fts_child;
    struct _ftsent **fts_array;
    dev_t fts_dev;
    char *fts_path;
    int fts_rfd, fts_options;
    size_t fts_pathlen, fts_nitems;
    int (*fts_compar)(const struct _ftsent **, const struct _ftsent **);
} FTS;

typedef struct _ftsent {
    struct _ftsent *fts_cycle;  /* FTS_DC: the folder that it is */
    struct _ftsent *fts_parent; /* of the folder it is in; of roots one with level -1 */
    struct _ftsent *fts_link;   /* the next one in the same folder */
    long fts_number;            /* the program's own */
    void *fts_pointer;          /* likewise */
    char *fts_accpath;          /* to open it by */
    char *fts_path;             /* from the root that was given */
    int fts_errno;
    unsigned short fts_pathlen, fts_namelen;
    ino_t fts_ino;
    dev_t fts_dev;
    nlink_t fts_nlink;
    short fts_level, fts_info;
    unsigned short fts_flags, fts_instr;
    struct stat *fts_statp;
    char fts_name[1];
} FTSENT;

/* Options of fts_open(). */
#define FTS_COMFOLLOW 0x0001
#define FTS_LOGICAL 0x0002
#define FTS_NOCHDIR 0x0004
#define FTS_NOSTAT 0x0008
#define FTS_PHYSICAL 0x0010
#define FTS_SEEDOT 0x0020
#define FTS_XDEV 0x0040
#define FTS_NAMEONLY 0x0100 /* of fts_children() */

#define FTS_ROOTPARENTLEVEL (-1)
#define FTS_ROOTLEVEL 0

/* fts_info */
#define FTS_D 1
#define FTS_DC 2
#define FTS_DEFAULT 3
#define FTS_DNR 4
#define FTS_DOT 5
#define FTS_DP 6
#define FTS_ERR 7
#define FTS_F 8
#define FTS_INIT 9
#define FTS_NS 10
#define FTS_NSOK 11
#define FTS_SL 12
#define FTS_SLNONE 13

/* fts_set() */
#define FTS_AGAIN 1
#define FTS_FOLLOW 2
#define FTS_NOINSTR 3
#define FTS_SKIP 4

__BEGIN_DECLS
FTSENT *fts_children(FTS *walk, int options);
int fts_close(FTS *walk);
FTS *fts_open(char *const *paths, int options,
              int (*compare)(const FTSENT **left, const FTSENT **right));
FTSENT *fts_read(FTS *walk);
int fts_set(FTS *walk, FTSENT *entry, int instruction);
__END_DECLS
