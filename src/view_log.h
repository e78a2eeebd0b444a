/*
 * view_log: a job's log while it is being written.
 */
#ifndef WQW_VIEW_LOG_H
#define WQW_VIEW_LOG_H

#include "spool.h"

/* Copies the log to descriptor `to` as it grows, over all attempts, until the job has ended. */
int view_log_follow(const struct spool *q, const char *id, int to);

#endif
