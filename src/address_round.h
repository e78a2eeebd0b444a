/*
 * address_round: jobs that a command changes, many to one commit: an address is written out only after what was done to
 * its job is durable.
 */
#ifndef WQW_ADDRESS_ROUND_H
#define WQW_ADDRESS_ROUND_H

#include <stdio.h>

#include "address.h"
#include "spool_operate.h"

enum { ADDRESS_ROUND = 256 };

struct address_round {   /* zero at first */
	struct spool_round jobs;   /* jobs.q is the caller's to set; the queue stays open until the end of the round */
	char *done[ADDRESS_ROUND];
	size_t n;
};

/* 1 where the next word is of another queue than the last, so that the round has to end before it is opened. */
int address_leaves(const struct address *a, const char *word);

/* Notes what was done. -1: no memory. 1: the round is full and has to end. */
int address_round_add(struct address_round *r, const char *id);

/*
 * Commits, and writes the addresses to out, one on a line. -1 with errno: the state of those in done[] is not known; nothing
 * was written. The caller ends with address_round_clear in any case.
 */
int address_round_end(struct address_round *r, FILE *out);
void address_round_clear(struct address_round *r);

/* What keeps a job from something, from where it is: "is done already". */
const char *address_refusal(const struct spool_job *job);

#endif
