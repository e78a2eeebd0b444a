/*
 * view_place: who comes before whom in new/, as a worker reckons it. One scan of the directory serves any number of jobs.
 */
#ifndef WQW_VIEW_PLACE_H
#define WQW_VIEW_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "spool.h"
#include "view.h"

struct view_places {
	int64_t aging;
	int64_t *key;      /* of each job that waits, in order; owned */
	size_t n, room;
};

/*
 * Reads new/ anew, up to `max` names of it. -1 with errno: it may not be read, ENOMEM, or EFBIG: there are more. It then is
 * empty.
 */
int view_places_scan(struct view_places *p, const struct spool *q, const struct policy *policy, size_t max);

/* How many are taken before a job of that key, whether it was there at the scan or not. */
int64_t view_places_find(const struct view_places *p, int64_t key);

/* The key of a job in new/ that was submitted then. */
int64_t view_place_key(const struct id_name *name, int64_t submitted, int64_t aging);

/* As after `= { 0 }`. */
void view_places_clear(struct view_places *p);

/*
 * How many jobs in new/ a worker takes before this one, which is in new/, too. -1: not known, as with EFBIG where there are
 * more than `max`; 0: all are counted.
 */
int64_t view_place(const struct spool *q, const struct policy *p, const struct view *job, size_t max);

#endif
