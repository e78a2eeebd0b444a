/*
 * spool_count: what the workers of a queue have done since it was made. The counters are in one mapped file, stat/.count,
 * that outlives the workers; all of them add to it at once. Nothing depends on it: where it cannot be had, nothing counts.
 */
#ifndef WQW_SPOOL_COUNT_H
#define WQW_SPOOL_COUNT_H

#include <stdint.h>

#include "spool.h"

enum { SPOOL_BUCKETS = 16, SPOOL_MINUTES = 64 };

struct spool_histogram {
	uint64_t bucket[SPOOL_BUCKETS];  /* how many took up to spool_bucket(i), and more than the one before */
	uint64_t sum;                    /* microseconds */
};

struct spool_minute {   /* the totals at the first event of a minute */
	uint64_t minute;    /* since 1970 */
	uint64_t started, done, failed;
};

struct spool_counts {   /* the file, in the byte order of the machine; all zero where nothing was counted yet */
	char magic[8];
	uint64_t started;               /* attempts */
	uint64_t done;                  /* jobs */
	uint64_t failed[ID_REASONS];    /* jobs, by enum id_reason */
	uint64_t retried;               /* attempts after which the job was to be tried again */
	uint64_t lost;                  /* attempts whose worker died */
	uint64_t put_back;              /* attempts that were not counted as the job's */
	struct spool_histogram wait;    /* from when a job could start to its start */
	struct spool_histogram run;     /* of attempts that ended, but for lost ones */
	struct spool_minute minute[SPOOL_MINUTES];
};

struct spool_claim;

/* Maps the counters into q->count, making the file if need be. Until spool_close. -1: q->count is NULL. */
int spool_count_open(struct spool *q);
void spool_count_close(struct spool *q);

/* Each does nothing where q->count is NULL. */
void spool_count_start(const struct spool_claim *c, int64_t ready);   /* ready: when it could start; -1: not known */
void spool_count_end(const struct spool_claim *c);                    /* at its end */
void spool_count_failed(const struct spool *q, enum id_reason reason);
void spool_count_lost(const struct spool *q);

/* A copy for who reads; ENOENT: none yet; EINVAL: of another version. */
int spool_count_read(const struct spool *q, struct spool_counts *c);

uint64_t spool_count_failures(const struct spool_counts *c);   /* of all reasons */
int64_t spool_bucket(size_t i);                                /* microseconds; of the last one INT64_MAX */

struct spool_rates {   /* in a minute, on the average of the last five; -1: not known */
	double started, done, failed;
};

void spool_count_rates(const struct spool_counts *c, int64_t now, struct spool_rates *r);

#endif
