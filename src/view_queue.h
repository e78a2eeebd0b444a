/*
 * view_queue: what can be said of a whole queue: one scan of each directory, and no file opened.
 */
#ifndef WQW_VIEW_QUEUE_H
#define WQW_VIEW_QUEUE_H

#include <stdint.h>

#include "spool.h"
#include "view.h"

struct view_queue {
	int64_t count[SPOOL_DIRS];   /* jobs in new, later, cur, done and failed; -1: the directory may not be read */
	int64_t oldest;              /* when the oldest job in new/ was submitted; -1: there is none, or not known */
	int paused;
};

int view_queue(const struct spool *q, struct view_queue *v);

/* How many jobs in new/ a worker takes before this one, which is in new/, too. */
int64_t view_place(const struct spool *q, const struct policy *p, const struct view *job);

#endif
