#include "view_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
view_rows_add(struct view_rows *r, const struct spool *q)
{
	struct view_row *row = reallocarray(r->row, r->n + 1, sizeof(*row));

	if (row == NULL)
		return -1;
	r->row = row;
	if (view_queue(q, &row[r->n].v) == -1 || (row[r->n].word = strdup(q->word)) == NULL)
		return -1;
	r->n++;
	return 0;
}

static int
add_queue(void *arg, const char *word)
{
	struct spool q;
	int r;

	if (spool_open(&q, word) == -1)
		return errno == ENOMEM ? -1 : 0;
	r = view_rows_add(arg, &q);
	spool_close(&q);
	return r == -1 && errno == ENOMEM ? -1 : 0;
}

int
view_rows_spool(struct view_rows *r)
{
	if (spool_scan_queues(add_queue, r) == -1)
		return -1;
	view_rows_sort(r);
	return 0;
}

static int
compare(const void *x, const void *y)
{
	const struct view_row *a = x, *b = y;

	return strcmp(a->word, b->word);
}

void
view_rows_sort(struct view_rows *r)
{
	if (r->n > 0)
		qsort(r->row, r->n, sizeof(*r->row), compare);
}

void
view_rows_clear(struct view_rows *r)
{
	while (r->n > 0)
		free(r->row[--r->n].word);
	free(r->row);
	r->row = NULL;
}
