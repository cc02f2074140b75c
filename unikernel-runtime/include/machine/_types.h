/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine/_types.h - the basic types that newlib leaves to a port. Its defaults are too narrow for
 * x86-64 programs (16-bit user ids and inode numbers); these are Linux's.
 */
#ifndef _MACHINE__TYPES_H
#define _MACHINE__TYPES_H

#include <machine/_default_types.h>

typedef unsigned long __dev_t;
#define __machine_dev_t_defined

typedef unsigned int __uid_t;
#define __machine_uid_t_defined

typedef unsigned int __gid_t;
#define __machine_gid_t_defined

typedef unsigned long __ino_t;
#define __machine_ino_t_defined

typedef unsigned int __mode_t;
#define __machine_mode_t_defined

typedef unsigned long __fsfilcnt_t;
#define __machine_fsfilcnt_t_defined

#define __machine_clockid_t_defined
#define _CLOCKID_T_ int

#define __machine_clock_t_defined
#define _CLOCK_T_ long

#endif
