/*
 * view_json: a job's state as one JSON object. Every field is always there; what is not known or does not apply is null.
 */
#ifndef WQW_VIEW_JSON_H
#define WQW_VIEW_JSON_H

#include <jansson.h>

#include "view.h"

/*
 * {"address", "queue", "id", "state", "attempts", "priority", "group", "reason", "submitted", "due", "started",
 * "finished", "percent", "progress"}; times are RFC 3339 in UTC. The caller owns it. NULL: ENOMEM.
 */
json_t *view_json(const struct view *v);

/* A text that may not be UTF-8, as a path may be: what does not print is then escaped. */
json_t *view_json_text(const char *text);

/* A time in microseconds; null for -1. */
json_t *view_json_time(int64_t us);

#endif
