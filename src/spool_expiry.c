#include <stdio.h>
#include <string.h>
#include <time.h>

#include "spool_expiry.h"

/* RFC 3339, in UTC and whole seconds: the one form in which the layout has it. -1: it is not that. */
static int64_t
parse(const char *text)
{
	struct tm tm = { 0 }, same;
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t t;

	if (end == NULL || *end != '\0')
		return -1;
	same = tm;
	/* timegm takes the 31st of June for the 1st of July. */
	t = timegm(&same);
	return t < 0 || same.tm_mday != tm.tm_mday || t > INT64_MAX / 1000000 ? -1 : (int64_t)t * 1000000;
}

int
spool_expired(const struct job_header *h, int64_t now, char *why, size_t size)
{
	char value[48];
	int64_t end;

	if (job_get(h, "Expires", value, sizeof(value)) == NULL)
		return 0;
	if ((end = parse(value)) == -1) {
		(void)snprintf(why, size, "malformed: Expires: \"%s\" is not a time such as 2026-12-01T08:00:00Z", value);
		return -1;
	}
	if (now < end)
		return 0;
	(void)snprintf(why, size, "expired: not started by %s", value);
	return 1;
}
