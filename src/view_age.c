#include "view_age.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "view_queue.h"

enum { SLOTS = 4096 };   /* of the hash table: a power of two, and never half full */

const char *
view_age_name(enum view_age_by by)
{
	static const char *const names[VIEW_AGE_KINDS] = { "queue", "group", "priority" };

	return names[by];
}

int64_t
view_age_limit(const struct view_age *a, size_t bucket)
{
	return bucket < VIEW_AGE_BUCKETS - 1 ? a->first << bucket : INT64_MAX;
}

int
view_age_open(struct view_age *a, enum view_age_by by, int64_t first)
{
	*a = (struct view_age){ .by = by, .first = first, .now = io_now() };
	a->rows = calloc(VIEW_AGE_ROWS, sizeof(*a->rows));
	a->index = calloc(SLOTS, sizeof(*a->index));
	if (a->rows != NULL && a->index != NULL)
		return 0;
	view_age_close(a);
	errno = ENOMEM;
	return -1;
}

void
view_age_close(struct view_age *a)
{
	while (a->rows != NULL && a->n > 0)
		free(a->rows[--a->n].name);
	free(a->rows);
	free(a->index);
	a->rows = NULL;
	a->index = NULL;
}

static size_t
hash(const char *name)
{
	uint32_t h = 2166136261;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619;
	return h ^ h >> 16;
}

/* The row of a name, made if need be; NULL: out of memory. */
static struct view_age_row *
row_of(struct view_age *a, const char *name)
{
	size_t i;

	/* An index of 0 is free, of n the row n - 1. */
	for (i = hash(name) % SLOTS; a->index[i] != 0; i = (i + 1) % SLOTS)
		if (strcmp(a->rows[a->index[i] - 1].name, name) == 0)
			return &a->rows[a->index[i] - 1];
	if (a->n == VIEW_AGE_ROWS)
		return &a->other;
	if ((a->rows[a->n].name = strdup(name)) == NULL)
		return NULL;
	a->index[i] = (uint16_t)(a->n + 1);
	return &a->rows[a->n++];
}

static void
count(const struct view_age *a, struct view_age_row *r, int64_t submitted)
{
	size_t i = 0;

	r->jobs++;
	if (submitted == -1) {
		r->unknown++;
		return;
	}
	while (a->now - submitted > view_age_limit(a, i))
		i++;
	r->bucket[i]++;
}

struct scan {
	struct view_age *a;
	const struct spool *q;
	enum spool_dir d;
};

static int
count_one(void *arg, const char *file)
{
	const struct scan *s = arg;
	struct view_age_row *r;
	struct id_name name;
	char priority[2] = "";
	const char *key = s->q->word;
	int64_t submitted;

	if (id_parse(file, &name) == -1)
		return 0;
	if (s->a->by == VIEW_AGE_GROUP)
		key = name.group;
	else if (s->a->by == VIEW_AGE_PRIORITY) {
		priority[0] = (char)('0' + name.priority);
		key = priority;
	}
	if ((r = row_of(s->a, key)) == NULL)
		return -1;
	submitted = view_submitted(s->q, s->d, file, &name);
	count(s->a, r, submitted);
	count(s->a, &s->a->all, submitted);
	return 0;
}

int
view_age_scan(struct view_age *a, const struct spool *q, enum spool_dir d)
{
	struct scan s = { .a = a, .q = q, .d = d };

	/* A queue without a job has its row too. */
	if (a->by == VIEW_AGE_QUEUE && row_of(a, q->word) == NULL)
		return -1;
	return spool_scan(q, d, count_one, &s);
}

static int
by_name(const void *x, const void *y)
{
	const struct view_age_row *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int
by_jobs(const void *x, const void *y)
{
	const struct view_age_row *a = x, *b = y;

	return a->jobs == b->jobs ? by_name(x, y) : a->jobs < b->jobs ? 1 : -1;
}

void
view_age_sort(struct view_age *a)
{
	qsort(a->rows, a->n, sizeof(*a->rows), a->by == VIEW_AGE_PRIORITY ? by_name : by_jobs);
	/* The index is of no use any more, and would be wrong. */
	memset(a->index, 0, SLOTS * sizeof(*a->index));
}
