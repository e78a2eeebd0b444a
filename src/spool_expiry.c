#include <stdio.h>

#include "spool_expiry.h"
#include "units_when.h"

int
spool_expired(const struct job_header *h, int64_t now, char *why, size_t size)
{
	char value[48];
	int64_t end;

	if (job_get(h, "Expires", value, sizeof(value)) == NULL)
		return 0;
	if (units_when(value, &end) == -1) {
		(void)snprintf(why, size, "malformed: Expires: \"%s\" is not a time such as 2026-12-01T08:00:00Z", value);
		return -1;
	}
	if (now < end)
		return 0;
	(void)snprintf(why, size, "expired: not started by %s", value);
	return 1;
}
