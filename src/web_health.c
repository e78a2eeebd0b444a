#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "io.h"
#include "units.h"
#include "view_health.h"
#include "web_allow.h"
#include "web_plain.h"
#include "web_reply.h"
#include "web_route.h"
#include "web_slow.h"

struct row {
	char word[ID_WORD_MAX + 1];
	int error;       /* of the look itself; EINVAL: its queue.conf is wrong */
	int64_t limit;   /* policy alert-age */
	struct view_health v;
};

struct seen {
	struct row *row;
	size_t n;
	int error;       /* the spool cannot be read */
	int ages;        /* of all queues the ages were asked for */
	int64_t until;   /* on io_clock */
};

static struct {
	pthread_mutex_t lock;
	struct seen seen;
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
look(void *arg, const char *word)
{
	struct seen *s = arg;
	struct row *row = reallocarray(s->row, s->n + 1, sizeof(*row));
	struct policy policy;
	struct spool q;
	char why[256];

	if (row == NULL)
		return -1;
	s->row = row;
	row += s->n;
	*row = (struct row){ .error = 0 };
	/* Whose queue the server's user may not even enter is not for the web. */
	if (spool_open(&q, word) == -1)
		return 0;
	(void)strlcpy(row->word, word, sizeof(row->word));
	policy_defaults(&policy);
	if (spool_policy(&q, &policy, why, sizeof(why)) == -1)
		row->error = errno;
	row->limit = policy.alert_age;
	if (view_health(&q, &policy, s->ages || row->limit > 0, &row->v) == -1)
		row->error = errno;
	spool_close(&q);
	s->n++;
	return 0;
}

static int
compare(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	return strcmp(a->word, b->word);
}

/* With the lock held: what is there is not too old, and tells enough. Anybody may ask, as often as they like. */
static void
refresh(struct seen *s, int ages)
{
	int64_t began = io_clock();

	if (s->until != 0 && began < s->until && (s->ages || !ages))
		return;
	free(s->row);
	*s = (struct seen){ .ages = ages };
	if (spool_scan_queues(look, s) == -1)
		s->error = errno;
	if (s->n > 0)
		qsort(s->row, s->n, sizeof(*s->row), compare);
	s->until = web_slow_until(began);
}

/* --- what it means */

struct report {
	json_t *checks;
	int64_t now, limit;   /* limit: of the query; 0: each queue's own */
	int failed;
};

static void
add(struct report *r, const char *check, const struct row *row, const char *status, const char *reason)
{
	r->failed |= strcmp(status, "fail") == 0;
	(void)json_array_append_new(r->checks, json_pack("{s:s, s:s*, s:s, s:s*}", "check", check, "queue",
	    row == NULL ? NULL : row->word, "status", status, "reason", reason));
}

static const char *
refusal(const struct row *row)
{
	if (row->error == EINVAL)
		return "its queue.conf is wrong";
	if (row->error != 0)
		return strerror(row->error);
	return row->v.error == ENOSPC ? "less room is left than the queue keeps in reserve" : strerror(row->v.error);
}

static void
check_workers(struct report *r, const struct row *row, int64_t limit)
{
	const struct view_health *v = &row->v;

	if (v->paused)
		add(r, "workers", row, "paused", NULL);
	else if (v->workers == -1)
		add(r, "workers", row, "unknown", "the server's user may not see the workers");
	else if (v->workers > 0)
		add(r, "workers", row, "ok", NULL);
	else if (v->waiting == 1)
		add(r, "workers", row, "fail", "jobs wait, and no worker lives");
	else if (v->waiting == 0)
		add(r, "workers", row, "ok", "no worker lives, and no job waits");
	else if (limit > 0)
		add(r, "workers", row, "fail", "no worker lives, and the server's user may not see whether jobs wait");
	else
		add(r, "workers", row, "unknown", "no worker lives, and the server's user may not see whether jobs wait");
}

static void
check_age(struct report *r, const struct row *row, int64_t limit)
{
	const struct view_health *v = &row->v;
	int64_t age = v->ready == -1 ? 0 : r->now - v->ready;
	char reason[128];

	if (limit == 0)
		return;
	(void)snprintf(reason, sizeof(reason), "the oldest has been ready for %.1f seconds", (double)age / 1e6);
	if (v->paused)
		add(r, "age", row, "paused", NULL);
	else if (v->waiting == -1)
		add(r, "age", row, "unknown", "the server's user may not see the jobs");
	else
		add(r, "age", row, age > limit ? "fail" : "ok", v->ready == -1 ? NULL : reason);
}

static void
judge(struct report *r, const struct seen *s)
{
	const struct row *row;
	int64_t limit;
	size_t i;

	if (s->error != 0)
		add(r, "spool", NULL, "fail", strerror(s->error));
	else
		add(r, "spool", NULL, "ok", s->n == 0 ? "there is no queue" : NULL);
	for (i = 0; i < s->n; i++) {
		row = &s->row[i];
		limit = r->limit != 0 ? r->limit : row->limit;
		if (row->error != 0 || row->v.error != 0)
			add(r, "writable", row, "fail", refusal(row));
		else
			add(r, "writable", row, "ok", NULL);
		if (row->error == 0 || row->error == EINVAL) {
			check_workers(r, row, limit);
			check_age(r, row, limit);
		}
	}
}

/* 0: none. -1: the query has one, and it is none. */
static int64_t
max_age(const struct web *w)
{
	char text[32];
	int64_t us = 0;
	int r = http_query(w->req->query, "max-age", text, sizeof(text));

	if (r == 0)
		return 0;
	return r == -1 || units_duration(text, &us) == -1 || us == 0 ? -1 : us;
}

static void
answer(struct web *w)
{
	struct report r = { .checks = json_array(), .limit = max_age(w) };
	json_t *doc;

	(void)pthread_mutex_lock(&cache.lock);
	refresh(&cache.seen, r.limit > 0);
	r.now = io_now();
	judge(&r, &cache.seen);
	(void)pthread_mutex_unlock(&cache.lock);
	doc = json_pack("{s:s}", "status", r.failed ? "fail" : "ok");
	if (web_is_operator(w))
		(void)json_object_set(doc, "checks", r.checks);
	json_decref(r.checks);
	web_plain_json(w, r.failed ? 503 : 200, doc);
}

void
web_health(struct web *w)
{
	if (max_age(w) != -1)
		w->slow = answer;
	else
		web_problem(w, 400, NULL, NULL, "The query's max-age is a duration of more than 0, as 30, 500ms or 5m.");
}
