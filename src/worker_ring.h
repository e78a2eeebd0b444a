/*
 * worker_ring: a worker's part in the samples of the last hour and day, see spool_ring.h. For worker*.c.
 */
#ifndef WQW_WORKER_RING_H
#define WQW_WORKER_RING_H

#include <stdint.h>

struct worker;

struct worker_ring {
	int64_t at;        /* io_clock(): when the next sample is due; 0: nothing was looked at yet */
	int64_t counted;   /* jobs in new/, by the last full scan of it */
	int silent;        /* 1: that it cannot be written was said */
};

void ring_take(struct worker *w);

#endif
