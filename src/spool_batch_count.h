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

/* -1: ENOENT: there is no such batch, or it is over. */
int spool_batch_count(const struct spool *q, const char *batch, struct spool_batch_counts *n);

#endif
