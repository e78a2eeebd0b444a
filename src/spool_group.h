/*
 * spool_group: whose turn it is in an ordering group. stat/.group.GROUP names the jobs of it that were started last; a
 * worker holds the lock on it while it claims one more.
 */
#ifndef WQW_SPOOL_GROUP_H
#define WQW_SPOOL_GROUP_H

#include "spool.h"

/*
 * Before a claim of the first job of a group in new/. 1: it is this job's turn, which is on record now, and *turn, locked,
 * is to be given to spool_group_leave after the claim; 0: others of the group have not ended, or hold it; 2: another
 * worker is about to claim one, or one is just ending; 3: the job is not in new/; -1: a fault of ours.
 */
int spool_group_enter(const struct spool *q, const char *file, const struct policy *p, int *turn);
void spool_group_leave(int *turn);

/* Before a job goes to later/: makes the record durable, so that after a power cut the others still wait for it. */
int spool_group_sync(const struct spool *q, const char *group);

/* Removes the records of groups that have nothing to wait for, and from the others what is nowhere, or no record. */
int spool_group_sweep(const struct spool *q, const struct policy *p);

/* 0: a group's record is sound, or not there; 1: some of it names no job; 2: it names one that is nowhere; -1. */
int spool_group_check(const struct spool *q, const char *group);

#endif
