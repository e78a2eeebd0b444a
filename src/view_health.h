/*
 * view_health: whether a queue takes jobs, and somebody does them. Cheap where nobody asks for ages: no directory is read
 * further than its first name, but up to a limit where no job is ready.
 */
#ifndef WQW_VIEW_HEALTH_H
#define WQW_VIEW_HEALTH_H

#include <stdint.h>

#include "spool.h"

struct view_health {
	int error;         /* why it takes no job: ENOSPC: the policy's reserve is not there; EACCES, EROFS; 0: it does */
	int paused;
	int waiting;       /* 1: jobs are ready, or overdue; 0: none is; -1: the directories may not be read */
	int64_t workers;   /* that live; -1: not known */
	int64_t ready;     /* since when the one that has been ready for longest is; -1: there is none, or not asked for */
};

/* `ages`: the last member is asked for, which takes a scan of new/. -1: not to be told. */
int view_health(const struct spool *q, const struct policy *p, int ages, struct view_health *v);

#endif
