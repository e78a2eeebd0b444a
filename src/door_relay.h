/*
 * door_relay: a pair of pipes made into a socket, because libmicrohttpd speaks to nothing else.
 */
#ifndef WQW_DOOR_RELAY_H
#define WQW_DOOR_RELAY_H

#include <pthread.h>

struct door_relay {
	int in, out, socket;
	int error;           /* 0, or the errno of a write that failed */
	pthread_t reader, writer;
};

/* What comes from `in` can be read from the socket that is returned, and what is written to it goes to `out`. */
int door_relay_start(struct door_relay *r, int in, int out);

/* After the socket was closed: waits until all has been written. -1: it could not be. */
int door_relay_wait(struct door_relay *r);

#endif
