/*
 * await: the ends of many jobs, of any number of queues. The doorbell of done/ and failed/ is heard where these may be
 * read; elsewhere, as for the user of a web front, the jobs are looked for by name every second or so.
 */
#ifndef WQW_AWAIT_H
#define WQW_AWAIT_H

#include <stddef.h>
#include <stdint.h>

#include "spool.h"
#include "watch.h"

enum await_end { AWAIT_PENDING, AWAIT_DONE, AWAIT_FAILED, AWAIT_UNKNOWN };

struct await_job {
	size_t queue;
	enum await_end end;
	enum id_reason reason;   /* of AWAIT_FAILED */
	char id[];
};

struct await_queue {
	struct spool q;
	int done, failed;        /* watches; -1: none, so it is polled */
};

struct await {
	struct watch watch;
	struct await_queue *queues;
	struct await_job **jobs;
	size_t n_queues, n_jobs;
	size_t pending, done, failed, unknown;   /* how many; every job is counted in one of them after await_start */
	int64_t looked, took;    /* when all were last looked for, and how long that took */
	/* Set by the caller, or NULL: called for each end, and at least once a second by await_run. */
	void (*ended)(void *arg, const char *queue, const struct await_job *job);
	void (*tick)(void *arg, const struct await *a);
	void *arg;
};

int await_open(struct await *a);
int await_add(struct await *a, const char *queue, const char *id);   /* spool_open's errors */

/* After the last await_add: watches, then looks. */
int await_start(struct await *a);

/* Waits until every job has ended or, with `any`, one is done or failed, or `us` microseconds have gone by (-1: for ever). */
int await_run(struct await *a, int64_t us, int any);

/* The sysexits(3) code for what came of it: pending, unknown, failed or done, the first of these that any job is. */
int await_code(const struct await *a);
void await_close(struct await *a);

#endif
