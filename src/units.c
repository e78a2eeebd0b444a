#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/stdlib.h>

#include "units.h"

#define DIGITS "0123456789"

static const int64_t second = 1000000;
static const int64_t century = INT64_C(36525) * 86400 * 1000000;

struct unit {
	const char *name;
	int64_t worth;
};

static const struct unit durations[] = {
	{ "", 1000000 }, { "ms", 1000 }, { "s", 1000000 }, { "m", INT64_C(60) * 1000000 },
	{ "h", INT64_C(3600) * 1000000 }, { "d", INT64_C(86400) * 1000000 }, { NULL, 0 }
};

static const struct unit sizes[] = {
	{ "", 1 }, { "K", INT64_C(1) << 10 }, { "M", INT64_C(1) << 20 }, { "G", INT64_C(1) << 30 },
	{ "T", INT64_C(1) << 40 }, { NULL, 0 }
};

static int
parse(const char *text, const struct unit *unit, int64_t max, int64_t *result)
{
	size_t digits = strspn(text, DIGITS);
	intmax_t n;

	while (unit->name != NULL && strcmp(unit->name, text + digits) != 0)
		unit++;
	if (digits == 0 || unit->name == NULL) {
		errno = EINVAL;
		return -1;
	}
	/* Saturates: a number that doesn't fit is beyond any limit. */
	n = strtoimax(text, NULL, 10);
	if (n > max / unit->worth) {
		errno = ERANGE;
		return -1;
	}
	*result = n * unit->worth;
	return 0;
}

int
units_duration(const char *text, int64_t *us)
{
	return parse(text, durations, century, us);
}

int
units_size(const char *text, int64_t *bytes)
{
	/* A saturated INT64_MAX must not pass for a size. */
	return parse(text, sizes, INT64_MAX - 1, bytes);
}

int
units_number(const char *text, int64_t min, int64_t max, int64_t *n)
{
	const char *wrong;
	size_t digits = strspn(text, DIGITS);
	int64_t value;

	/* strtonum(3) alone would take blanks and signs. */
	if (digits == 0 || text[digits] != '\0') {
		errno = EINVAL;
		return -1;
	}
	value = strtonum(text, min, max, &wrong);
	if (wrong != NULL) {
		/* libbsd's does not always say so in errno. */
		errno = ERANGE;
		return -1;
	}
	*n = value;
	return 0;
}

char *
units_time(char *buf, int64_t us)
{
	time_t t = (time_t)(us / second - (us % second < 0));
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(buf, UNITS_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
	return buf;
}

char *
units_age(char *buf, int64_t us)
{
	int64_t s = us < 0 ? 0 : us / second;

	if (s < 60)
		snprintf(buf, UNITS_AGE_MAX, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(buf, UNITS_AGE_MAX, "%" PRId64 "m%02ds", s / 60, (int)(s % 60));
	else if (s < 86400)
		snprintf(buf, UNITS_AGE_MAX, "%" PRId64 "h%02dm", s / 3600, (int)(s / 60 % 60));
	else
		snprintf(buf, UNITS_AGE_MAX, "%" PRId64 "d%02dh", s / 86400, (int)(s / 3600 % 24));
	return buf;
}
