/*
 * view_age: how long jobs have been there, in buckets that double, as qshape(1) tells it of a mail queue. One scan of each
 * directory, no file opened, and memory for VIEW_AGE_ROWS rows whatever the number of jobs.
 */
#ifndef WQW_VIEW_AGE_H
#define WQW_VIEW_AGE_H

#include <stddef.h>
#include <stdint.h>

#include "spool.h"

enum view_age_by { VIEW_AGE_QUEUE, VIEW_AGE_GROUP, VIEW_AGE_PRIORITY, VIEW_AGE_KINDS };

enum { VIEW_AGE_ROWS = 1000, VIEW_AGE_BUCKETS = 11 };

struct view_age_row {
	char *name;       /* "": of no group */
	int64_t jobs;
	int64_t unknown;  /* of them, those whose age cannot be told from outside */
	int64_t bucket[VIEW_AGE_BUCKETS];   /* not older than view_age_limit(), and older than the one before */
};

struct view_age {
	enum view_age_by by;
	int64_t first, now;           /* microseconds: the first bucket's limit; what ages are reckoned from */
	struct view_age_row all;
	struct view_age_row other;    /* of all rows beyond VIEW_AGE_ROWS */
	struct view_age_row *rows;
	size_t n;
	uint16_t *index;
};

int view_age_open(struct view_age *a, enum view_age_by by, int64_t first);
void view_age_close(struct view_age *a);

/* Adds the jobs of one directory. A row has all of its jobs, or they are all in `other`. */
int view_age_scan(struct view_age *a, const struct spool *q, enum spool_dir d);

/* The most jobs first, but priorities in their order. */
void view_age_sort(struct view_age *a);

const char *view_age_name(enum view_age_by by);          /* "queue", "group", "priority" */
int64_t view_age_limit(const struct view_age *a, size_t bucket);   /* microseconds; of the last one INT64_MAX */

#endif
