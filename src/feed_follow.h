/*
 * feed_follow: what a submitter may say of what follows from a job, and what a job inherits inside a handler.
 */
#ifndef WQW_FEED_FOLLOW_H
#define WQW_FEED_FOLLOW_H

#include <stddef.h>

#include "job.h"
#include "spool.h"

/* Add Next and Batch. EINVAL, and `why` says what is wrong and what is allowed. */
int feed_next(struct job_header *h, const char *queue, const char **why);
int feed_batch(struct job_header *h, const char *batch, const char **why);

/* Whether the queue that Next names is beside `q`. -1 with errno, and `why` says it to a person. */
int feed_next_there(const struct spool *q, const struct job_header *h, char *why, size_t size);

/* Inside a handler: the trace context of its job, where the header has none. */
void feed_inherit(struct job_header *h);

/* Why a draft could not be written, or entered in a batch, to a person. Returns buf. */
char *feed_fault_words(char *buf, size_t size, const struct spool *q, int64_t max_size, int error);

#endif
