/*
 * view_json_queue: queues, and ages, as JSON objects, one a line. Every field is always there; what is not known or does not
 * apply is null. -1: ENOMEM, or it cannot be written.
 */
#ifndef WQW_VIEW_JSON_QUEUE_H
#define WQW_VIEW_JSON_QUEUE_H

#include <stdio.h>

#include <jansson.h>

#include "view_age.h"
#include "view_queue.h"

/* One of them, which the caller owns. NULL: ENOMEM. */
json_t *view_json_queue(const struct view_row *r, int64_t now);

int view_json_queues(FILE *f, const struct view_row *rows, size_t n, int64_t now);

/* The lines of view_table_age: "by" is "all", what they are by, or "other". */
int view_json_ages(FILE *f, const struct view_age *a);

#endif
