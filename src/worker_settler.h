/*
 * worker_settler: the thread of a worker that puts ends on record, and waits for the disk, so that its slots need not.
 */
#ifndef WQW_WORKER_SETTLER_H
#define WQW_WORKER_SETTLER_H

#include <pthread.h>

#include "spool_settle.h"

struct worker_settler {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;        /* busy or stop has changed */
	int lives;                  /* 1: there is a thread */
	int busy, stop;             /* with the lock held */
	int fd;                     /* to be polled: readable once it is done */
	struct spool_disk disk;     /* the thread's */
	struct spool_settle_round last, next;   /* the thread's, with their claims and policy, while it is busy */
};

int settler_start(struct worker_settler *s);   /* -1 with errno */
void settler_stop(struct worker_settler *s);   /* one that is all zero, too */

void settler_step(struct worker_settler *s, struct spool_settle_round last, struct spool_settle_round next);   /* begins it */
int settler_done(struct worker_settler *s);    /* 1: with all that it was given */
void settler_wait(struct worker_settler *s);   /* until it is */

#endif
