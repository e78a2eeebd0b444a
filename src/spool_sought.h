/*
 * spool_sought: where the files of many jobs are, by reading the directories once instead of trying every name that each
 * of the jobs may have. For spool*.c.
 */
#ifndef WQW_SPOOL_SOUGHT_H
#define WQW_SPOOL_SOUGHT_H

#include "spool.h"

enum { SPOOL_SOUGHT_MAX = 65536, SPOOL_SOUGHT_OUTBOX = SPOOL_DIRS };

struct spool_sought {
	char *file;        /* what it was added for; owned */
	const char *id;
	unsigned where;    /* of spool_sought_bit */
};

struct spool_soughts {   /* zero at first */
	struct spool_sought *job;
	size_t n, room;
};

/* A directory that has a file of the job, or SPOOL_SOUGHT_OUTBOX: an outbox of it is in tmp/. */
static inline unsigned
spool_sought_bit(int d)
{
	return 1U << d;
}

int spool_sought_add(struct spool_soughts *s, const char *id, const char *file);
int spool_sought_full(const struct spool_soughts *s);

/*
 * Sets the bits of all jobs; dirs[0] is read first. A job moves meanwhile: one that was seen nowhere may only have gone the
 * other way. -1 with errno.
 */
int spool_sought_look(const struct spool *q, struct spool_soughts *s, const enum spool_dir *dirs, size_t n);

void spool_sought_clear(struct spool_soughts *s);   /* and frees all */

#endif
