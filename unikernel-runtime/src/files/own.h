/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.h - POSIX functions on this guest's own files. In a program that calls fork() those of the same
 * name without mf_own_ are others (family/), which ask another process for its files when this one
 * was forked; in all other programs they are these, by an alias that costs nothing.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

struct mf_open_file;

/** Behind the declaration of `name`: it is mf_own_NAME, unless the program has another one. */
#define MF_OWN(name) __attribute__((weak, alias("mf_own_" #name)))

/** Before the definition of a function: the program may have another one, which does all that it does. */
#define MF_REPLACEABLE __attribute__((weak))

/* files/path.c */
int mf_own_chdir(const char *path);
int mf_own_fchdir(int fd);
char *mf_own_getcwd(char *buffer, size_t bytes);
char *mf_own_realpath(const char *restrict path, char *restrict resolved);

/* files/calls.c */
int mf_own_fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags);
int mf_own_faccessat(int fd, const char *path, int mode, int flags);
int mf_own_fchmodat(int fd, const char *path, mode_t mode, int flags);
int mf_own_fchmod(int fd, mode_t mode);
int mf_own_fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags);
int mf_own_fchown(int fd, uid_t owner, gid_t group);
int mf_own_utimensat(int fd, const char *path, const struct timespec *times, int flags);
int mf_own_futimens(int fd, const struct timespec *times);
int mf_own_truncate(const char *path, off_t bytes);
int mf_own_statvfs(const char *restrict path, struct statvfs *restrict v);
int mf_own_fstatvfs(int fd, struct statvfs *v);

/* files/names.c */
int mf_own_mkdirat(int fd, const char *path, mode_t mode);
int mf_own_mknodat(int fd, const char *path, mode_t mode, dev_t device);
int mf_own_symlinkat(const char *target, int fd, const char *path);
ssize_t mf_own_readlinkat(int fd, const char *restrict path, char *restrict buffer, size_t bytes);
int mf_own_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int mf_own_unlinkat(int fd, const char *path, int flags);
int mf_own_renameat(int from_fd, const char *from, int to_fd, const char *to);

/* files/open_file.c */
int mf_own_file_open(int directory_fd, const char *path, uint32_t flags, mode_t mode);
int mf_own_flock(int fd, int operation);
int mf_own_posix_fallocate(int fd, off_t offset, off_t bytes);

/* fd/sendfile.c */
ssize_t mf_own_sendfile(int out, int in, off_t *offset, size_t bytes);

/* fd/descriptor.c, fd/fd.c */
int mf_own_control(int fd, int command, intptr_t arg);
int mf_own_fd_install_at(struct mf_open_file *f, int fd, uint32_t flags);
int mf_own_fd_remove(int fd);

/* net/socket.c: socket() of AF_INET and AF_INET6; a negative errno number */
int mf_own_inet_make(int domain, int type, int protocol);
int mf_inet_make(int domain, int type, int protocol);

/* net/unix_socket.c: socket() and socketpair() of AF_UNIX; negative errno numbers */
int mf_own_unix_make(int type, int protocol);
int mf_own_unix_pair(int type, int protocol, int fds[2]);
int mf_unix_make(int type, int protocol);
int mf_unix_pair(int type, int protocol, int fds[2]);

/* net/net.c: at exit, sends what is left to be sent */
void mf_own_net_finish(void);
void mf_net_finish(void);

/* thread/idle.c */
void mf_own_idle_poll(void);

/* memory/mmap.c */
void *mf_own_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset);
int mf_own_munmap(void *address, size_t length);
int mf_own_mprotect(void *address, size_t length, int prot);
void *mf_own_mremap(void *address, size_t old_length, size_t new_length, int flags, ...);
int mf_own_madvise(void *address, size_t length, int advice);

/*
 * files/contents.c: where the flat part of a file is: addresses for at least `needed` bytes, without pages,
 * or shared memory, zero. NULL: no memory.
 */
char *mf_flat_new(uint64_t needed, uint64_t *bytes);
char *mf_own_flat_new(uint64_t needed, uint64_t *bytes);
void mf_flat_free(char *flat, uint64_t bytes);
void mf_own_flat_free(char *flat, uint64_t bytes);
void mf_flat_clear(char *at, uint64_t bytes); /* its pages go; shared memory: are zero */
void mf_own_flat_clear(char *at, uint64_t bytes);

/* service/service.c */
struct mf_service_job;
int mf_own_service_carry_out(struct mf_service_job *j);

/* start/exit.c */
void mf_own_exit(int code) __attribute__((noreturn));
