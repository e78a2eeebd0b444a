/*
 * door_strict: what libmicrohttpd lets through and two programs on the way could read differently is refused, before
 * anything is done: the smuggling of requests lives on that. RFC 9112 is the measure.
 */
#ifndef WQW_DOOR_STRICT_H
#define WQW_DOOR_STRICT_H

#include <microhttpd.h>

#include "http.h"

enum { DOOR_TARGET_MAX = 4096 };

struct door_line {         /* the request line, as the library gives it */
	const char *target, *method, *version;
	const char *target_at;   /* where the library has it: the copy in `target` keeps it as it was sent */
};

struct door_strict {
	struct http_request *req;            /* its field[] and length are set */
	char *joined[HTTP_FIELDS];           /* values of a field that came more than once; owned */
	int expects;                         /* 1: the client waits for leave to send its body */
	int last;                            /* 1: the connection is not fit for another request, though this one is good */
	/* private */
	int hosts, lengths, codings, status;
	const char *coding, *why, *end;      /* end: of the line before, in the library's buffer */
};

/*
 * Checks the request line and the head. 0; else the status to refuse with, and *why is the sentence that goes with it.
 * The connection is then not fit for another request.
 */
int door_strict_check(struct door_strict *s, struct MHD_Connection *conn, const struct door_line *line, const char **why);
void door_strict_clear(struct door_strict *s);

/* Cuts a target into path and query: "/a?b", "http://host/a?b", and for OPTIONS "*". -1: EINVAL, E2BIG. */
int door_strict_target(const char *target, int options, char *path, size_t size, const char **query);

#endif
