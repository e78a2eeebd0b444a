/*
 * spool_commit: the commit of many drafts in its steps, for who has the next round's files made durable by what makes the
 * last one's names durable:
 *
 *	spool_commit_begin(&b, ...); spool_commit_place(&a); spool_commit_sync(&a, &b); spool_commit_end(&a); and so on
 *
 * spool_commit of spool_submit.h is one round alone. Errors are those of its drafts.
 */
#ifndef WQW_SPOOL_COMMIT_H
#define WQW_SPOOL_COMMIT_H

#include "spool_order.h"
#include "spool_submit.h"

/* Drafts of one queue: each step is taken for all of them before the next. */
struct spool_commit_round {
	struct spool_draft *const *d;     /* the caller's, until the end */
	size_t n;
	int clock[SPOOL_ORDER_BUCKETS];   /* of ordering groups, while it is placed; locked, or -1 */
};

/* Writes the files. Drafts that began apart may go on as one round, of all of them; to begin twice does no harm. */
void spool_commit_begin(struct spool_commit_round *r, struct spool_draft *const *d, size_t n);

void spool_commit_place(struct spool_commit_round *r);   /* once they are durable: gives them their names */

/*
 * Makes durable the names of one round and the files of another, on the same file system; either may have none (n = 0).
 * Many by one syncfs(2), which also flushes what others have written to that file system, instead of an fsync each.
 */
void spool_commit_sync(struct spool_commit_round *placed, struct spool_commit_round *begun);

size_t spool_commit_end(struct spool_commit_round *r);   /* how many have failed */

#endif
