/*
 * view_batch: the batches of a queue, as lines for people or as JSON objects, one a line.
 */
#ifndef WQW_VIEW_BATCH_H
#define WQW_VIEW_BATCH_H

#include <stdio.h>

#include "spool.h"

/* The heading of the lines for people. */
void view_batch_title(FILE *f);

/* -1: something could not be read, or memory is out. */
int view_batches(FILE *f, const struct spool *q, int json);

#endif
