/*
 * spool_check: reads a whole queue and tells of each thing that should not be. Workers may run meanwhile: what has changed
 * by the time it would be told is not told.
 */
#ifndef WQW_SPOOL_CHECK_H
#define WQW_SPOOL_CHECK_H

#include "spool.h"

struct spool_entry;

struct spool_checking {   /* zero at first; the caller sets these */
	const struct spool *q;
	const struct policy *p;
	int repair;          /* 1: mends what can be mended; no file of a job, and no result, is ever removed for it */
	/* Called for each finding: what is wrong with which file ("new/x"; a directory's own name), and whether it is mended now. */
	void (*found)(void *arg, const char *path, const char *what, int mended);
	void *arg;
	/* of spool_check's own */
	enum spool_dir dir;
	struct spool_entry *entry;
	size_t n, room;
};

/* -1 with errno: something could not be read, and what was told is not all. */
int spool_check(struct spool_checking *c);

#endif
