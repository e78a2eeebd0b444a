#include "web_pace.h"

#include <errno.h>

#include "io.h"
#include "spool_count.h"
#include "view_place.h"

enum { PACE_MAX = 300, GUESS_MAX = 30, LATER_MAX = 3600 };

/* Jobs before this one; -1: not known. */
static int64_t
place(const struct spool *q, const struct view *v)
{
	struct policy policy;
	char why[256];
	int64_t n;

	policy_defaults(&policy);
	(void)spool_policy(q, &policy, why, sizeof(why));
	n = view_place(q, &policy, v, WEB_PLACES_MAX);
	return n == -1 && errno == EFBIG ? WEB_PLACES_MAX : n;
}

static int
clamp(int64_t n, int max)
{
	return n < 1 ? 1 : n > max ? max : (int)n;
}

/* The time that attempts have taken on the average, in seconds; 0: not known. */
static double
mean_run(const struct spool_counts *c)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < SPOOL_BUCKETS; i++)
		n += c->run.bucket[i];
	return n == 0 ? 0 : (double)c->run.sum / (double)n / 1e6;
}

/* What is left of that for one that runs; 0: not known, or used up. */
static int
left_of_run(const struct spool_counts *c, int64_t ran)
{
	double left = mean_run(c) - (double)ran / 1e6;

	return left <= 0 ? 0 : left >= PACE_MAX ? PACE_MAX : clamp((int64_t)left + 1, PACE_MAX);
}

/*
 * The seconds from the end of one job to that of the next. Where few come, few end; but who waits is not kept waiting for
 * longer than those before it take, one after the other.
 */
static double
interval(const struct spool_counts *c, int64_t now)
{
	double rate, run = mean_run(c);
	struct spool_rates r;

	spool_count_rates(c, now, &r);
	rate = r.done < 0 || r.failed < 0 ? -1 : r.done + r.failed;
	if (rate <= 0)
		return -1;
	return run > 0 && run < 60 / rate ? run : 60 / rate;
}

/* One that waits or runs, by the queue's counters. 0: they do not tell. */
static int
by_counters(const struct spool *q, const struct view *v, int64_t now)
{
	struct spool_counts c;
	double each, all;
	int64_t ahead;

	if (spool_count_read(q, &c) == -1)
		return 0;
	if (v->state == VIEW_RUNNING)
		return v->started == -1 ? 0 : left_of_run(&c, now - v->started);
	if ((each = interval(&c, now)) < 0 || (ahead = place(q, v)) == -1)
		return 0;
	all = (double)(ahead + 1) * each;
	/* Before it is made a number of seconds it may be larger than any. */
	return all >= PACE_MAX ? PACE_MAX : clamp((int64_t)all, PACE_MAX);
}

int
web_pace(const struct web *w, const struct view *v)
{
	int64_t now = io_now(), since = v->started != -1 ? v->started : v->submitted;
	int pace;

	switch (v->state) {
	case VIEW_DONE:
	case VIEW_FAILED:
		return 0;
	case VIEW_HELD:
		return LATER_MAX;
	case VIEW_LATER:
		return clamp((v->due - now) / 1000000 + 1, LATER_MAX);
	default:
		if ((pace = by_counters(&w->q, v, now)) > 0)
			return pace;
		return since == -1 ? 1 : clamp((now - since) / 10000000, GUESS_MAX);
	}
}
