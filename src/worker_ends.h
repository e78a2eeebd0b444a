/*
 * worker_ends: attempts that have ended, and are to go on record. Those that end one soon after another wait for each other,
 * and share the disk's commits; their slots have their next jobs by then.
 */
#ifndef WQW_WORKER_ENDS_H
#define WQW_WORKER_ENDS_H

#include <stddef.h>
#include <stdint.h>

#include "spool_claim.h"

enum { WORKER_ENDS_MAX = 64 };

struct worker;

struct worker_ends {
	struct spool_claim *claims;                   /* all of the worker's: those of its slots, then these; calloc'ed */
	struct spool_claim *spare[WORKER_ENDS_MAX];   /* unused ones */
	size_t spares;
	struct spool_claim *claim[WORKER_ENDS_MAX];
	char cancelled[WORKER_ENDS_MAX];   /* 1: was killed for wqw-cancel */
	size_t n;
	int64_t first, last;               /* io_clock(): when the first came; since when this worker waits for another */
};

/* After w->ends.claims has been set, with WORKER_ENDS_MAX more than there are slots. */
void ends_start(struct worker *w);

/* Takes a claim with its outcome, and gives another one, unused, for the slot's next job. */
struct spool_claim *ends_put(struct worker *w, struct spool_claim *c, int cancelled);

void ends_settle(struct worker *w);            /* puts them on record, where it is time to */
int64_t ends_next(const struct worker *w);     /* io_clock(): when it is; INT64_MAX: there are none */
int ends_have(const struct worker *w, const char *file);   /* 1: that file in cur/ is of one of them */

#endif
