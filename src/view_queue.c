#include "view_queue.h"

#include <errno.h>

struct tally {
	const struct spool *q;
	enum spool_dir dir;
	int64_t count, oldest;
};

/* When a job in new/ was submitted. */
static int64_t
submitted(const struct spool *q, const char *file, const struct id_name *name)
{
	struct stat st;

	if (name->time != -1)
		return name->time;
	if (spool_stat(q, SPOOL_NEW, file, &st) == -1)
		return INT64_MAX / 2;   /* gone: behind all others, with room for a priority */
	return (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
}

static int
tally_one(void *arg, const char *file)
{
	struct tally *t = arg;
	struct id_name name;
	int64_t time;

	if (id_parse(file, &name) == -1)
		return 0;
	t->count++;
	if (t->dir == SPOOL_NEW && (time = submitted(t->q, file, &name)) < t->oldest)
		t->oldest = time;
	return 0;
}

int
view_queue(const struct spool *q, struct view_queue *v)
{
	static const enum spool_dir dirs[] = { SPOOL_LATER, SPOOL_NEW, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED };
	size_t i;

	*v = (struct view_queue){ .oldest = -1, .paused = spool_paused(q) };
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		struct tally t = { .q = q, .dir = dirs[i], .oldest = INT64_MAX };

		if (spool_scan(q, dirs[i], tally_one, &t) == -1) {
			if (errno != EACCES)
				return -1;
			t.count = -1;
		}
		v->count[dirs[i]] = t.count;
		if (dirs[i] == SPOOL_NEW && t.oldest < INT64_MAX / 2)
			v->oldest = t.oldest;
	}
	return 0;
}

struct place {
	const struct spool *q;
	int64_t aging, key;
	int64_t ahead;
};

/* As a worker reckons it. */
static int64_t
urgency(int64_t time, int priority, int64_t aging)
{
	return time + (priority - ID_PRIORITY_DEFAULT) * aging;
}

static int
place_one(void *arg, const char *file)
{
	struct place *p = arg;
	struct id_name name;

	if (id_parse(file, &name) == 0 && urgency(submitted(p->q, file, &name), name.priority, p->aging) < p->key)
		p->ahead++;
	return 0;
}

int64_t
view_place(const struct spool *q, const struct policy *p, const struct view *job)
{
	struct place place = { .q = q, .aging = p->aging };

	place.key = urgency(job->submitted, job->name.priority, p->aging);
	return spool_scan(q, SPOOL_NEW, place_one, &place) == -1 ? -1 : place.ahead;
}
