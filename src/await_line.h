/*
 * await_line: what a person who waits wants to see, in one line.
 */
#ifndef WQW_AWAIT_LINE_H
#define WQW_AWAIT_LINE_H

#include "await.h"

enum { AWAIT_LINE_MAX = 1024 };

struct await_line {
	int64_t began;            /* all zero at first */
	int64_t counted, took;    /* when the place in the queue was last counted, and how long that took */
	int64_t place;            /* jobs ahead; -1: not known */
};

/*
 * One job: "thumbs/ID: new, 4 ahead, 12s"; several: "3 of 10 ended, 1 failed, 12s". A long queue is not counted more
 * often than is cheap. Returns buf.
 */
char *await_line(struct await_line *l, const struct await *a, char buf[AWAIT_LINE_MAX]);

#endif
