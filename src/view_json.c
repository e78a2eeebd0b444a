#include "view_json.h"

#include <limits.h>

#include "tool.h"
#include "units.h"

json_t *
view_json_text(const char *text)
{
	char clean[PATH_MAX];
	json_t *j = json_string(text);

	if (j == NULL)
		j = json_string(tool_clean(clean, sizeof(clean), text));
	return j != NULL ? j : json_null();
}

json_t *
view_json_time(int64_t us)
{
	char text[UNITS_TIME_MAX];

	return us == -1 ? json_null() : json_string(units_time(text, us));
}

static json_t *
text_or_null(const char *text)
{
	return *text == '\0' ? json_null() : json_string(text);
}

static json_t *
number_or_null(int n)
{
	return n == -1 ? json_null() : json_integer(n);
}

json_t *
view_json(const struct view *v)
{
	char address[PATH_MAX + ID_MAX + 2];

	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "address", view_json_text(view_address(v, address, sizeof(address))),
	    "queue", view_json_text(v->queue),
	    "id", v->name.id,
	    "state", view_state_name(v->state),
	    "attempts", number_or_null(v->attempts),
	    "priority", v->name.priority,
	    "group", text_or_null(v->name.group),
	    "reason", text_or_null(id_reason_name(v->name.reason)),
	    "submitted", view_json_time(v->submitted),
	    "due", view_json_time(v->due),
	    "started", view_json_time(v->started),
	    "finished", view_json_time(v->finished),
	    "percent", number_or_null(v->progress.percent),
	    "progress", *v->progress.words == '\0' ? json_null() : view_json_text(v->progress.words));
}
