/*
 * feed_fault: why a job was not accepted, to a person.
 */
#ifndef WQW_FEED_FAULT_H
#define WQW_FEED_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "feed.h"
#include "spool.h"

/* For an errno of reading a payload, or of writing or committing a draft of the queue. Returns buf. */
char *feed_fault_words(char *buf, size_t size, enum feed_fault what, const struct spool *q, int64_t max_size, int error);

/* The exit code for it, of sysexits(3). */
int feed_fault_code(enum feed_fault what, int error);

#endif
