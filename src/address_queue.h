/*
 * address_queue: the queues that the arguments of a command name, or all of the spool, one after another.
 */
#ifndef WQW_ADDRESS_QUEUE_H
#define WQW_ADDRESS_QUEUE_H

#include "policy.h"
#include "spool.h"

struct address_queues {   /* the caller's */
	/* For each queue with its policy; `name` is fit for a terminal. -1 with errno: that is told, and the next comes. */
	int (*each)(void *arg, const struct spool *q, const struct policy *p, const char *name);
	/* What is wrong with a queue, in a line, and the code of sysexits(3) for it. */
	void (*fault)(void *arg, int code, const char *text);
	void *arg;
};

/* `words`: up to a NULL; where there is none, all queues of the spool. -1 with errno: that cannot be read. */
int address_each_queue(const struct address_queues *s, char *const *words);

#endif
