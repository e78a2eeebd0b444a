/*
 * spool_clean: retention. Removes what has been kept long enough, and nothing that could let a job run again, whatever the
 * disk forgets afterwards: that the job file has gone is on disk before the record of its end goes.
 */
#ifndef WQW_SPOOL_CLEAN_H
#define WQW_SPOOL_CLEAN_H

#include <stdint.h>

#include "spool.h"
#include "spool_sought.h"

struct spool_cleaning {   /* zero at first; the caller sets these */
	const struct spool *q;
	const struct policy *p;
	int64_t now;
	int dry;             /* 1: removes nothing */
	void (*removed)(void *arg, const char *dir, const char *file);   /* or NULL: called for each */
	void *arg;
	/* of spool_clean's own */
	enum spool_dir dir;
	struct spool_soughts old;
	int outboxes;
};

/* -1 with errno: something could not be read, synced or removed; what was removed is gone all the same. */
int spool_clean(struct spool_cleaning *c);

#endif
