/*
 * view_ring: the last hour or day of a queue as numbers to plot, a point for each place of the ring. What is not known, since
 * no worker was there, is -1.
 */
#ifndef WQW_VIEW_RING_H
#define WQW_VIEW_RING_H

#include <jansson.h>

#include "spool_ring.h"

struct view_point {
	double backlog;             /* when the place begins */
	double done, failed;        /* jobs a minute, from there to the next place */
	double wait, wait_high;     /* seconds: half of those that were started then, and 95 of 100, had waited no longer */
};

struct view_ring {
	int64_t span, first;        /* microseconds */
	size_t n;
	struct view_point point[SPOOL_RING_MAX];
};

void view_ring(const struct spool *q, enum spool_ring_kind kind, int64_t now, struct view_ring *r);

/* Two samples, or a sample and the moment: all but the backlog. */
void view_ring_between(const struct spool_sample *a, const struct spool_sample *b, int64_t span, struct view_point *p);

/* {"start", "span_seconds", "backlog": [...], ...}. NULL: ENOMEM. */
json_t *view_ring_json(const struct view_ring *r);

#endif
