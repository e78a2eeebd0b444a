#include "await_line.h"

#include <stdio.h>

#include "io.h"
#include "units.h"
#include "view.h"
#include "view_place.h"

/* At most a twentieth of the time goes into counting. */
static int64_t
place(struct await_line *l, const struct spool *q, const struct view *v)
{
	int64_t now = io_clock();
	char why[256];
	struct policy p;

	if (l->counted != 0 && now < l->counted + 20 * l->took)
		return l->place;
	l->place = spool_policy(q, &p, why, sizeof(why)) == -1 ? -1 : view_place(q, &p, v, 0);
	l->counted = io_clock();
	l->took = l->counted - now;
	return l->place;
}

static void
one(struct await_line *l, const struct await *a, const char *age, char buf[AWAIT_LINE_MAX])
{
	const struct await_job *job = a->jobs[0];
	const struct spool *q = &a->queues[job->queue].q;
	char words[VIEW_WORDS_MAX], ahead[64] = "";
	struct view v;

	if (view_find(q, job->id, &v) == -1) {
		(void)snprintf(buf, AWAIT_LINE_MAX, "%s/%s: waiting, %s", q->word, job->id, age);
		return;
	}
	if (v.state == VIEW_NEW && place(l, q, &v) != -1)
		(void)snprintf(ahead, sizeof(ahead), "%jd ahead, ", (intmax_t)l->place);
	(void)snprintf(buf, AWAIT_LINE_MAX, "%s/%s: %s, %s%s%s%s", q->word, job->id, view_state_name(v.state), ahead,
	    v.state == VIEW_NEW ? "" : view_words(&v, io_now(), words), v.state == VIEW_NEW ? "" : ", waited ", age);
}

char *
await_line(struct await_line *l, const struct await *a, char buf[AWAIT_LINE_MAX])
{
	char age[UNITS_AGE_MAX], failed[64] = "";

	if (l->began == 0)
		l->began = io_clock();
	(void)units_age(age, io_clock() - l->began);
	if (a->n_jobs == 1) {
		one(l, a, age, buf);
		return buf;
	}
	if (a->failed > 0)
		(void)snprintf(failed, sizeof(failed), "%zu failed, ", a->failed);
	(void)snprintf(buf, AWAIT_LINE_MAX, "%zu of %zu ended, %s%s", a->n_jobs - a->pending, a->n_jobs, failed, age);
	return buf;
}
