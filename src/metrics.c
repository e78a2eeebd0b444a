#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "view_json.h"

struct metrics {
	FILE *f;
	const struct view_row **rows;
	char **labels;   /* queue="...", escaped */
	size_t n;
	int64_t now;
};

static const enum view_state states[] = {
	VIEW_NEW, VIEW_LATER, VIEW_HELD, VIEW_RUNNING, VIEW_DONE, VIEW_FAILED
};

/* A label must be UTF-8, and has three characters that are written otherwise. */
static char *
label(const char *word)
{
	json_t *j = view_json_text(word);
	const char *p = json_string_value(j);
	char *text = p == NULL ? NULL : malloc(2 * strlen(p) + sizeof("queue=\"\"")), *to;

	if (text != NULL) {
		for (to = stpcpy(text, "queue=\""); *p != '\0'; p++) {
			if (*p == '\\' || *p == '"' || *p == '\n')
				*to++ = '\\';
			*to++ = (char)(*p == '\n' ? 'n' : *p);
		}
		memcpy(to, "\"", 2);
	}
	json_decref(j);
	return text;
}

static int
prepare(struct metrics *m, const struct view_row *rows, size_t n)
{
	size_t i, k;

	m->rows = calloc(n + 1, sizeof(*m->rows));
	m->labels = calloc(n + 1, sizeof(*m->labels));
	for (i = 0; m->rows != NULL && m->labels != NULL && i < n; i++) {
		if ((m->labels[m->n] = label(rows[i].word)) == NULL)
			return -1;
		for (k = 0; k < m->n && strcmp(m->labels[k], m->labels[m->n]) != 0; k++)
			;
		if (k < m->n) {
			free(m->labels[m->n]);
			m->labels[m->n] = NULL;
			continue;
		}
		m->rows[m->n++] = &rows[i];
	}
	return i < n ? -1 : 0;
}

