/*
 * worker_limit: max-running and rate, over all workers of a queue, and what one handler may use. For worker*.c.
 */
#ifndef WQW_WORKER_LIMIT_H
#define WQW_WORKER_LIMIT_H

#include <stdint.h>

#include "cgroup.h"
#include "slot.h"

struct worker;

struct worker_limits {
	int *token;                 /* of each slot; 0: none */
	int64_t *number;            /* of that token */
	int tokens;                 /* how many slots have one */
	int above;                  /* see spool_token_take */
	int hears;                  /* 1: wd_stat tells of tokens that are closed */
	int starved, early;         /* 1: a job could start but for a token, but for the rate */
	int64_t token_at, rate_at;  /* io_clock(): not to be asked for before */
	int64_t *rate;              /* mapped; NULL: not yet */
	struct cgroup group;        /* for max-memory and max-processes; own -1: by setrlimit(2) */
	struct cgroup_leaf *leaf;   /* of each slot */
	int granted;                /* 1: a start that has not come about yet; `before` takes it back */
	int64_t before;
};

int limit_start(struct worker *w);
void limit_stop(struct worker *w);
void limit_renew(struct worker *w);           /* the policy may be another */
void limit_begin(struct worker *w);           /* slots are about to be filled */
int limit_pass(struct worker *w, int i);      /* 1: slot i may start a job; 0: not now, or there is none; -1: a fault of ours */
void limit_give(struct worker *w, int i, struct slot_attempt *a);   /* what binds that attempt */
void limit_started(struct worker *w);
void limit_ended(struct worker *w, int i, struct slot_result *r);
void limit_end(struct worker *w);             /* gives back what was not used */
void limit_hear(struct worker *w, const char *file);    /* a file of stat/ that was written has been closed */
int64_t limit_next(const struct worker *w);   /* io_clock(): when to ask again; INT64_MAX: nothing is asked for */

#endif
