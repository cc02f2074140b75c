/* SPDX-License-Identifier: Apache-2.0 */
/* kind.c - what of the descriptors of a process its family shares, beside files of the tree. */
#include <sys/socket.h>

#include "family/family.h"
#include "fd/fd.h"
#include "files/console.h"
#include "net/calls.h"

/* Of programs that have such descriptors: this does not have them linked. */
extern const struct mf_fd_ops mf_eventfd_ops __attribute__((weak));
extern const struct mf_fd_ops mf_fifo_ops __attribute__((weak));
extern const struct mf_fd_ops mf_socket_ops __attribute__((weak));
extern const struct mf_fd_ops mf_unix_ops __attribute__((weak));

enum mf_io_kind mf_io_kind(const struct mf_open_file *f, int *type)
{
    int of_socket = 0;
    socklen_t bytes = sizeof(of_socket);
    enum mf_io_kind kind = MF_IO_NONE;

    if (f->ops == &mf_console_ops) {
        kind = MF_IO_CONSOLE;
    } else if (f->ops == &mf_eventfd_ops) {
        kind = MF_IO_COUNTER;
    } else if (f->ops == &mf_fifo_ops) {
        kind = MF_IO_FIFO;
    } else if (f->ops == &mf_socket_ops) {
        kind = MF_IO_INET;
    } else if (f->ops == &mf_unix_ops) {
        kind = MF_IO_UNIX;
    }
    if (type != NULL && f->ops->socket != NULL) {
        (void)f->ops->socket->get_option((struct mf_open_file *)(uintptr_t)f, SOL_SOCKET, SO_TYPE,
                                         &of_socket, &bytes);
        *type = of_socket;
    }
    return kind;
}
