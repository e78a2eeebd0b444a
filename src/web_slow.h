/*
 * web_slow: answers that take a while, on threads of their own, so that nobody else waits for them. Those of one kind are made
 * one after the other: who asks while one is made finds what that has left behind.
 */
#ifndef WQW_WEB_SLOW_H
#define WQW_WEB_SLOW_H

#include "web.h"

struct web_slow_item {   /* the caller's, until `done` is called */
	struct web *w;
	void (*done)(void *arg);   /* on a thread of ours, after web_slow */
	void *arg;
	struct web_slow_item *next;
};

/* Until when, on io_clock, what was begun then and is ready now stays good: ten times as long as it took, up to 5 seconds. */
int64_t web_slow_until(int64_t began);

struct web_slow_lines *web_slow_new(void);   /* NULL with errno */

/* From any thread. -1: it cannot be done here; always so where `s` is NULL. */
int web_slow_put(struct web_slow_lines *s, struct web_slow_item *item);

/* Refuses what has not begun, and waits for what has. web_slow_free comes after it, when nobody can put any more. */
void web_slow_stop(struct web_slow_lines *s);
void web_slow_free(struct web_slow_lines *s);

#endif
