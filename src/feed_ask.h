/*
 * feed_ask: what a submitter may ask for a job beside its payload, by the names that the command line and the web share:
 * delay, at, expires, priority, group, key, next, batch, notify.
 */
#ifndef WQW_FEED_ASK_H
#define WQW_FEED_ASK_H

#include "spool_submit.h"

enum { FEED_NOTIFY_MAX = 1024, FEED_ASK_MAX = FEED_NOTIFY_MAX + 1 };   /* bytes that a value needs, at the most, with its NUL */

struct feed_ask {
	int priority;               /* -1: the policy's */
	char group[ID_WORD_MAX + 1], key[SPOOL_KEY_MAX + 1];   /* "": none */
	char next[ID_WORD_MAX + 1], batch[ID_WORD_MAX + 1], notify[FEED_NOTIFY_MAX + 1];   /* the same */
	int64_t delay, at;          /* microseconds; -1: not asked for */
	int64_t life, expires;      /* the same: from when the job is due, or a point in time; expires 0: never */
};

void feed_ask_init(struct feed_ask *a);

/* The n-th name, from 0; NULL after the last. */
const char *feed_ask_name(size_t n);

/* Takes a value. EINVAL, and `why` says what is allowed. ENOENT: no such name. */
int feed_ask_set(struct feed_ask *a, const char *name, const char *value, const char **why);

/* Whether the queue that next names is beside q. -1, and `why` says it to a person. */
int feed_ask_there(const struct feed_ask *a, const struct spool *q, char *why, size_t size);

/* Opens a draft, as spool_draft_open does, that is all this and where it asks for nothing what the policy says. */
int feed_ask_open(struct spool_draft *d, const struct spool *q, const struct policy *p, const struct feed_ask *a);

#endif
