#include "units_when.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DIGITS "0123456789"

/* Just n digits, and moves on. -1 where there are others. */
static int
digits(const char **text, size_t n)
{
	int value = 0;

	for (; n > 0; n--, ++*text) {
		if (**text < '0' || **text > '9')
			return -1;
		value = value * 10 + **text - '0';
	}
	return value;
}

static int
skip(const char **text, char c)
{
	if (**text != c)
		return 0;
	++*text;
	return 1;
}

static int
date(const char **text, struct tm *tm)
{
	tm->tm_year = digits(text, 4) - 1900;
	if (tm->tm_year < 70 || !skip(text, '-') || (tm->tm_mon = digits(text, 2) - 1) < 0 || !skip(text, '-') ||
	    (tm->tm_mday = digits(text, 2)) < 1)
		return -1;
	return skip(text, 'T') || skip(text, 't') ? 0 : -1;
}

/* Hours, minutes, and where there are any seconds and a fraction of one. A leap second is the last one before it. */
static int
clock_time(const char **text, struct tm *tm, int64_t *fraction)
{
	int64_t worth = 100000;

	tm->tm_hour = digits(text, 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !skip(text, ':') || (tm->tm_min = digits(text, 2)) < 0 || tm->tm_min > 59)
		return -1;
	if (!skip(text, ':'))
		return 0;
	if ((tm->tm_sec = digits(text, 2)) < 0 || tm->tm_sec > 60)
		return -1;
	if (tm->tm_sec == 60)
		tm->tm_sec = 59;
	if (!skip(text, '.'))
		return 0;
	if (strspn(*text, DIGITS) == 0)
		return -1;
	for (; **text >= '0' && **text <= '9'; ++*text, worth /= 10)
		*fraction += (**text - '0') * worth;
	return 0;
}

/* Seconds that local time is ahead of UTC. */
static int
offset(const char **text, int *ahead)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	*ahead = 0;
	if (skip(text, 'Z') || skip(text, 'z'))
		return 0;
	if (!skip(text, '+') && !skip(text, '-'))
		return -1;
	hours = digits(text, 2);
	if (hours < 0 || hours > 23 || !skip(text, ':') || (minutes = digits(text, 2)) < 0 || minutes > 59)
		return -1;
	*ahead = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int
units_when(const char *text, int64_t *us)
{
	struct tm tm = { 0 }, same;
	int64_t fraction = 0;
	int ahead;
	time_t t;

	if (date(&text, &tm) == -1 || clock_time(&text, &tm, &fraction) == -1 || offset(&text, &ahead) == -1 || *text != '\0')
		goto out;
	same = tm;
	/* timegm(3) takes a 31st of June for a 1st of July. */
	t = timegm(&same);
	if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday)
		goto out;
	*us = ((int64_t)t - ahead) * 1000000 + fraction;
	return 0;
out:
	errno = EINVAL;
	return -1;
}
