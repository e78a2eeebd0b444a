#include "feed_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "io.h"
#include "units.h"
#include "units_when.h"

void
feed_ask_init(struct feed_ask *a)
{
	*a = (struct feed_ask){ .priority = -1, .delay = -1, .at = -1, .life = -1, .expires = -1 };
}

static int
set_delay(struct feed_ask *a, const char *value)
{
	return units_duration(value, &a->delay);
}

static int
set_at(struct feed_ask *a, const char *value)
{
	return units_when(value, &a->at);
}

static int
set_expires(struct feed_ask *a, const char *value)
{
	a->life = a->expires = -1;
	if (strcmp(value, "never") == 0)
		a->expires = 0;
	else if (units_when(value, &a->expires) == -1)
		return units_duration(value, &a->life) == -1 || a->life == 0 ? -1 : 0;
	return 0;
}

static int
set_priority(struct feed_ask *a, const char *value)
{
	int64_t n;

	if (units_number(value, 0, 9, &n) == -1)
		return -1;
	a->priority = (int)n;
	return 0;
}

static int
set_word(char word[ID_WORD_MAX + 1], const char *value)
{
	if (!id_valid_word(value))
		return -1;
	(void)strlcpy(word, value, ID_WORD_MAX + 1);
	return 0;
}

static int
set_group(struct feed_ask *a, const char *value)
{
	return set_word(a->group, value);
}

static int
set_next(struct feed_ask *a, const char *value)
{
	return set_word(a->next, value);
}

static int
set_batch(struct feed_ask *a, const char *value)
{
	return set_word(a->batch, value);
}

static int
set_key(struct feed_ask *a, const char *value)
{
	if (!spool_key_valid(value))
		return -1;
	(void)strlcpy(a->key, value, sizeof(a->key));
	return 0;
}

/* What it may lead to the operator's handler of events decides. */
static int
set_notify(struct feed_ask *a, const char *value)
{
	if ((strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) || strlen(value) > FEED_NOTIFY_MAX)
		return -1;
	for (const char *p = value; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return -1;
	(void)strlcpy(a->notify, value, sizeof(a->notify));
	return 0;
}

static const char not_a_word[] = "not 1 to 64 letters, digits and '._-'";

static const struct name {
	const char *name;
	int (*set)(struct feed_ask *, const char *);
	const char *allowed;
} names[] = {
	{ "delay", set_delay, "not a duration, as 30, 500ms or 5m, of at most 100 years" },
	{ "at", set_at, "not a time from 1970 on, as 2026-12-01T08:00Z or 2026-12-01T09:00:00+01:00" },
	{ "expires", set_expires, "neither a duration of more than 0, as 30 or 5m, nor a time, as 2026-12-01T08:00Z, nor never" },
	{ "priority", set_priority, "not a number from 0 to 9" },
	{ "group", set_group, not_a_word },
	{ "next", set_next, not_a_word },
	{ "batch", set_batch, not_a_word },
	{ "notify", set_notify, "not a URL in ASCII of at most 1024 bytes that begins with http:// or https://" },
	{ "key", set_key, "not 1 to 255 bytes on one line, without control characters, and without blanks around them" }
};

enum { NAMES = sizeof(names) / sizeof(*names) };

const char *
feed_ask_name(size_t n)
{
	return n < NAMES ? names[n].name : NULL;
}

static int
refuse(const char **why, const char *what, int error)
{
	*why = what;
	errno = error;
	return -1;
}

int
feed_ask_set(struct feed_ask *a, const char *name, const char *value, const char **why)
{
	size_t i;

	for (i = 0; i < NAMES && strcmp(names[i].name, name) != 0; i++)
		;
	if (i == NAMES)
		return refuse(why, "no such name", ENOENT);
	if (names[i].set(a, value) == -1)
		return refuse(why, names[i].allowed, EINVAL);
	if (a->delay != -1 && a->at != -1)
		return refuse(why, "delay and at: only one of them", EINVAL);
	return 0;
}

/* To the second, and never too soon. What is beyond a year of four digits is never. */
static int
put_expires(struct spool_draft *d, int64_t expires)
{
	static const int64_t last = INT64_C(253402300799) * 1000000;
	char text[UNITS_TIME_MAX];

	return expires > last ? 0 : job_put(&d->head, "Expires", units_time(text, expires + 999999));
}

int
feed_ask_there(const struct feed_ask *a, const struct spool *q, char *why, size_t size)
{
	struct spool next;

	if (a->next[0] == '\0')
		return 0;
	if (spool_open_beside(&next, q, a->next) == -1) {
		(void)snprintf(why, size, "no queue '%s' beside '%s'", a->next, q->word);
		return -1;
	}
	spool_close(&next);
	return 0;
}

/* What follows from the job, and what it is a part of. */
static int
put_follow(struct spool_draft *d, const struct feed_ask *a)
{
	memcpy(d->batch, a->batch, sizeof(d->batch));
	if (a->next[0] != '\0' && job_put(&d->head, "Next", a->next) == -1)
		return -1;
	if (a->notify[0] != '\0' && job_put(&d->head, "Notify", a->notify) == -1)
		return -1;
	return a->batch[0] != '\0' ? job_put(&d->head, "Batch", a->batch) : 0;
}

int
feed_ask_open(struct spool_draft *d, const struct spool *q, const struct policy *p, const struct feed_ask *a)
{
	int64_t now = io_now(), due, life = a->life != -1 ? a->life : p->expires;

	if (spool_draft_open(d, q, p, a->priority != -1 ? a->priority : (int)p->priority,
	    a->group[0] != '\0' ? a->group : NULL) == -1)
		return -1;
	if (put_follow(d, a) == -1)
		return -1;
	if (a->key[0] != '\0' && spool_draft_key(d, a->key) == -1)
		return -1;
	due = a->at != -1 ? a->at : now + (a->delay != -1 ? a->delay : p->delay);
	d->due = due > now ? due : 0;
	if (a->expires > 0)
		return put_expires(d, a->expires);
	if (a->expires == -1 && life > 0)
		return put_expires(d, (due > now ? due : now) + life);
	return 0;
}
