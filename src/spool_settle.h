/*
 * spool_settle: the ends of attempts, each by its outcome.
 *
 * The order is what counts: a result is durable, then moved into done/, then durable there, and only then the job in cur/ is
 * removed, and its lock given up. Errors are those of the claims.
 */
#ifndef WQW_SPOOL_SETTLE_H
#define WQW_SPOOL_SETTLE_H

#include "spool_claim.h"
#include "spool_disk.h"

/* Claims of one queue that have their outcomes. */
struct spool_settle_round {
	struct spool_claim *const *c;   /* the caller's, until the end */
	size_t n;                       /* may be 0 */
	int urgent;                     /* 1: somebody waits for their ends: no commit waits until the disk has had a rest */
	int refused;                    /* 1: for this process an fsync has failed: it says of no other place that it is durable */
};

/*
 * Ends the last round, and takes the next one half of the way, to where it is the last: one commit of the disk makes durable
 * where the one was moved to, and the results of the other. Many by one syncfs(2), which also flushes what others have written
 * to that file system, instead of an fsync each; `disk` is open, and shared with other workers, or all zero.
 */
void spool_settle_step(struct spool_disk *disk, struct spool_settle_round *last, struct spool_settle_round *next);

/* All of it, for n claims. Returns how many had a fault. */
size_t spool_settle(struct spool_claim *const *c, size_t n);

#endif
