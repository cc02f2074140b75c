/* SPDX-License-Identifier: Apache-2.0 */
/* sys/wait.h - newlib's, and what it lacks. */
#pragma once

#include <signal.h>
#include <sys/cdefs.h>
#include_next <sys/wait.h>

#define WEXITED 4
#define WSTOPPED WUNTRACED
#define WCONTINUED 8
#define WNOWAIT 0x01000000
#define WIFCONTINUED(status) ((status) == 0xffff)
#define WCOREDUMP(status) ((status)&0x80)

#ifdef __cplusplus
extern "C" {
#endif

struct rusage;

#ifndef __idtype_t_defined
#define __idtype_t_defined
typedef enum { P_ALL = 0, P_PID = 1, P_PGID = 2 } idtype_t;
#endif

int waitid(idtype_t type, id_t id, siginfo_t *info, int options);
pid_t wait3(int *status, int options, struct rusage *usage);
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

#ifdef __cplusplus
}
#endif
