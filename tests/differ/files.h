/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - random arguments of calls about files, and what is printed of files, for files.c. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define FDS 20 /* descriptors below are used; more are closed */
#define COUNT(a) ((unsigned int)(sizeof(a) / sizeof((a)[0])))

extern char buffer[70000];

/* Of what is wrong with a path that ends in "/" or ".." systems say this or that. */
extern bool is_vague;

/** As result() (differ.h), without the error's name if that is_vague. */
long outcome(long value);

/* Each prints what it chooses. */
const char *name(void); /* but this one */
const char *path(void); /* valid until four more were made */
int number(int n);
int fd(void);
int directory(void);
mode_t mode(void);
off_t position(void);
size_t length(void);
size_t fill(void); /* a length; so much of `buffer` is filled */
int open_flags(void);
struct timespec time_of(void);

/** Prints a hash of the first bytes of `buffer`. */
void contents(long bytes);
unsigned int hash(const char *bytes, long count);

/** The names in `folder`, in order; the caller frees them. Returns how many. */
unsigned int listing(const char *folder, char *list[], unsigned int room);
void show_stat(const struct stat *s);
void show_tree(const char *folder, int depth);
