/*
 * spool_batch_count: how far a batch is.
 */
#ifndef WQW_SPOOL_BATCH_COUNT_H
#define WQW_SPOOL_BATCH_COUNT_H

#include <stdint.h>

#include "spool.h"

struct spool_batch_counts {
	int64_t waiting, done, failed;   /* members */
	int callback;                    /* 1: it was submitted, and waits for the last of them */
};

/* For spool_outbox_each on ended/: takes one of them into a struct spool_batch_counts. */
int spool_batch_count_ended(void *n, const char *file);

/* -1: ENOENT: there is no such batch, or it is over. */
int spool_batch_count(const struct spool *q, const char *batch, struct spool_batch_counts *n);

#endif
