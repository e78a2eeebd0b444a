/*
 * spool_backlog: how many jobs wait in new/ and later/, for submitters to a queue with max-backlog, who must not read it to
 * know: one number in keys/.backlog. Submitters add to it, under flock(2); a worker, which hears of each job that comes or
 * goes, whoever moves it, writes what it has counted. Where no worker runs, who finds it full or new counts.
 */
#ifndef WQW_SPOOL_BACKLOG_H
#define WQW_SPOOL_BACKLOG_H

#include <stdint.h>

#include "spool.h"

/* n more, which are then to be committed, or given back; 0: only asks. ENOBUFS: there are `max`, or would be more. */
int spool_backlog_take(const struct spool *q, int64_t n, int64_t max);
void spool_backlog_give(const struct spool *q, int64_t n);

/* n have come by another way. Does nothing where nobody has ever asked. */
void spool_backlog_came(const struct spool *q, int64_t n);

/* A worker's: a descriptor, and then the true number, at least every SPOOL_BACKLOG_STALE microseconds. */
enum { SPOOL_BACKLOG_STALE = 15000000 };

int spool_backlog_open(const struct spool *q);
int spool_backlog_tell(int fd, int64_t waiting);

#endif
