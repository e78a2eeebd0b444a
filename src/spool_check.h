/*
 * spool_check: reads a whole queue and tells of each thing that should not be. Workers may run meanwhile: what is only
 * passing is not told. Where something is found all is looked at twice, and told is what was there both times.
 */
#ifndef WQW_SPOOL_CHECK_H
#define WQW_SPOOL_CHECK_H

#include "spool.h"

struct spool_entry;
struct spool_seen;

enum spool_finding {
	SPOOL_FOUND,
	SPOOL_MENDED,
	SPOOL_WARNED     /* it may be meant: it is nothing of wqw's */
};

struct spool_checking {   /* zero at first; the caller sets these */
	const struct spool *q;
	const struct policy *p;
	int repair;          /* 1: mends what can be mended; no file of a job, and no result, is ever removed for it */
	/* Called for each finding: what is wrong with which file ("new/x"; a directory's own name), and what became of it. */
	void (*found)(void *arg, const char *path, const char *what, enum spool_finding f);
	void *arg;
	/* of spool_check's own */
	int again;                   /* 1: the second look */
	struct spool_seen *seen;     /* at the first look; then sorted */
	size_t seen_n, seen_room;
	struct spool_entry *entry;   /* the files of jobs; when all are known, sorted by their IDs */
	size_t n, room;
	enum spool_dir dir;
	int recovered;               /* bits: what was tried once */
	char why[160];
};

/* -1 with errno: something could not be read, and what was told is not all. */
int spool_check(struct spool_checking *c);

#endif
