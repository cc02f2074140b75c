/* SPDX-License-Identifier: Apache-2.0 */
/* backlog.c - see backlog.h. */
#include "backlog.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_tcp_listener(int fd)
{
    int listens = 0, protocol = 0;
    socklen_t bytes = sizeof(listens);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) != 0 || listens == 0) {
        return false;
    }
    bytes = sizeof(protocol);
    return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &bytes) == 0 &&
           protocol == IPPROTO_TCP;
}

unsigned backlog_widen(pid_t pid, int pid_fd)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        const int fd = pidfd_getfd(pid_fd, (int)strtol(entry->d_name, NULL, 10), 0);
        if (fd >= 0) {
            count += is_tcp_listener(fd) && listen(fd, SOMAXCONN) == 0;
            close(fd);
        }
    }
    closedir(folder);
    return count;
}
