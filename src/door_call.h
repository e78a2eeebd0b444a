/*
 * door_call: what the files door_mhd.c and door_send.c share, and nobody else includes: one request in libmicrohttpd, and
 * its way back.
 */
#ifndef WQW_DOOR_CALL_H
#define WQW_DOOR_CALL_H

#include <microhttpd.h>
#include <netinet/in.h>

#include "door_mhd.h"
#include "door_strict.h"
#include "web.h"

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
	PATIENT,     /* the request is taken, and is to wait for its job when all of it has come */
	WAITING,     /* suspended; `waited` ends it */
	WAITED,
	READY        /* the reply is there and the body is gone */
};

struct door_call {
	struct door *door;
	struct MHD_Connection *conn;
	enum phase phase;
	int close;                 /* the connection is not fit for another request */
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
	char client[DOOR_CLIENT_MAX];
	char *path;                /* behind the target */
	char target[];
};

/* Hands the reply to the library, which takes it before the body or after it. MHD_NO: the connection is to be closed. */
enum MHD_Result door_send(struct door_call *c);

/* In between: the reply goes to the socket at once, over the body, and what comes after it is not read. MHD_NO: it could not. */
enum MHD_Result door_cut(struct door_call *c);

#endif
