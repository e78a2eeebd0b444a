/*
 * view_json_queue: a queue, and a row of ages, as one JSON object. Every field is always there; what is not known or does
 * not apply is null. The caller owns it. NULL: ENOMEM.
 */
#ifndef WQW_VIEW_JSON_QUEUE_H
#define WQW_VIEW_JSON_QUEUE_H

#include <jansson.h>

#include "view_age.h"
#include "view_queue.h"

json_t *view_json_queue(const struct view_row *r, int64_t now);

/* `kind` says what the row is: the name of what they are by, "all" or "other". */
json_t *view_json_age(const struct view_age *a, const struct view_age_row *r, const char *kind);

#endif
