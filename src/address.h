/*
 * address: the jobs and queues that a command's arguments name.
 */
#ifndef WQW_ADDRESS_H
#define WQW_ADDRESS_H

#include <stddef.h>

#include "spool.h"

struct address_words {
	char *const *next;   /* the arguments, up to a NULL; set by the caller, the rest zero */
	int input;           /* 1 while words come from standard input */
	char *line;
	size_t room;
};

struct address {
	struct spool q;
	char id[ID_MAX + 1];   /* "" where the word was a queue */
};

#define ADDRESS_CLOSED (struct address){ .q = { .fd = -1 } }

/*
 * The next word: from the arguments and, in place of an argument "-", from standard input, one on a line, empty ones left
 * out. Stays good until the next call. NULL at the end, with errno 0, and on a read error.
 */
const char *address_next(struct address_words *w);
void address_end(struct address_words *w);

/*
 * Opens what a word names: QUEUE/ID, or, with `queues`, also a queue. A queue stays open from one word to the next.
 * EINVAL: it is no address; other errors are spool_open's.
 */
int address_open(struct address *a, const char *word, int queues);
void address_close(struct address *a);

/* What a failed address_open, or with `is_queue` a failed spool_open, says to a person. Returns buf. */
char *address_fault(char *buf, size_t size, const char *word, int is_queue, int error);

#endif
