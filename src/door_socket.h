/*
 * door_socket: where requests come from: an address of our own, or a descriptor that inetd or systemd has handed over.
 */
#ifndef WQW_DOOR_SOCKET_H
#define WQW_DOOR_SOCKET_H

#include <stddef.h>

enum { DOOR_NAME_MAX = 128 };

/* Listens at "ADDR:PORT", "[ADDR6]:PORT" or "*:PORT". -1: `why` says what is wrong; errno EINVAL where it is no address. */
int door_socket_listen(const char *where, char *why, size_t size);

/*
 * The one descriptor that systemd's protocol ($LISTEN_FDS, $LISTEN_PID) has for this process; the variables are removed.
 * -1: ENOENT: none; E2BIG: more than one.
 */
int door_socket_inherited(void);

int door_socket_is_listening(int fd);   /* 1: a listening socket; 0: a connection, or no socket at all */

/* The local address of a socket as it is written in a URL: "127.0.0.1:8080", or a path. Returns buf. */
char *door_socket_name(int fd, char buf[DOOR_NAME_MAX]);

#endif
