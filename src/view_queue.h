/*
 * view_queue: what can be said of a whole queue: one scan of each directory at most, and no job's file opened. Of the files in
 * later/ and cur/ the times are looked up too, which tell what names do not.
 */
#ifndef WQW_VIEW_QUEUE_H
#define WQW_VIEW_QUEUE_H

#include <stdint.h>

#include "spool.h"
#include "spool_count.h"
#include "spool_stat.h"
#include "view.h"

struct view_queue {
	int64_t count[SPOOL_DIRS];   /* jobs in new, later, cur, done and failed; -1: the directory may not be read */
	int64_t held;                /* of those in later/; -1 as for them */
	int64_t oldest;              /* when the oldest job in new/ was submitted; -1: there is none, or not known */
	int64_t oldest_running;      /* since when the one that runs for longest does */
	int64_t oldest_failed;       /* when the oldest dead letter was submitted */
	int64_t next_due;            /* when the first of those in later/ is that are not held */
	int paused;
	struct spool_workers workers;  /* -1: not known */
	int counted;                   /* 0: the two below are not known */
	struct spool_counts counts;
	struct spool_rates rates;
};

struct view_row {
	char *word;    /* the queue, as it was named */
	struct view_queue v;
};

int view_queue(const struct spool *q, struct view_queue *v);

/* Jobs of a state, each in one only, as wqw-status(1) tells them; abandoned ones count as running. -1: not known. */
int64_t view_queue_jobs(const struct view_queue *v, enum view_state s);

/* When a job that a scan of `d` found was submitted, microseconds; -1: it is gone, or cannot be told. */
int64_t view_submitted(const struct spool *q, enum spool_dir d, const char *file, const struct id_name *name);

#endif
