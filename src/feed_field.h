/*
 * feed_field: the header fields that a submitter may give a job.
 */
#ifndef WQW_FEED_FIELD_H
#define WQW_FEED_FIELD_H

#include "job.h"

/* Adds "Name: value". EINVAL or E2BIG, and `why` says what is wrong and what is allowed. */
int feed_field(struct job_header *h, const char *text, const char **why);

/* Adds a Filename, the last part of a path; what cannot stand in a header becomes '?'. */
int feed_filename(struct job_header *h, const char *path);

/*
 * Adds the W3C Trace Context of the environment, where that has a valid one and the fields have none: what a handler
 * submits belongs to what its job belongs to. E2BIG: the fields are full.
 */
int feed_trace(struct job_header *h);

int feed_has(const struct job_header *h, const char *name);

/* Appends the fields of one header to another. */
int feed_copy(struct job_header *to, const struct job_header *from);

#endif
