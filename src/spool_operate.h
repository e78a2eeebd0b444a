/*
 * spool_operate: what an operator does to jobs, beside the workers and without asking them: hold, put back, pause; see also
 * spool_cancel.h.
 *
 * Each verb takes the job's lock, as a claim does, and walks one arrow of spool-layout.md. What it did is durable after
 * spool_round_end. All return -1 with errno set: ENOENT: there is no such job; EAGAIN: others kept it locked.
 */
#ifndef WQW_SPOOL_OPERATE_H
#define WQW_SPOOL_OPERATE_H

#include <stdint.h>

#include "spool.h"

struct spool_round {
	const struct spool *q;
	unsigned dirty;      /* a bit for each enum spool_dir that has to be synced */
	int events;          /* spool_cancel's: 1: the policy names a queue for them; -1: it does not; 0: not looked up yet */
};

static inline void
spool_changed(struct spool_round *r, enum spool_dir d)
{
	r->dirty |= 1U << d;
}

/*
 * These, and spool_cancel, return 0: it is as was asked for, also where somebody else had done it before; 1: it cannot be so, because
 * of where the job is, which *job tells.
 */
int spool_hold(struct spool_round *r, const char *id, struct spool_job *job);
/* A dead letter, a held job, one that waits in later/: ready, or where `due` is not 0, at that time. */
int spool_retry(struct spool_round *r, const char *id, int64_t due, struct spool_job *job);
/* The same for a file that a scan found: 1: it is put back; 0: it has gone meanwhile. */
int spool_retry_found(struct spool_round *r, const struct spool_job *job, int64_t due);

/* One fsync of each directory that this round has changed. An error leaves it unknown whether a power cut takes it back. */
int spool_round_end(struct spool_round *r);

int spool_pause(const struct spool *q);
int spool_resume(const struct spool *q);

#endif
