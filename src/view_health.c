#include "view_health.h"

#include <errno.h>

#include "io.h"
#include "spool_stat.h"
#include "spool_submit.h"

enum { LATER_MAX = 1000 };   /* names in later/ that are looked at */

/* A worker that lives brings a job that is due back within a second. */
static const int64_t overdue = 60000000;

struct look {
	const struct spool *q;
	struct view_health *v;
	int64_t now;
	int ages, seen;
};

/*
 * The ctime says since when a job is in new/: it may have been put off before, or tried. That is never before its
 * submission, so that few files have to be looked at where most came in their order.
 */
static int
look_at_new(void *arg, const char *file)
{
	struct look *l = arg;
	struct view_health *v = l->v;
	struct id_name name;
	struct stat st;

	if (id_parse(file, &name) == -1)
		return 0;
	v->waiting = 1;
	if (!l->ages)
		return 1;
	if (v->ready != -1 && name.time >= v->ready)
		return 0;
	if (spool_stat(l->q, SPOOL_NEW, file, &st) == 0 && (v->ready == -1 || io_time(st.st_ctim) < v->ready))
		v->ready = io_time(st.st_ctim);
	return 0;
}

static int
look_at_later(void *arg, const char *file)
{
	struct look *l = arg;
	struct id_name name;
	struct stat st;

	if (id_parse(file, &name) == 0 && spool_stat(l->q, SPOOL_LATER, file, &st) == 0 &&
	    io_time(st.st_mtim) < l->now - overdue)
		l->v->waiting = 1;
	return l->v->waiting || ++l->seen == LATER_MAX;
}

int
view_health(const struct spool *q, const struct policy *p, int ages, struct view_health *v)
{
	struct look l = { .q = q, .v = v, .now = io_now(), .ages = ages };
	struct spool_workers workers;

	*v = (struct view_health){ .paused = spool_paused(q), .ready = -1 };
	if (spool_takes(q, p) == -1)
		v->error = errno;
	v->workers = spool_tally_workers(q, &workers) == -1 ? -1 : workers.workers;
	if (spool_scan(q, SPOOL_NEW, look_at_new, &l) == -1) {
		if (errno != EACCES)
			return -1;
		v->waiting = -1;
	}
	if (v->waiting == 0 && spool_scan(q, SPOOL_LATER, look_at_later, &l) == -1 && errno != EACCES)
		return -1;
	return 0;
}
