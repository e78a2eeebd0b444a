/*
 * spool_ring: how a queue has gone over the last hour and day. Two small files of samples, stat/.ring.hour and
 * stat/.ring.day, with a place for each minute and for each quarter of an hour. Whichever worker is there first takes a
 * sample: a copy of the totals of spool_count, and how many jobs wait. What was done in between is the difference of two.
 * Nothing depends on the files: where they cannot be had, nothing is known of the past.
 */
#ifndef WQW_SPOOL_RING_H
#define WQW_SPOOL_RING_H

#include <stddef.h>
#include <stdint.h>

#include "spool_count.h"

enum spool_ring_kind { SPOOL_RING_HOUR, SPOOL_RING_DAY, SPOOL_RINGS };

enum { SPOOL_RING_MAX = 96 };   /* places that are shown of any */

struct spool_sample {            /* in the byte order of the machine */
	int64_t at;              /* microseconds since 1970; 0: there is none */
	int64_t clock;           /* the same moment, as io_clock() */
	int64_t backlog;         /* jobs ready to run; -1: not known */
	uint64_t counted;        /* 0: the totals are not known */
	uint64_t started, done, failed;
	struct spool_histogram wait;
	uint64_t sum;            /* of all before it: a sample that was cut short is none */
};

struct spool_ring {
	int64_t span;            /* microseconds from place to place */
	int64_t first;           /* when the first place begins */
	size_t n;                /* the last one is that of `now` */
	struct spool_sample sample[SPOOL_RING_MAX];
};

/* A worker's, at its start: what another version has left, or what is no ring, is removed. */
int spool_ring_mend(const struct spool *q);

/*
 * Takes a sample for each ring whose place of `now` is empty, and calls backlog(arg) once if so. -1 with errno: EINVAL: the
 * file is none of ours. A clock that was set back makes what was sampled ahead of it void.
 */
int spool_ring_take(const struct spool *q, int64_t now, int64_t (*backlog)(void *arg), void *arg);

/* For who reads. Places without a sample have none, and so have all where there is no ring: ENOENT, EINVAL. */
int spool_ring_read(const struct spool *q, enum spool_ring_kind kind, int64_t now, struct spool_ring *r);

/* The totals of the moment; counted 0: not known. */
void spool_ring_now(const struct spool *q, int64_t now, struct spool_sample *s);

/* 1 where the file is a ring of this version; 0: it is none; -1: it cannot be read. */
int spool_ring_ours(const struct spool *q, enum spool_ring_kind kind);

#endif
