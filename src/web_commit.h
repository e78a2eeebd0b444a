/*
 * web_commit: two threads that make submissions durable. Drafts of a queue that are complete at about the same time go to
 * disk in one round, and what makes their names durable takes the files of the next round with it, so that as many as wait
 * while a disk is busy share what comes next. Whoever hands drafts over writes their files, while these threads wait for
 * the disk. No allocation: it cannot fail half-way.
 */
#ifndef WQW_WEB_COMMIT_H
#define WQW_WEB_COMMIT_H

#include <sys/types.h>

#include "spool_submit.h"

struct web_commit;

struct web_commit_item {  /* the caller's, until `done` is called */
	struct spool_draft *const *drafts;   /* of one queue, WEB_DRAFTS_MAX at the most */
	size_t n;
	void (*done)(void *arg);   /* on one of them, after the commit: each one's error and unknown tell how it went */
	void *arg;
	/* private */
	struct web_commit_item *next;
	dev_t dev;
	ino_t ino;
};

/* Starts the threads. NULL with errno. */
struct web_commit *web_commit_start(void);

/* Writes the files of drafts, and hands them over; from any thread. -1: web_commit_stop was called; they are still the caller's. */
int web_commit_put(struct web_commit *c, struct web_commit_item *item);

/* Finishes all that was put, and ends the threads. web_commit_free comes after it, when nobody can put any more. */
void web_commit_stop(struct web_commit *c);
void web_commit_free(struct web_commit *c);

#endif
