/*
 * attempt: what a handler is given, and what its end means for the job; wqw-handler(7) is the specification.
 */
#ifndef WQW_ATTEMPT_H
#define WQW_ATTEMPT_H

#include "policy.h"
#include "slot.h"
#include "spool_claim.h"

enum { ATTEMPT_VARIABLES = 24 };

struct attempt_env {
	char *var[ATTEMPT_VARIABLES + 1];   /* NULL-terminated "NAME=value"; owned */
	size_t n;
};

/*
 * The whole environment of a handler: nothing is inherited but PATH, LANG and HOME. `dir` is the queue's real path. Without a
 * claim, that of a handler that is kept for many.
 */
int attempt_env(struct attempt_env *e, const struct spool_claim *c, const struct policy *p, const char *dir);
void attempt_env_free(struct attempt_env *e);

/* What such a handler is told of a job: a line, without its end; owned. NULL with errno. */
char *attempt_line(const struct spool_claim *c, const struct policy *p, const char *dir);

/* Sets the claim's outcome, reason and due time; `note` says it in words for the log, "" where all is well. */
void attempt_judge(struct spool_claim *c, const struct slot_result *r, const struct policy *p, char *note, size_t size);

#endif
