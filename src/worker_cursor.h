/*
 * worker_cursor: how workers of one queue keep out of each other's way. Each knows the same names in the same order, so that
 * all would try each of them. They share one number, where the last job that one of them went for stands in that order: what
 * was in this worker's window before the number passed it is left to who moved it. It is a hint and nothing more: who claims
 * is decided by the claim, and what was left and is still there is found by a scan. For worker*.c.
 */
#ifndef WQW_WORKER_CURSOR_H
#define WQW_WORKER_CURSOR_H

#include <stdint.h>

struct id_name;
struct window_entry;
struct worker;

struct worker_cursor {
	int64_t *at;       /* shared; NULL: there is none, and each is tried */
	int64_t base;      /* what it was when all names in `ready` up to it were last known to be there */
	int64_t own;       /* what this worker has moved it to; all names of that place are its own */
	int left;          /* 1: some were left to others since the last scan */
	int64_t left_at;   /* io_clock() of the first of them */
	int asked;         /* how many of them are looked at again soon */
	int64_t asked_at;  /* io_clock() of the first of these */
	int stray;         /* 1: one of these was still there: who passed it does not have it */
	int64_t cost;      /* how long that scan has taken, microseconds */
};

void cursor_start(struct worker *w);
void cursor_stop(struct worker *w);
void cursor_scan(struct worker *w);               /* a scan of new/ begins */
void cursor_scanned(struct worker *w);            /* and has ended */
void cursor_came(struct worker *w, int64_t key, const struct id_name *name);   /* before it goes into `ready` */
const struct window_entry *cursor_next(struct worker *w);   /* the least of `ready` that is this worker's to try; NULL: none */
int64_t cursor_look(const struct worker *w);      /* io_clock(): when to scan for what others have left, too */
int64_t cursor_pause(const struct worker *w);     /* microseconds between two scans, if that takes little of the time */

#endif
