#include "spool_sought.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool_outbox.h"

struct look {
	const struct spool_soughts *s;
	int bit;
};

int
spool_sought_full(const struct spool_soughts *s)
{
	return s->n == SPOOL_SOUGHT_MAX;
}

int
spool_sought_add(struct spool_soughts *s, const char *id, const char *file)
{
	size_t a = strlen(file) + 1, b = strlen(id) + 1, room = s->room == 0 ? 1024 : s->room * 2;
	struct spool_sought *p;
	char *text;

	if (s->n == s->room) {
		if ((p = reallocarray(s->job, room, sizeof(*p))) == NULL)
			return -1;
		s->job = p;
		s->room = room;
	}
	if ((text = malloc(a + b)) == NULL)
		return -1;
	memcpy(text, file, a);
	memcpy(text + a, id, b);
	s->job[s->n++] = (struct spool_sought){ .file = text, .id = text + a };
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct spool_sought *)a)->id, ((const struct spool_sought *)b)->id);
}

static size_t
first_of(const struct spool_soughts *s, const char *id)
{
	size_t low = 0, high = s->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(s->job[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
mark(void *arg, const char *file)
{
	const struct look *l = arg;
	struct id_name name;
	size_t i;

	if (id_parse(file, &name) == -1)
		return 0;
	for (i = first_of(l->s, name.id); i < l->s->n && strcmp(l->s->job[i].id, name.id) == 0; i++)
		l->s->job[i].where |= spool_sought_bit(l->bit);
	return 0;
}

static int
mark_outbox(void *arg, const char *file)
{
	const char *name = spool_outbox_name(file);

	return name == NULL ? 0 : mark(arg, name);
}

int
spool_sought_look(const struct spool *q, struct spool_soughts *s, const enum spool_dir *dirs, size_t n)
{
	struct look l = { .s = s };
	size_t i;

	if (s->n > 0)
		qsort(s->job, s->n, sizeof(*s->job), compare);
	for (i = 0; i < n; i++) {
		l.bit = (int)dirs[i];
		if (spool_scan(q, dirs[i], mark, &l) == -1)
			return -1;
	}
	l.bit = SPOOL_SOUGHT_OUTBOX;
	return spool_scan_hidden(q, SPOOL_TMP, mark_outbox, &l) == -1 ? -1 : 0;
}

void
spool_sought_clear(struct spool_soughts *s)
{
	int saved = errno;

	while (s->n > 0)
		free(s->job[--s->n].file);
	free(s->job);
	*s = (struct spool_soughts){ .n = 0 };
	errno = saved;
}
