/*
 * worker_ends: attempts that have ended, and are to go on record. Those that end one soon after another wait for each other,
 * and share the disk's commits; their slots have their next jobs by then. One round is open to more while two are with the
 * settler.
 */
#ifndef WQW_WORKER_ENDS_H
#define WQW_WORKER_ENDS_H

#include <stddef.h>
#include <stdint.h>

#include "worker_settler.h"

enum { WORKER_ENDS_MAX = 64, WORKER_ENDS_ROUNDS = 3, WORKER_ENDS_SPARE = WORKER_ENDS_MAX * WORKER_ENDS_ROUNDS };

struct worker;

struct worker_round {
	struct spool_claim *claim[WORKER_ENDS_MAX];
	char cancelled[WORKER_ENDS_MAX];   /* 1: was killed for wqw-cancel */
	size_t n;
	int grouped;                       /* 1: one of them has an ordering group */
};

struct worker_ends {
	struct spool_claim *claims;                     /* all of the worker's: those of its slots, then these; calloc'ed */
	struct spool_claim *spare[WORKER_ENDS_SPARE];   /* unused ones */
	size_t spares;
	struct worker_round round[WORKER_ENDS_ROUNDS], *open, *next, *last;   /* as spool_settle_step has them */
	int64_t first, newest;      /* io_clock(): when the first of the open ones came; since when another is waited for */
	int64_t began, rested;      /* in the same: when the last step was begun; until when there is a rest after it */
	struct worker_settler settler;
	int away;                   /* 1: it has the next and the last ones */
	int asked;                  /* steps until all are on record of which ends_ask was to know */
};

/* After w->ends.claims has been set, with WORKER_ENDS_SPARE more than there are slots. -1 with errno. */
int ends_start(struct worker *w);
void ends_stop(struct worker *w);

/* Takes a claim with its outcome, and gives another one, unused, for the slot's next job. */
struct spool_claim *ends_put(struct worker *w, struct spool_claim *c, int cancelled);

void ends_settle(struct worker *w);            /* goes on with them, where it is time to */
int64_t ends_next(const struct worker *w);     /* io_clock(): when it is; INT64_MAX: there are none, or ends.settler.fd tells */
void ends_wait(struct worker *w);              /* until the settler, too, has no use for w->p */
void ends_ask(struct worker *w, int64_t us);   /* cur/ is to be looked at so soon, and again when these are on record */
int ends_any(const struct worker *w);          /* 1: some are not on record yet */
int ends_have(const struct worker *w, const char *file);   /* 1: that file in cur/ is of one of them */

#endif
