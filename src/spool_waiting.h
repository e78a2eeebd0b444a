/*
 * spool_waiting: how many jobs wait in new/, and since when the oldest, for who would else read a directory of a million names
 * to know. One worker of a queue counts, by what it hears of each that comes and goes, and holds flock(2) on stat/.waiting as
 * long as it lives.
 */
#ifndef WQW_SPOOL_WAITING_H
#define WQW_SPOOL_WAITING_H

#include <stdint.h>

#include "spool.h"

enum { SPOOL_WAITING_LARGE = 8192 };   /* names; fewer are soon read */

/* A worker's. A descriptor with the lock; -1: EWOULDBLOCK: another one counts. */
int spool_waiting_open(const struct spool *q);

/*
 * What it has counted, oldest -1 where that is not known; both are of all that happened before `at`, microseconds since 1970.
 * After a change it tells within SPOOL_WAITING_LATE microseconds, and once more when new/ has rested.
 */
enum { SPOOL_WAITING_REST = 20000, SPOOL_WAITING_LATE = 1000000 };

int spool_waiting_tell(int fd, int64_t jobs, int64_t oldest, int64_t at);

/* 1: these are the numbers, of now or of a moment ago; 0: they are few, or nobody knows. */
int spool_waiting_read(const struct spool *q, int64_t *jobs, int64_t *oldest);

#endif
