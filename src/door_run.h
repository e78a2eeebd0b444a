/*
 * door_run: libmicrohttpd at work, on a listening socket or on a single connection, until it is told to end. SIGTERM,
 * SIGINT and SIGHUP stop the accepting and let what has begun end; a second one ends that too.
 */
#ifndef WQW_DOOR_RUN_H
#define WQW_DOOR_RUN_H

#include "door_rules.h"

struct door_run {
	int fd;                          /* the socket; owned from here on */
	struct door_rules rules;         /* what clients may do; see door_limit.h */
	void (*say)(const char *line);   /* a line for the operator; from any thread */
};

/* Serves all who come to a listening socket, by several threads, whose submissions share commits. */
int door_run_listen(const struct door_run *run);

/*
 * Serves one connection until it ends. Where fd is no socket but descriptor 0 of a pipe, the replies go to descriptor 1.
 * Both return -1 with errno.
 */
int door_run_single(const struct door_run *run);

#endif
