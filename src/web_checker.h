/*
 * web_checker: a few threads that run the commands of policies, so that nobody else waits for them.
 */
#ifndef WQW_WEB_CHECKER_H
#define WQW_WEB_CHECKER_H

#include "web.h"

struct web_checker_item {   /* the caller's, until `done` is called */
	struct web *w;
	void (*done)(void *arg);   /* on a thread of ours, after web_check */
	void *arg;
	int ok;                    /* what that has returned */
	struct web_checker_item *next;
};

struct web_checker *web_checker_new(void);   /* NULL with errno */

/* From any thread. -1: it cannot be checked now. */
int web_checker_put(struct web_checker *c, struct web_checker_item *item);

/* Refuses what has not begun, and waits for what has. web_checker_free comes after it, when nobody can put any more. */
void web_checker_stop(struct web_checker *c);
void web_checker_free(struct web_checker *c);

#endif
