#include "view_json_queue.h"

#include <string.h>

#include "view_json.h"

static json_t *
number(int64_t n)
{
	return n == -1 ? json_null() : json_integer(n);
}

static json_t *
seconds(int64_t us)
{
	return json_real((double)us / 1e6);
}

/* How long ago, never less than 0: clocks may be set. */
static json_t *
since(int64_t then, int64_t now)
{
	return then == -1 ? json_null() : seconds(now > then ? now - then : 0);
}

static json_t *
rate(double n)
{
	return n < 0 ? json_null() : json_real(n);
}

static json_t *
per_minute(const struct spool_rates *r)
{
	return json_pack("{s:o, s:o, s:o}", "started", rate(r->started), "done", rate(r->done), "failed", rate(r->failed));
}

/* What a file that was tampered with may hold is no number of JSON's. */
static json_t *
total(const struct view_queue *v, uint64_t n)
{
	return v->counted && n <= INT64_MAX ? json_integer((json_int_t)n) : json_null();
}

static json_t *
totals(const struct view_queue *v)
{
	const struct spool_counts *c = &v->counts;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "started", total(v, c->started), "done", total(v, c->done),
	    "failed", total(v, spool_count_failures(c)), "retried", total(v, c->retried), "lost", total(v, c->lost),
	    "put_back", total(v, c->put_back));
}

json_t *
view_json_queue(const struct view_row *r, int64_t now)
{
	const struct view_queue *v = &r->v;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, "
	    "s:o, s:o}",
	    "queue", view_json_text(r->word),
	    "new", number(view_queue_jobs(v, VIEW_NEW)),
	    "later", number(view_queue_jobs(v, VIEW_LATER)),
	    "held", number(view_queue_jobs(v, VIEW_HELD)),
	    "running", number(view_queue_jobs(v, VIEW_RUNNING)),
	    "done", number(view_queue_jobs(v, VIEW_DONE)),
	    "failed", number(view_queue_jobs(v, VIEW_FAILED)),
	    "oldest", view_json_time(v->oldest),
	    "oldest_seconds", since(v->oldest, now),
	    "oldest_running", view_json_time(v->oldest_running),
	    "oldest_running_seconds", since(v->oldest_running, now),
	    "oldest_failed", view_json_time(v->oldest_failed),
	    "oldest_failed_seconds", since(v->oldest_failed, now),
	    "next_due", view_json_time(v->next_due),
	    "next_due_seconds", v->next_due == -1 ? json_null() : seconds(v->next_due - now),
	    "paused", v->paused,
	    "workers", number(v->workers.workers),
	    "slots", number(v->workers.slots),
	    "busy", number(v->workers.busy),
	    "per_minute", per_minute(&v->rates),
	    "totals", totals(v));
}

/* A list of {"up_to_seconds", "jobs"}; the last one has no limit. */
static json_t *
buckets(const struct view_age *a, const struct view_age_row *r)
{
	json_t *list = json_array();
	int64_t limit;
	size_t i;

	for (i = 0; list != NULL && i < VIEW_AGE_BUCKETS; i++) {
		limit = view_age_limit(a, i);
		if (json_array_append_new(list, json_pack("{s:o, s:I}", "up_to_seconds",
		    limit == INT64_MAX ? json_null() : seconds(limit), "jobs", (json_int_t)r->bucket[i])) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

static int
print(FILE *f, json_t *j)
{
	int r = j == NULL || json_dumpf(j, f, JSON_COMPACT | JSON_REAL_PRECISION(9)) == -1 || fputc('\n', f) == EOF ? -1 : 0;

	json_decref(j);
	return r;
}

static int
print_age(FILE *f, const struct view_age *a, const struct view_age_row *r, const char *by)
{
	return print(f, json_pack("{s:s, s:o, s:I, s:I, s:o}", "by", by,
	    "name", r->name == NULL || *r->name == '\0' ? json_null() : view_json_text(r->name),
	    "jobs", (json_int_t)r->jobs, "unknown", (json_int_t)r->unknown, "ages", buckets(a, r)));
}

int
view_json_queues(FILE *f, const struct view_row *rows, size_t n, int64_t now)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (print(f, view_json_queue(&rows[i], now)) == -1)
			return -1;
	return 0;
}

int
view_json_ages(FILE *f, const struct view_age *a)
{
	size_t i;

	if (print_age(f, a, &a->all, "all") == -1)
		return -1;
	for (i = 0; i < a->n; i++)
		if (print_age(f, a, &a->rows[i], view_age_name(a->by)) == -1)
			return -1;
	return a->other.jobs == 0 ? 0 : print_age(f, a, &a->other, "other");
}