static void
family(const struct metrics *m, const char *name, const char *type, const char *help)
{
	(void)fprintf(m->f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `more` is "", or a comma and another label. */
static void
sample(const struct metrics *m, size_t i, const char *name, const char *more, uint64_t n)
{
	(void)fprintf(m->f, "%s{%s%s} %" PRIu64 "\n", name, m->labels[i], more, n);
}

static void
seconds(const struct metrics *m, size_t i, const char *name, const char *more, uint64_t us)
{
	(void)fprintf(m->f, "%s{%s%s} %" PRIu64 ".%06" PRIu64 "\n", name, m->labels[i], more, us / 1000000, us % 1000000);
}

static void
jobs(const struct metrics *m)
{
	char more[64];
	int64_t n;
	size_t i, s;

	family(m, "wqw_jobs", "gauge", "Jobs of a queue, each in one state.");
	for (i = 0; i < m->n; i++)
		for (s = 0; s < sizeof(states) / sizeof(*states); s++) {
			(void)snprintf(more, sizeof(more), ",state=\"%s\"", view_state_name(states[s]));
			if ((n = view_queue_jobs(&m->rows[i]->v, states[s])) != -1)
				sample(m, i, "wqw_jobs", more, (uint64_t)n);
		}
}

static uint64_t
since(const struct metrics *m, int64_t then)
{
	return then == -1 || then > m->now ? 0 : (uint64_t)(m->now - then);
}

/* Of no job 0, so that an alert on it ends. */
static void
ages(const struct metrics *m)
{
	static const char name[] = "wqw_oldest_job_age_seconds", due[] = "wqw_overdue_seconds";
	const struct view_queue *v;
	size_t i;

	family(m, name, "gauge",
	    "Since when the oldest job of a state was submitted, or runs; 0 where there is none.");
	for (i = 0; i < m->n; i++) {
		v = &m->rows[i]->v;
		if (v->count[SPOOL_NEW] != -1)
			seconds(m, i, name, ",state=\"new\"", since(m, v->oldest));
		if (v->count[SPOOL_CUR] != -1)
			seconds(m, i, name, ",state=\"running\"", since(m, v->oldest_running));
		if (v->count[SPOOL_FAILED] != -1)
			seconds(m, i, name, ",state=\"failed\"", since(m, v->oldest_failed));
	}
	family(m, due, "gauge", "For how long a job of the state later has been due; grows where no worker runs.");
	for (i = 0; i < m->n; i++)
		if (m->rows[i]->v.count[SPOOL_LATER] != -1)
			seconds(m, i, due, "", since(m, m->rows[i]->v.next_due));
}

static void
workers(const struct metrics *m)
{
	size_t i;

	family(m, "wqw_paused", "gauge", "1 while the queue is paused.");
	for (i = 0; i < m->n; i++)
		sample(m, i, "wqw_paused", "", m->rows[i]->v.paused != 0);
	family(m, "wqw_workers", "gauge", "Workers that live.");
	for (i = 0; i < m->n; i++)
		if (m->rows[i]->v.workers.workers != -1)
			sample(m, i, "wqw_workers", "", (uint64_t)m->rows[i]->v.workers.workers);
	family(m, "wqw_worker_slots", "gauge", "Jobs that the workers can run at a time, by what the slots do now.");
	for (i = 0; i < m->n; i++) {
		const struct spool_workers *w = &m->rows[i]->v.workers;

		if (w->workers == -1)
			continue;
		sample(m, i, "wqw_worker_slots", ",state=\"busy\"", (uint64_t)w->busy);
		sample(m, i, "wqw_worker_slots", ",state=\"idle\"", (uint64_t)(w->slots - w->busy));
	}
}

static const struct {
	const char *name, *help;
	size_t at;
} counters[] = {
	{ "wqw_attempts_started_total", "Attempts that were started.", offsetof(struct spool_counts, started) },
	{ "wqw_attempts_retried_total", "Attempts after which the job was to be tried again.",
	    offsetof(struct spool_counts, retried) },
	{ "wqw_attempts_lost_total", "Attempts whose worker died.", offsetof(struct spool_counts, lost) },
	{ "wqw_attempts_put_back_total", "Attempts that a fault, or the worker's end, cut short; not counted as the job's.",
	    offsetof(struct spool_counts, put_back) },
	{ "wqw_jobs_done_total", "Jobs that were done.", offsetof(struct spool_counts, done) }
};

static void
totals(const struct metrics *m)
{
	const struct spool_counts *c;
	char more[64];
	uint64_t n;
	size_t i, k;
	enum id_reason x;

	for (k = 0; k < sizeof(counters) / sizeof(*counters); k++) {
		family(m, counters[k].name, "counter", counters[k].help);
		for (i = 0; i < m->n; i++) {
			memcpy(&n, (const char *)&m->rows[i]->v.counts + counters[k].at, sizeof(n));
			if (m->rows[i]->v.counted)
				sample(m, i, counters[k].name, "", n);
		}
	}
	family(m, "wqw_jobs_failed_total", "counter", "Jobs that became dead letters, by reason.");
	for (i = 0; i < m->n; i++) {
		c = &m->rows[i]->v.counts;
		for (x = ID_EXIT; m->rows[i]->v.counted && x < ID_REASONS; x++) {
			(void)snprintf(more, sizeof(more), ",reason=\"%s\"", id_reason_name(x));
			sample(m, i, "wqw_jobs_failed_total", more, c->failed[x]);
		}
	}
}

static void
histogram(const struct metrics *m, size_t i, const char *name, const struct spool_histogram *h)
{
	char series[64], more[64];
	uint64_t sum = 0;
	size_t b;

	(void)snprintf(series, sizeof(series), "%s_bucket", name);
	for (b = 0; b < SPOOL_BUCKETS; b++) {
		sum += h->bucket[b];
		if (spool_bucket(b) == INT64_MAX)
			(void)strlcpy(more, ",le=\"+Inf\"", sizeof(more));
		else
			(void)snprintf(more, sizeof(more), ",le=\"%g\"", (double)spool_bucket(b) / 1e6);
		sample(m, i, series, more, sum);
	}
	(void)snprintf(series, sizeof(series), "%s_sum", name);
	seconds(m, i, series, "", h->sum);
	/* Of the buckets: they were read while workers counted, and must agree. */
	(void)snprintf(series, sizeof(series), "%s_count", name);
	sample(m, i, series, "", sum);
}

static void
histograms(const struct metrics *m)
{
	static const char wait[] = "wqw_job_wait_seconds", run[] = "wqw_attempt_run_seconds";
	size_t i;

	family(m, wait, "histogram", "From when a job could start to its start.");
	for (i = 0; i < m->n; i++)
		if (m->rows[i]->v.counted)
			histogram(m, i, wait, &m->rows[i]->v.counts.wait);
	family(m, run, "histogram", "How long attempts ran.");
	for (i = 0; i < m->n; i++)
		if (m->rows[i]->v.counted)
			histogram(m, i, run, &m->rows[i]->v.counts.run);
}

int
metrics_write(FILE *f, const struct view_row *rows, size_t n, int64_t now)
{
	struct metrics m = { .f = f, .now = now };
	int r = prepare(&m, rows, n);

	if (r == 0) {
		jobs(&m);
		ages(&m);
		workers(&m);
		totals(&m);
		histograms(&m);
	}
	while (m.n > 0)
		free(m.labels[--m.n]);
	free(m.labels);
	free(m.rows);
	if (r == -1)
		errno = ENOMEM;
	return r;
}
