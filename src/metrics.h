/*
 * metrics: queues as Prometheus reads them, in the text format 0.0.4. What is not known has no sample.
 */
#ifndef WQW_METRICS_H
#define WQW_METRICS_H

#include <stdio.h>

#include "view_queue.h"

/* Leaves it to the caller to see the stream's error. A queue that is there twice is told once. -1: ENOMEM. */
int metrics_write(FILE *f, const struct view_row *rows, size_t n, int64_t now);

#endif
