/*
 * spool_claim: the arrows that a worker walks. Claim by lock, then rename; recover what has no owner. Its end is in spool_settle.h.
 *
 * "A fault of ours" (-1) is an error of this process or of the disk, not of the job: no attempt is used up.
 */
#ifndef WQW_SPOOL_CLAIM_H
#define WQW_SPOOL_CLAIM_H

#include "job.h"
#include "spool.h"

enum spool_outcome { SPOOL_SUCCESS, SPOOL_RETRY, SPOOL_DEAD, SPOOL_PUT_BACK };

struct spool_claim {
	const struct spool *q;
	const struct policy *p;
	int follow;                /* the outbox that is delivered at its end; -1: none */
	int fd;                    /* the job, locked, at its payload: the handler's stdin */
	int result, log;           /* the handler's stdout and stderr; -1 until staged */
	struct id_name name;       /* attempts counts this one */
	char file[ID_NAME_MAX + 1];   /* its name in cur/ */
	int again;                 /* 1: a dead letter that somebody has put back */
	struct job_header head;       /* the job's */
	struct job_header made;       /* the result's */
	off_t finished_at, exit_at, length_at, start;  /* offsets in the result: blanks to fill in, and its payload */
	int64_t started;
	int64_t ready;             /* when it could first have been claimed; -1: not known */
	/* set by the caller before its end, see spool_settle.h */
	enum spool_outcome outcome;
	enum id_reason reason;     /* SPOOL_DEAD */
	int64_t due;               /* SPOOL_RETRY: when it may run again, microseconds */
	/* after its end */
	int error;                 /* 0, or the errno of the fault; the job was then put back, uncounted, where possible */
	int unknown;               /* 1: its end may not be durable. It stays locked where it is while this process lives */
};

/*
 * new/ -> cur/. 1: claimed; 0: not to be had (lost race, ended already, or dead at sight); 2: locked by another, who may
 * be about to claim it or to let it go; 3: it has ended already, but the disk does not take that: an fsync failed, which
 * this process must not try again, and so the job stays locked while it lives; -1: a fault of ours.
 */
int spool_claim(const struct spool *q, const char *file, const struct policy *p, struct spool_claim *c);

/* cur/ -> new/ or failed/, or only tidied: 1: it had no owner; 0: it is gone; 2: it has an owner; 3, -1: as above. */
int spool_recover(const struct spool *q, const char *file, const struct policy *p);

/* later/ -> new/ where it is due at `now`: 1; 0 where it is not yet or is gone, with *due set (0: gone). */
int spool_promote(const struct spool *q, const char *file, int64_t now, int64_t *due);

/* Removes what was left in tmp/ 36 hours ago and has no owner. Returns how many. */
int spool_sweep(const struct spool *q);

#endif
