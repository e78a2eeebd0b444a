/*
 * door_call: what door_mhd.c, door_send.c and door_stream.c share, and nobody else includes: one request in libmicrohttpd,
 * and its way back.
 */
#ifndef WQW_DOOR_CALL_H
#define WQW_DOOR_CALL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "door_mhd.h"
#include "door_strict.h"
#include "web.h"
#include "web_events.h"

enum { DOOR_CLIENT_MAX = INET6_ADDRSTRLEN + 32 };

enum phase {
	HEAD,        /* the first call, with the head alone */
	BODY,        /* the web layer takes the body */
	SWALLOW,     /* the reply is there and waits for the end of the body */
	CUT,         /* the reply has been sent over the body; nothing but to close the connection is left */
	CHECKING,    /* suspended; `checked` ends it */
	CHECKED,
	COMMITTING,  /* suspended; `committed` ends it */
	COMMITTED,
	PATIENT,     /* the request is taken; what is to follow, `next`, waits for the rest of it */
	WAITING,     /* suspended; `waited` ends it */
	WAITED,
	STREAMING,   /* a part of the reply after the other */
	READY        /* the reply is there and the body is gone */
};

struct door_piece {
	char *text;                /* owned; NULL: none */
	size_t n, sent;
};

struct door_stream {
	pthread_mutex_t lock;
	struct web_events events;
	struct door_piece now, next;   /* what is being sent, and the newest that comes after it */
	int asleep, ended;
};

struct door_call {
	struct door *door;
	struct MHD_Connection *conn;
	enum phase phase;
	enum web_next next;        /* of PATIENT */
	int close;                 /* the connection is not fit for another request */
	atomic_int users;          /* the library, and web_wait while it has the stream; the last one frees it */
	int64_t passed;            /* bytes of the body in SWALLOW or CUT */
	const char *target_at;
	struct http_request req;
	struct http_reply reply;
	struct web web;
	struct door_strict strict;
	struct spool_draft *const *drafts;   /* of the submission, n of them */
	size_t n;
	struct web_checker_item check;
	struct web_commit_item item;
	struct web_wait_item wait;
	struct door_stream stream;
	char client[DOOR_CLIENT_MAX];
	char *path;                /* behind the target */
	char target[];
};

/* Hands the reply to the library, which takes it before the body or after it. MHD_NO: the connection is to be closed. */
enum MHD_Result door_send(struct door_call *c);

/* In between: the reply goes to the socket at once, over the body, and what comes after it is not read. MHD_NO: it could not. */
enum MHD_Result door_cut(struct door_call *c);

/* The reply's head, and from then on what web_events tells. */
enum MHD_Result door_stream(struct door_call *c);
/* The library is done with it: web_wait lets go of it, too. */
void door_stream_end(struct door_call *c);

/* Reads the body of a reply whose length is not told, for the library; `c` is the call. */
ssize_t door_stream_read(void *c, uint64_t at, char *buf, size_t max);

/* One user less. */
void door_call_leave(struct door_call *c);

#endif
