/*
 * door_limit: clients that are slow, or many, do not keep the others waiting. A thread looks at all connections, a few times
 * in the shortest of the times that the rules give, and ends those that are too slow: one whose request has not come is told
 * so (408) by this thread; one whose body comes too slowly sees no more of it read, so that the library gives the request
 * up; one that does not take its reply is cut off. What a connection waits for us, as while its submission is made durable or its
 * job runs, is not held against it, nor is a reply that has nothing to send.
 */
#ifndef WQW_DOOR_LIMIT_H
#define WQW_DOOR_LIMIT_H

#include <microhttpd.h>
#include <stdint.h>

#include "door_rules.h"

enum {
	DOOR_HEAD_MAX = 8192,   /* bytes of a request's line and fields */
	DOOR_LIMIT_SPARE = 128  /* connections beyond the rules' that the library must take, to be told so */
};

/* The rules are complete: in_flight is set. NULL with errno. */
struct door_limit *door_limit_start(const struct door_rules *rules);
/* Ends no connection any more. door_limit_free comes after it, when there are no connections. */
void door_limit_stop(struct door_limit *l);
void door_limit_free(struct door_limit *l);

/* MHD_OPTION_NOTIFY_CONNECTION, whose argument is the door_limit, and whose context becomes its own. */
void door_limit_notify(void *limit, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code);

/* These are called on the thread that serves the connection, in this order. */
void door_limit_begin(struct MHD_Connection *conn);    /* a request's line is there */
/*
 * The head is, and a body of `length` follows, as in struct http_request. 0; else the status to refuse it with, *why, and
 * *retry, the seconds after which it may be tried again, 0: in vain. -1: too late, the connection is being closed.
 */
int door_limit_head(struct MHD_Connection *conn, int64_t length, const char **why, int *retry);
void door_limit_body(struct MHD_Connection *conn, size_t n);   /* so much more of the body is */
void door_limit_ours(struct MHD_Connection *conn);     /* all of it is: it is now for us to do something */
void door_limit_reply(struct MHD_Connection *conn);    /* the reply begins */
void door_limit_end(struct MHD_Connection *conn);      /* it has ended; or the request has, without one */

int door_limit_is_alone(struct MHD_Connection *conn);  /* 1: there is no other connection */
int door_limit_was_slow(struct MHD_Connection *conn);  /* 1: its body broke off because it was too slow */

#endif
