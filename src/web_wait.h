/*
 * web_wait: requests that wait for the end of their job, or for any news of it. The doorbell is the job's own file, which
 * its submitter may read, and which moves and goes as the job does; one that may not be read is looked for by name every
 * second. Who wants all news has the queue's doorbells besides (web_ward).
 */
#ifndef WQW_WEB_WAIT_H
#define WQW_WEB_WAIT_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "spool.h"

enum { WEB_WAIT_MAX = 60 };   /* seconds */

struct web_wait_item {   /* the caller's, and all of it good, until `done` is called */
	const struct spool *q;
	const char *id;
	int64_t until;           /* on io_clock */
	int client;              /* whose hanging up ends the wait; -1: none */
	uint32_t hangup;         /* what that is for epoll(7), beside EPOLLHUP and EPOLLERR */
	void (*done)(void *arg); /* may be NULL. The job has ended, or cannot be found; the time is over; the client has gone */
	/*
	 * NULL: nothing but the end counts. Else called where there may be news, or the job has ended. Returns when to call it
	 * again, if nothing comes sooner, on io_clock; -1: it is over.
	 */
	int64_t (*news)(struct web_wait_item *item, int64_t now);
	void *arg;
	int64_t place;           /* for `news`: how many jobs in new/ come before it; -1: it is not there, or that is not known */
	/* private */
	struct web_wait_item *next;
	struct web_ward *ward;
	int number, look, waiting, in;
	atomic_int over;
	int64_t look_at, key;
	dev_t dev;
	ino_t ino;
};

/* Waits here for one. `stop`: a descriptor that ends it, without `done`, when it can be read; -1: none. */
void web_wait_one(struct web_wait_item *item, int stop);

/* For many at once: one thread, which starts with the first of them. NULL with errno. */
struct web_wait *web_wait_new(void);

/* Hands one over; from any thread. `done` is called on that thread. -1: it cannot be waited for. */
int web_wait_put(struct web_wait *w, struct web_wait_item *item);

/*
 * Ends the wait of one that was handed over, unless it has ended; from any thread. `done` may still be called on the other
 * one, but the client's descriptor is used no more.
 */
void web_wait_drop(struct web_wait *w, struct web_wait_item *item);

/* Ends all waits, and the thread. web_wait_free comes after it, when nobody can put any more. */
void web_wait_stop(struct web_wait *w);
void web_wait_free(struct web_wait *w);

#endif
