/*
 * worker_backlog: what a worker counts of the jobs that wait: with max-backlog, for those who submit; and where there are many,
 * for those who look. For worker*.c.
 */
#ifndef WQW_WORKER_BACKLOG_H
#define WQW_WORKER_BACKLOG_H

#include <stdint.h>

#include "window.h"

struct id_name;
struct worker;

struct worker_backlog {
	int fd;                     /* of the number that submitters see; -1: there is no limit */
	int64_t in_new, in_later;   /* how many there are */
	int64_t told, told_at;      /* what was written there last; io_clock() */
	int shown;                  /* of what who looks sees; -1: another worker counts, or there are few */
	int exact;                  /* 1: in_new is from a scan that began when each name that goes was heard of */
	int heard;                  /* 1: names came or went while it was made */
	int again;                  /* how often in a row it was therefore made again */
	int mixed;                  /* 1: there are priorities or groups in new/, and so the most urgent may not be the oldest */
	int keeps;                  /* 1: for that the oldest are kept, since the last scan: */
	struct window old;          /* names in new/ by their submission */
	int silent;                 /* 1: that it cannot be shown was said */
	int64_t changed, shown_at;  /* io_clock() of the last that came or went, and of what was shown last */
};

void backlog_start(struct worker *w);   /* before a scan of new/ and later/, where it has not begun yet */
int backlog_hear(struct worker *w, int number, unsigned what);   /* 0: nothing but a name that went */
void backlog_tell(struct worker *w);
void backlog_scan(struct worker *w);    /* a scan of new/ begins */
void backlog_scanned(struct worker *w); /* and has ended */
int64_t backlog_next(const struct worker *w);   /* io_clock(): when backlog_tell has something to show */

/* A name in new/ and its submission, with window_add or, after the scan, window_insert. -1: ENOMEM. */
int backlog_met(struct worker *w, const struct id_name *name, int64_t time, const char *file,
    int (*keep)(struct window *, int64_t, const char *));

#endif
