/* SPDX-License-Identifier: Apache-2.0 */
/* tcp_socket.h - between tcp_socket.c and tcp_listener.c. */
#pragma once

#include "net/socket.h"

/** Makes a connected pcb that of `s`. */
void mf_tcp_attach(struct mf_socket *s, struct tcp_pcb *pcb);

/** listen(); a pcb that listens replaces the one there was. */
int mf_tcp_listen(struct mf_socket *s, int backlog);

/** Waits for a connection to `s`; *accepted gets it with one reference. */
int mf_tcp_accept(struct mf_socket *s, struct mf_socket **accepted);

/** Resets the connections that nobody has accepted. */
void mf_tcp_drop_accepted(struct mf_socket *s);
