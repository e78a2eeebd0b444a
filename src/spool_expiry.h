/*
 * spool_expiry: until when a job may be started; its field Expires.
 */
#ifndef WQW_SPOOL_EXPIRY_H
#define WQW_SPOOL_EXPIRY_H

#include <stddef.h>

#include "job.h"

enum { SPOOL_EXPIRY_WHY_MAX = 128 };

/*
 * 0: it may be started at `now`, or for ever; 1: its time is over; -1: the field is no time. `why` says it for the log, in
 * at least SPOOL_EXPIRY_WHY_MAX bytes.
 */
int spool_expired(const struct job_header *h, int64_t now, char *why, size_t size);

#endif
