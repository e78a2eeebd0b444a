#include "view_queue.h"

#include <errno.h>

#include "io.h"
#include "spool_waiting.h"

struct tally {
	const struct spool *q;
	struct view_queue *v;
	enum spool_dir dir;
};

int64_t
view_submitted(const struct spool *q, enum spool_dir d, const char *file, const struct id_name *name)
{
	struct stat st;

	if (name->time != -1)
		return name->time;
	/* In later/ it is the due time. */
	return d == SPOOL_LATER || spool_stat(q, d, file, &st) == -1 ? -1 : io_time(st.st_mtim);
}

static void
least(int64_t *oldest, int64_t time)
{
	if (time != -1 && (*oldest == -1 || time < *oldest))
		*oldest = time;
}

static int
tally_one(void *arg, const char *file)
{
	const struct tally *t = arg;
	struct view_queue *v = t->v;
	struct id_name name;
	struct stat st;

	if (id_parse(file, &name) == -1)
		return 0;
	v->count[t->dir]++;
	if (t->dir == SPOOL_NEW)
		least(&v->oldest, view_submitted(t->q, t->dir, file, &name));
	else if (t->dir == SPOOL_FAILED)
		least(&v->oldest_failed, view_submitted(t->q, t->dir, file, &name));
	else if (t->dir != SPOOL_DONE && spool_stat(t->q, t->dir, file, &st) == 0) {
		if (t->dir == SPOOL_CUR)
			least(&v->oldest_running, io_time(st.st_ctim));
		else if (spool_held(&st))
			v->held++;
		else
			least(&v->next_due, io_time(st.st_mtim));
	}
	return 0;
}

/* Nothing that the workers leave is needed: what cannot be read is not known. */
static void
look_at_workers(const struct spool *q, struct view_queue *v)
{
	if (spool_tally_workers(q, &v->workers) == -1)
		v->workers = (struct spool_workers){ -1, -1, -1 };
	v->counted = spool_count_read(q, &v->counts) == 0 || errno == ENOENT;
	spool_count_rates(&v->counts, io_now(), &v->rates);
	if (!v->counted)
		v->rates = (struct spool_rates){ -1, -1, -1 };
}

/* -1 in the count: the directory may not be read. */
static int
tally(const struct spool *q, enum spool_dir d, struct view_queue *v)
{
	struct tally t = { .q = q, .v = v, .dir = d };

	if (spool_scan(q, d, tally_one, &t) == 0)
		return 0;
	v->count[d] = -1;
	return errno == EACCES ? 0 : -1;
}

/* Of many somebody may have counted them already. */
static int
tally_many(const struct spool *q, enum spool_dir d, struct view_queue *v)
{
	int64_t none = -1, *oldest = d == SPOOL_NEW ? &v->oldest : d == SPOOL_FAILED ? &v->oldest_failed : &none;
	struct spool_waiting w;

	if (spool_waiting_read(q, d, &w) == 0) {
		spool_waiting_begin(q, d, &w);
		if (tally(q, d, v) == -1)
			return -1;
		w.jobs = v->count[d];
		w.oldest = *oldest;
		spool_waiting_keep(q, d, &w);
	}
	v->count[d] = w.jobs;
	*oldest = w.oldest;
	return 0;
}

/* Of these the files' times are looked up, too, which change without the directory. */
static int
is_looked_up(enum spool_dir d)
{
	return d == SPOOL_LATER || d == SPOOL_CUR;
}

int
view_queue(const struct spool *q, struct view_queue *v)
{
	static const enum spool_dir dirs[] = { SPOOL_LATER, SPOOL_NEW, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED };
	size_t i;

	*v = (struct view_queue){ .paused = spool_paused(q) };
	v->oldest = v->oldest_running = v->oldest_failed = v->next_due = -1;
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if ((is_looked_up(dirs[i]) ? tally(q, dirs[i], v) : tally_many(q, dirs[i], v)) == -1)
			return -1;
	if (v->count[SPOOL_LATER] == -1)
		v->held = -1;
	look_at_workers(q, v);
	return 0;
}

int64_t
view_queue_jobs(const struct view_queue *v, enum view_state s)
{
	switch (s) {
	case VIEW_NEW:
		return v->count[SPOOL_NEW];
	case VIEW_LATER:
		return v->count[SPOOL_LATER] == -1 ? -1 : v->count[SPOOL_LATER] - v->held;
	case VIEW_HELD:
		return v->held;
	case VIEW_RUNNING:
		return v->count[SPOOL_CUR];
	case VIEW_DONE:
		return v->count[SPOOL_DONE];
	case VIEW_FAILED:
		return v->count[SPOOL_FAILED];
	default:
		return -1;
	}
}
