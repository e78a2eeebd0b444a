/*
 * http_lines: a body of lines (application/x-ndjson), pushed piece by piece and never held. CR before LF is no part of a
 * line, and a line with nothing in it is none.
 */
#ifndef WQW_HTTP_LINES_H
#define WQW_HTTP_LINES_H

#include <stddef.h>

struct http_lines {
	/* set by the caller before the first push; both return -1 to stop */
	int (*line)(void *arg);                              /* one begins */
	int (*data)(void *arg, const void *buf, size_t n);   /* a piece of it */
	void *arg;
	/* private; zeros at first */
	int begun, cr;
};

/* -1: a call has stopped it. */
int http_lines_push(struct http_lines *l, const void *buf, size_t n);

#endif
