#include "view_ring.h"

#include "view_json.h"

static const int64_t minute = INT64_C(60) * 1000000;

/* How many started after a wait of each bucket. -1: these are not two moments of one count. */
static int64_t
waits(const struct spool_histogram *a, const struct spool_histogram *b, uint64_t n[SPOOL_BUCKETS])
{
	uint64_t all = 0;
	size_t i;

	for (i = 0; i < SPOOL_BUCKETS; i++) {
		if (b->bucket[i] < a->bucket[i])
			return -1;
		all += n[i] = b->bucket[i] - a->bucket[i];
	}
	return all > INT64_MAX ? -1 : (int64_t)all;
}

/* Seconds; within a bucket as if all in it were spread evenly. */
static double
quantile(const uint64_t n[SPOOL_BUCKETS], double rank)
{
	double low = 0, high, seen = 0;
	size_t i;

	for (i = 0; i < SPOOL_BUCKETS - 1; i++) {
		high = (double)spool_bucket(i) / 1e6;
		if (n[i] > 0 && seen + (double)n[i] >= rank)
			return low + (high - low) * (rank - seen) / (double)n[i];
		seen += (double)n[i];
		low = high;
	}
	return low;
}

/* A clock that was set makes the time between two samples look shorter, or negative: the other clock knows. */
static double
minutes_between(const struct spool_sample *a, const struct spool_sample *b, int64_t span)
{
	int64_t us = b->at - a->at;

	if (b->clock > a->clock && b->clock - a->clock > us)
		us = b->clock - a->clock;
	return (double)(us > span ? us : span) / (double)minute;
}

void
view_ring_between(const struct spool_sample *a, const struct spool_sample *b, int64_t span, struct view_point *p)
{
	uint64_t n[SPOOL_BUCKETS];
	int64_t all;
	double minutes;

	p->done = p->failed = p->wait = p->wait_high = -1;
	/* A total that is less than before was begun anew in between. */
	if (a->at == 0 || b->at == 0 || !a->counted || !b->counted || b->done < a->done || b->failed < a->failed)
		return;
	minutes = minutes_between(a, b, span);
	p->done = (double)(b->done - a->done) / minutes;
	p->failed = (double)(b->failed - a->failed) / minutes;
	if ((all = waits(&a->wait, &b->wait, n)) > 0) {
		p->wait = quantile(n, (double)all * 0.5);
		p->wait_high = quantile(n, (double)all * 0.95);
	}
}

void
view_ring(const struct spool *q, enum spool_ring_kind kind, int64_t now, struct view_ring *r)
{
	struct spool_ring ring;
	struct spool_sample moment;
	size_t i;

	(void)spool_ring_read(q, kind, now, &ring);
	spool_ring_now(q, now, &moment);
	*r = (struct view_ring){ .span = ring.span, .first = ring.first, .n = ring.n };
	for (i = 0; i < ring.n; i++) {
		const struct spool_sample *s = &ring.sample[i];
		int last = i == ring.n - 1;

		r->point[i].backlog = s->at == 0 ? -1 : (double)s->backlog;
		/* The last place has only begun: too early to tell a pace by it. */
		view_ring_between(s, last ? &moment : s + 1, last ? (now - ring.first) % ring.span : ring.span, &r->point[i]);
		if (last && now - s->at < ring.span / 4)
			r->point[i].done = r->point[i].failed = -1;
	}
}

static json_t *
number(double v)
{
	return v < 0 ? json_null() : json_real(v);
}

json_t *
view_ring_json(const struct view_ring *r)
{
	json_t *backlog = json_array(), *done = json_array(), *failed = json_array(), *wait = json_array(), *high = json_array();
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct view_point *p = &r->point[i];

		(void)json_array_append_new(backlog, p->backlog < 0 ? json_null() : json_integer((json_int_t)p->backlog));
		(void)json_array_append_new(done, number(p->done));
		(void)json_array_append_new(failed, number(p->failed));
		(void)json_array_append_new(wait, number(p->wait));
		(void)json_array_append_new(high, number(p->wait_high));
	}
	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "start", view_json_time(r->first),
	    "span_seconds", (json_int_t)(r->span / 1000000), "backlog", backlog, "done_per_minute", done,
	    "failed_per_minute", failed, "wait_median_seconds", wait, "wait_95_seconds", high);
}
