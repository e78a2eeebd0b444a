#include "feed_field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "trace.h"

/* What wqw itself says of a job or a result. */
static const char *const reserved[] = {
	"Content-Length", "Expires", "Id", "Idempotency-Key", "Attempt", "Started", "Finished", "Worker", "Exit", "Next",
	"Notify", "Batch", "Batch-Done", "Batch-Failed"
};

static int
is_reserved(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcasecmp(reserved[i], name) == 0)
			return 1;
	return 0;
}

static int
refuse(const char **why, const char *what, int error)
{
	*why = what;
	errno = error;
	return -1;
}

int
feed_field(struct job_header *h, const char *text, const char **why)
{
	const char *colon = strchr(text, ':');
	char name[JOB_NAME_MAX + 1];
	size_t len;

	if (colon == NULL)
		return refuse(why, "not 'Name: value'", EINVAL);
	len = (size_t)(colon - text);
	if (len == 0 || len > JOB_NAME_MAX)
		return refuse(why, "a name has 1 to 64 characters", EINVAL);
	memcpy(name, text, len);
	name[len] = '\0';
	if (!job_valid_name(name))
		return refuse(why, "a name has letters, digits and !#$%&'*+-.^_`|~", EINVAL);
	if (is_reserved(name))
		return refuse(why, "wqw itself sets Content-Length, Expires, Id, Idempotency-Key, Attempt, Started, Finished, "
		    "Worker, Exit, Next, Notify, Batch, Batch-Done and Batch-Failed", EINVAL);
	if (!job_valid_value(colon + 1))
		return refuse(why, "a value is one line of at most 4095 bytes, without control characters", EINVAL);
	if (!trace_field(name, colon + 1, why)) {
		errno = EINVAL;
		return -1;
	}
	if (job_put(h, name, colon + 1) == -1)
		return refuse(why, "all fields together are more than 16 KiB", errno);
	return 0;
}

int
feed_filename(struct job_header *h, const char *path)
{
	const char *slash = strrchr(path, '/');
	char name[256], *p;

	(void)strlcpy(name, slash == NULL ? path : slash + 1, sizeof(name));
	for (p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return job_put(h, "Filename", name);
}

int
feed_has(const struct job_header *h, const char *name)
{
	char value[1];

	return job_get(h, name, value, sizeof(value)) != NULL;
}

int
feed_copy(struct job_header *to, const struct job_header *from)
{
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1];
	size_t at = 0;

	while (job_next(from, &at, name, value))
		if (job_put(to, name, value) == -1)
			return -1;
	return 0;
}

int
feed_trace(struct job_header *h)
{
	const char *parent = getenv("TRACEPARENT"), *state = getenv("TRACESTATE");

	if (parent == NULL || !trace_valid_parent(parent) || feed_has(h, "Traceparent"))
		return 0;
	if (job_put(h, "Traceparent", parent) == -1)
		return -1;
	if (state == NULL || !trace_valid_state(state) || feed_has(h, "Tracestate"))
		return 0;
	return job_put(h, "Tracestate", state);
}
