#include "web_dash.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "io.h"
#include "page_dash.h"
#include "view_json.h"
#include "view_json_queue.h"
#include "view_ring.h"
#include "view_rows.h"
#include "web_allow.h"
#include "web_pick.h"
#include "web_reply.h"
#include "web_route.h"

enum { KEPT = 16, RUNNING_MAX = 50, FAILED_MAX = 20, REFRESH = 10, REFRESH_MAX = 300 };

static const int64_t second = 1000000;

int
web_dash_asked(const struct web *w)
{
	char view[16];

	return http_query(w->req->query, "view", view, sizeof(view)) == 1 && strcmp(view, "dashboard") == 0;
}

char *
web_dash_back(const struct web *w)
{
	struct web_pick p;
	char from[16], *link;

	if (http_query(w->req->query, "from", from, sizeof(from)) != 1 ||
	    (strcmp(from, "dashboard") != 0 && web_pick_state(&p, from) == -1))
		return NULL;
	if (asprintf(&link, "%s/%s?%s=%s", w->req->base, w->queue, strcmp(from, "dashboard") == 0 ? "view" : "state", from) == -1)
		return NULL;
	return link;
}

/* --- the documents */

static json_t *
queue_row(const struct web *w, const struct view_row *row, int64_t now)
{
	json_t *doc = view_json_queue(row, now);

	(void)json_object_set_new(doc, "links", json_pack("{s:o, s:o}",
	    "self", json_sprintf("%s/%s", w->req->base, row->word),
	    "dashboard", json_sprintf("%s/%s?view=dashboard", w->req->base, row->word)));
	return doc;
}

static json_t *
backlog(const char *word, int64_t now)
{
	struct view_ring ring;
	struct spool q;
	json_t *doc, *list;

	if (spool_open(&q, word) == -1)
		return json_array();
	view_ring(&q, SPOOL_RING_HOUR, now, &ring);
	spool_close(&q);
	doc = view_ring_json(&ring);
	list = json_incref(json_object_get(doc, "backlog"));
	json_decref(doc);
	return list;
}

static json_t *
top_document(const struct web *w)
{
	struct view_rows rows = { .n = 0 };
	json_t *queues = json_array(), *row;
	int64_t now = io_now();
	size_t i;

	if (view_rows_spool(&rows) == -1) {
		view_rows_clear(&rows);
		json_decref(queues);
		return NULL;
	}
	for (i = 0; i < rows.n; i++) {
		row = queue_row(w, &rows.row[i], now);
		(void)json_object_set_new(row, "backlog", backlog(rows.row[i].word, now));
		(void)json_array_append_new(queues, row);
	}
	view_rows_clear(&rows);
	return json_pack("{s:o, s:{s:o}}", "queues", queues, "links", "self", json_sprintf("%s/?view=dashboard", w->req->base));
}

static int
add_worker(void *arg, const char *worker, const char *id)
{
	json_t *all = arg, *last = json_array_get(all, json_array_size(all) - (json_array_size(all) > 0)), *name = view_json_text(worker);

	if (last == NULL || !json_equal(json_object_get(last, "worker"), name)) {
		last = json_pack("{s:O, s:[]}", "worker", name, "running");
		(void)json_array_append_new(all, last);
	}
	json_decref(name);
	if (*id != '\0')
		(void)json_array_append_new(json_object_get(last, "running"), json_string(id));
	return 0;
}

/* Who runs it; null for what a script runs, or nobody. */
static json_t *
worker_of(const json_t *workers, const char *id)
{
	size_t i, j;

	for (i = 0; i < json_array_size(workers); i++) {
		const json_t *ids = json_object_get(json_array_get(workers, i), "running");

		for (j = 0; j < json_array_size(ids); j++)
			if (strcmp(json_string_value(json_array_get(ids, j)), id) == 0)
				return json_incref(json_object_get(json_array_get(workers, i), "worker"));
	}
	return json_null();
}

/* Those that were submitted last, the last one first. null: they may not be listed. */
static json_t *
newest(const struct web *w, struct web_pick *p, const json_t *workers)
{
	json_t *jobs = json_array(), *job;
	struct view v;
	size_t i;

	p->q = &w->q;
	p->backwards = 1;
	if (web_pick(p) == -1) {
		json_decref(jobs);
		jobs = json_null();
	}
	for (i = p->n; json_is_array(jobs) && i > 0; i--) {
		if (view_file(p->q, p->dir, p->file[i - 1], &v) == -1 || (job = web_job_as(w, &v)) == NULL)
			continue;
		if (workers != NULL)
			(void)json_object_set_new(job, "worker", worker_of(workers, v.name.id));
		(void)json_array_append_new(jobs, job);
	}
	web_pick_free(p);
	return jobs;
}

