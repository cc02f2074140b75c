/* SPDX-License-Identifier: Apache-2.0 */
/* strsignal.c - what signals are called (POSIX.1-2008), in the words that shells use. */
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "libc/texts.h"

/* In the order of their numbers (<sys/signal.h>), from 0 on. */
static const char texts[] = "\0"
                            "Hangup\0"
                            "Interrupt\0"
                            "Quit\0"
                            "Illegal instruction\0"
                            "Trace/breakpoint trap\0"
                            "Aborted\0"
                            "Bus error\0"
                            "Floating point exception\0"
                            "Killed\0"
                            "User defined signal 1\0"
                            "Segmentation fault\0"
                            "User defined signal 2\0"
                            "Broken pipe\0"
                            "Alarm clock\0"
                            "Terminated\0"
                            "\0"
                            "Child exited\0"
                            "Continued\0"
                            "Stopped (signal)\0"
                            "Stopped\0"
                            "Stopped (tty input)\0"
                            "Stopped (tty output)\0"
                            "Urgent I/O condition\0"
                            "CPU time limit exceeded\0"
                            "File size limit exceeded\0"
                            "Virtual timer expired\0"
                            "Profiling timer expired\0"
                            "Window changed\0"
                            "I/O possible\0"
                            "Power failure\0"
                            "Bad system call\0";

char *strsignal(int number)
{
    static char buffer[40];
    const char *const text = mf_text(texts, sizeof(texts) - 1, number);
    if (text != NULL) {
        return (char *)(uintptr_t)text;
    }
    const bool is_realtime = number >= SIGRTMIN && number <= SIGRTMAX;
    mf_text_number(buffer, is_realtime ? "Real-time signal " : "Unknown signal ",
                   is_realtime ? number - SIGRTMIN : number);
    return buffer;
}
