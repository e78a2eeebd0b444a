/*
 * spool_stage: the result of an attempt, from the claim to the end: a file in tmp/ whose header has blanks that the end fills in.
 *
 * All return -1 with errno set: a fault of ours.
 */
#ifndef WQW_SPOOL_STAGE_H
#define WQW_SPOOL_STAGE_H

#include "spool_claim.h"

enum { SPOOL_STAGED_MAX = 8 + ID_NAME_MAX + 1 };

/* Makes the result (its header filled in but for what the end tells) and the log. */
int spool_stage(struct spool_claim *c, const struct policy *p, const char *worker);

/* Its name in tmp/, and its path relative to the queue. Both return the buffer. */
char *spool_staged_name(char file[ID_NAME_MAX + 1], const struct spool_claim *c);
char *spool_staged_path(char buf[SPOOL_STAGED_MAX], const struct spool_claim *c);

/* 1: it is still what that path leads to; 0: the handler has removed or replaced it; -1: it cannot be seen. */
int spool_staged_there(const struct spool_claim *c);

/* Adds a line to the job's log, making it if need be. */
int spool_note(struct spool_claim *c, const char *line);

int spool_seal(struct spool_claim *c);      /* fills in the blanks; not durable yet */
void spool_unstage(struct spool_claim *c);  /* removes it */

#endif