static json_t *
ring(const struct web *w, enum spool_ring_kind kind, int64_t now)
{
	struct view_ring r;

	view_ring(&w->q, kind, now, &r);
	return view_ring_json(&r);
}

static json_t *
queue_document(const struct web *w)
{
	struct web_pick failed = { .state = VIEW_FAILED, .dir = SPOOL_FAILED, .limit = FAILED_MAX },
	    running = { .state = VIEW_STATES, .dir = SPOOL_CUR, .limit = RUNNING_MAX };
	struct view_row row = { .word = (char *)(uintptr_t)w->queue };
	json_t *workers = json_array();
	int64_t now = io_now();

	if (view_queue(&w->q, &row.v) == -1) {
		json_decref(workers);
		return NULL;
	}
	/* What cannot be read is not known. */
	(void)spool_scan_workers(&w->q, add_worker, workers);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}}",
	    "queue", queue_row(w, &row, now),
	    "workers", workers,
	    "running", newest(w, &running, workers),
	    "failed", newest(w, &failed, NULL),
	    "hour", ring(w, SPOOL_RING_HOUR, now),
	    "day", ring(w, SPOOL_RING_DAY, now),
	    "links",
	    "self", json_sprintf("%s/%s?view=dashboard", w->req->base, w->queue),
	    "queues", json_sprintf("%s/", w->req->base));
}

/*
 * --- what was found out is kept for a while: the longer it has taken, the longer, so that many who look at a large queue do
 * not have it read all the time.
 */

enum { SHARE = 20, KEEP_MAX = 60 };

static struct {
	pthread_mutex_t lock;
	struct kept {
		char queue[ID_WORD_MAX + 1], base[256];
		json_t *doc;
		int64_t took, until;   /* on io_clock */
	} kept[KEPT];
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct kept *
find(const struct web *w)
{
	struct kept *k, *oldest = cache.kept;

	for (k = cache.kept; k < cache.kept + KEPT; k++) {
		if (k->doc != NULL && strcmp(k->queue, w->queue) == 0 && strcmp(k->base, w->req->base) == 0)
			return k;
		if (k->until < oldest->until)
			oldest = k;
	}
	json_decref(oldest->doc);
	*oldest = (struct kept){ .doc = NULL };
	(void)strlcpy(oldest->queue, w->queue, sizeof(oldest->queue));
	(void)strlcpy(oldest->base, w->req->base, sizeof(oldest->base));
	return oldest;
}

/* A copy, with the lock held. NULL with errno. */
static json_t *
look(const struct web *w, int64_t *took)
{
	struct kept *k = find(w);
	int64_t now = io_clock();

	if (k->doc == NULL || now >= k->until) {
		json_decref(k->doc);
		k->doc = w->queue[0] == '\0' ? top_document(w) : queue_document(w);
		k->took = io_clock() - now;
		k->until = io_clock() + (k->took * SHARE < KEEP_MAX * second ? k->took * SHARE : KEEP_MAX * second);
	}
	*took = k->took;
	return k->doc == NULL ? NULL : json_deep_copy(k->doc);
}

void
web_dash_forget(void)
{
	size_t i;

	(void)pthread_mutex_lock(&cache.lock);
	for (i = 0; i < KEPT; i++)
		cache.kept[i].until = 0;
	(void)pthread_mutex_unlock(&cache.lock);
}

static void
answer(struct web *w)
{
	struct page page = { .title = w->queue[0] == '\0' ? "Queues" : w->queue, .queue = w->queue, .wide = 1, .live = 1,
	    .body = w->queue[0] == '\0' ? page_dash : page_dash_queue };
	int64_t took = 0, refresh;
	json_t *doc;
	int error;

	(void)pthread_mutex_lock(&cache.lock);
	doc = look(w, &took);
	error = errno;
	(void)pthread_mutex_unlock(&cache.lock);
	if (doc == NULL) {
		web_fault(w, error, "The queues cannot be read");
		return;
	}
	refresh = REFRESH + took * SHARE / second;
	page.refresh = (int)(refresh < REFRESH_MAX ? refresh : REFRESH_MAX);
	page.arg = doc;
	web_document(w, 200, doc, &page);
}

void
web_dash(struct web *w)
{
	if (web_may_operate(w) == 0)
		w->slow = answer;
}
