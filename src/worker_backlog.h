/*
 * worker_backlog: with max-backlog, a worker counts what waits, for those who submit. For worker*.c.
 */
#ifndef WQW_WORKER_BACKLOG_H
#define WQW_WORKER_BACKLOG_H

#include <stdint.h>

struct worker;

struct worker_backlog {
	int fd;                     /* of the number that submitters see; -1: there is no limit */
	int64_t in_new, in_later;   /* how many there are */
	int64_t told, told_at;      /* what was written there last; io_clock() */
};

void backlog_start(struct worker *w);   /* before a scan of new/ and later/, where it has not begun yet */
int backlog_hear(struct worker *w, int number, unsigned what);   /* 0: nothing but a name that went */
void backlog_tell(struct worker *w);

#endif
