#include "view_place.h"

#include <errno.h>
#include <stdlib.h>

#include "view_queue.h"

enum { ROOM = 1024 };

struct scan {
	const struct spool *q;
	struct view_places *p;
	size_t max;
	int error;
};

int64_t
view_place_key(const struct id_name *name, int64_t submitted, int64_t aging)
{
	return submitted + (name->priority - ID_PRIORITY_DEFAULT) * aging;
}

static int
grow(struct view_places *p)
{
	size_t room = p->room == 0 ? ROOM : p->room * 2;
	int64_t *key = reallocarray(p->key, room, sizeof(*key));

	if (key == NULL)
		return -1;
	p->key = key;
	p->room = room;
	return 0;
}

static int
add(void *arg, const char *file)
{
	struct scan *s = arg;
	struct view_places *p = s->p;
	struct id_name name;
	int64_t time;

	if (id_parse(file, &name) == -1 || (time = view_submitted(s->q, SPOOL_NEW, file, &name)) == -1)
		return 0;
	if (p->n == s->max)
		s->error = EFBIG;
	else if (p->n == p->room && grow(p) == -1)
		s->error = ENOMEM;
	else
		p->key[p->n++] = view_place_key(&name, time, p->aging);
	return s->error != 0;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

void
view_places_clear(struct view_places *p)
{
	free(p->key);
	*p = (struct view_places){ .key = NULL };
}

int
view_places_scan(struct view_places *p, const struct spool *q, const struct policy *policy, size_t max)
{
	struct scan s = { .q = q, .p = p, .max = max };

	p->n = 0;
	p->aging = policy->aging;
	if (spool_scan(q, SPOOL_NEW, add, &s) != 0) {
		p->n = 0;
		if (s.error != 0)
			errno = s.error;
		return -1;
	}
	if (p->n > 0)
		qsort(p->key, p->n, sizeof(p->key[0]), compare);
	return 0;
}

int64_t
view_places_find(const struct view_places *p, int64_t key)
{
	size_t from = 0, to = p->n, at;

	while (from < to) {
		at = from + (to - from) / 2;
		if (p->key[at] < key)
			from = at + 1;
		else
			to = at;
	}
	return (int64_t)from;
}

struct ahead {
	const struct spool *q;
	int64_t aging, key, n;
	size_t seen, max;
};

static int
count(void *arg, const char *file)
{
	struct ahead *a = arg;
	struct id_name name;
	int64_t time;

	a->n += id_parse(file, &name) == 0 && (time = view_submitted(a->q, SPOOL_NEW, file, &name)) != -1 &&
	    view_place_key(&name, time, a->aging) < a->key;
	return a->seen++ == a->max && a->max > 0;
}

int64_t
view_place(const struct spool *q, const struct policy *p, const struct view *job, size_t max)
{
	struct ahead a = { .q = q, .aging = p->aging, .max = max };
	int r;

	a.key = view_place_key(&job->name, job->submitted, p->aging);
	if ((r = spool_scan(q, SPOOL_NEW, count, &a)) == 0)
		return a.n;
	if (r == 1)
		errno = EFBIG;
	return -1;
}
