/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - guests as POSIX processes: fork() is a clone of the guest that dom0 makes, and parents
 * and children know each other through dom0 (struct mf_process of mayfly/info.h).
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mayfly/info.h"

/* While a child attaches to its window: it is a child, not another copy of its origin. */
extern bool mf_process_is_child;

/* To whom mf_process_kill() sends. */
#define MF_PROCESS_GROUP(group) (MF_KILL_GROUP | (uint32_t)(group)) /* 0: the caller's */
#define MF_PROCESS_OTHERS MF_KILL_ALL

/**
 * Sends a signal to other processes of the family: to number `to` (up to 2^20), or MF_PROCESS_*.
 * info: si_signo (0: none), si_code, and si_value with SI_QUEUE. Returns 0 or an errno number, and
 * *is_mine: the caller is one of the group, and has not got it.
 */
int mf_process_kill(uint64_t to, const siginfo_t *info, bool *is_mine);

/** Tells dom0 what is to happen with children that end or stop: as SIGCHLD is handled. */
void mf_process_tell_zombies(void);

/**
 * This process is one of several: from here on it takes the signals of others, with what they say
 * (struct mf_sent_signals), also while it computes, and signals may stop it.
 */
void mf_jobs_begin(void);

/** The same in a child, after mf_thread_forget_others(). */
void mf_jobs_begin_child(void);

/** A signal is generated: SIGCONT takes back those that stop, and the other way (POSIX, 2.4.1). */
void mf_jobs_cancel_opposite(int sig);

/** CPU time of children that were waited for, and of theirs. NULL: there was no fork. */
extern uint64_t (*mf_children_cpu_ns)(void);

/** What pthread_atfork() has registered, before a fork and after it. */
void mf_atfork_prepare(void);
void mf_atfork_after(bool is_child);
