/*
 * spool_cancel: ends jobs before their time. One that waits, or was abandoned, is buried here. One that runs gets a mark in
 * cur/: its worker hears of it and kills it; whoever else finds the job in new/, later/ or cur/ buries it.
 */
#ifndef WQW_SPOOL_CANCEL_H
#define WQW_SPOOL_CANCEL_H

#include "spool_operate.h"

/* See spool_operate.h. 1: it had ended otherwise. */
int spool_cancel(struct spool_round *r, const char *id, struct spool_job *job);

int spool_cancelled(const struct spool *q, const char *id);       /* 1 where it has a mark; -1: it cannot be told */
void spool_cancel_over(const struct spool *q, const char *id);    /* it has ended, or was put back: the mark goes */
int spool_bury_cancelled(const struct spool *q, enum spool_dir from, const char *file, const struct id_name *name);

/* A mark of a job that this worker does not run: 1: the mark went, and the job too where it waits; 0: another runs it. */
int spool_cancel_mend(const struct spool *q, const char *id);
int spool_scan_cancelled(const struct spool *q, int (*each)(void *arg, const char *id), void *arg);
const char *spool_cancel_mark(const char *file);                  /* the ID in a mark's name; NULL: it is none */

#endif
