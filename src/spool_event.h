/*
 * spool_event: jobs that wqw itself makes of a job's end: its result for the next queue, and an event for the queue that
 * listens. They wait in the job's outbox with those that its handler has staged.
 */
#ifndef WQW_SPOOL_EVENT_H
#define WQW_SPOOL_EVENT_H

#include "spool_claim.h"

/* 0 where the queues that the policy names are there; else *what says which. ELOOP: results would go on to the queue itself. */
int spool_event_check(const struct spool *q, const struct policy *p, const char **what);

/*
 * Opens the outbox of a claim whose result is complete, if there is one or need be, and adds to it. Where the job names a
 * next queue that is not there, it becomes a dead letter (c->outcome).
 */
int spool_event_done(struct spool_claim *c);

/*
 * The same for a job that will be a dead letter, with the outbox made durable, in *out; -1 there: nothing follows. `p`
 * NULL: read it. `started` 0: it was not.
 */
int spool_event_dead(const struct spool *q, const struct policy *p, const struct id_name *name,
    const struct job_header *head, enum id_reason reason, int64_t started, int *out);

#endif
