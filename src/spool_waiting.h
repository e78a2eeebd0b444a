/*
 * spool_waiting: how many jobs wait in new/, and since when the oldest, for who would else read a directory of a million names
 * to know. One worker of a queue counts, by what it hears of each that comes and goes, and holds flock(2) on stat/.waiting as
 * long as it lives; where none does, who has read the names leaves there what it found. For done/ and failed/, which nobody
 * counts, the same is in stat/.done and stat/.failed.
 */
#ifndef WQW_SPOOL_WAITING_H
#define WQW_SPOOL_WAITING_H

#include <stdint.h>

#include "spool.h"

enum { SPOOL_WAITING_LARGE = 8192 };   /* names; fewer are soon read */

struct spool_waiting {
	int64_t jobs, oldest;   /* oldest: when it was submitted, microseconds since 1970; -1: not known, as always in done/ */
	int64_t at, changed;    /* when counting began, in the same; and the ctime of the directory then, nanoseconds */
};

/* Before it is read, or what inotify has told of it: sets at and changed. */
void spool_waiting_begin(const struct spool *q, enum spool_dir d, struct spool_waiting *w);

/* A worker's. A descriptor with the lock; -1: EWOULDBLOCK: another one counts. */
int spool_waiting_open(const struct spool *q);

/* After a change it tells within SPOOL_WAITING_LATE microseconds, and once more when new/ has rested. */
enum { SPOOL_WAITING_REST = 20000, SPOOL_WAITING_LATE = 1000000 };

int spool_waiting_tell(int fd, const struct spool_waiting *w);

/* 1: these are the numbers, of now or of a moment ago; 0: they are few, or nobody knows. */
int spool_waiting_read(const struct spool *q, enum spool_dir d, struct spool_waiting *w);

/* For the next one who reads: what was counted by reading it, where it has not changed meanwhile and no worker counts. */
void spool_waiting_keep(const struct spool *q, enum spool_dir d, const struct spool_waiting *w);

#endif
