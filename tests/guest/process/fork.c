// SPDX-License-Identifier: Apache-2.0
// fork() returns twice; the child is a copy; the parent learns how it ended.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static volatile int shared = 1;

static void status_comes_back(void)
{
    int status = 0;
    const pid_t pid = fork();

    if (pid == 0) {
        shared = 2;
        _exit(getppid() == 1 && getpid() > 1 ? 42 : 1);
    }
    tap_check(pid > 1, "the_parent_gets_the_childs_number");
    tap_check(wait(&status) == pid, "wait_finds_it");
    tap_check(WIFEXITED(status) && WEXITSTATUS(status) == 42, "its_status_comes_back");
    tap_check(shared == 1, "the_childs_write_is_invisible");
    errno = 0;
    tap_check(wait(&status) == -1 && errno == ECHILD, "then_there_is_no_child");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    status_comes_back();
    return tap_done();
}
