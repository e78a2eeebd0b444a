#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "window_line.h"

enum { FIRST_SLOTS = 64 };

static size_t
hash(const char *group)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *group != '\0'; group++)
		h = (h ^ (unsigned char)*group) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

static struct window_line **
place(const struct window_lines *l, const char *group)
{
	struct window_line **at = &l->slot[hash(group) & (l->slots - 1)];

	while (*at != NULL && strcmp((*at)->group, group) != 0)
		at = &(*at)->next;
	return at;
}

struct window_line *
window_line_find(const struct window_lines *l, const char *group)
{
	return l->slots == 0 ? NULL : *place(l, group);
}

void
window_lines_clear(struct window_lines *l)
{
	struct window_line *line, *next;
	size_t i;

	for (i = 0; i < l->slots; i++)
		for (line = l->slot[i]; line != NULL; line = next) {
			next = line->next;
			window_clear(&line->names);
			free(line);
		}
	free(l->slot);
	*l = (struct window_lines){ .max = WINDOW_MAX };
}

static int
grow(struct window_lines *l)
{
	struct window_lines old = *l;
	struct window_line *line, *next;
	size_t i;

	l->slots = old.slots == 0 ? FIRST_SLOTS : 2 * old.slots;
	if ((l->slot = calloc(l->slots, sizeof(struct window_line *))) == NULL) {
		*l = old;
		return -1;
	}
	for (i = 0; i < old.slots; i++)
		for (line = old.slot[i]; line != NULL; line = next) {
			struct window_line **at = &l->slot[hash(line->group) & (l->slots - 1)];

			next = line->next;
			line->next = *at;
			*at = line;
		}
	free(old.slot);
	return 0;
}

/* 0: there is no room for a new group; the next scan may find some. */
static int
get(struct window_lines *l, const char *group, struct window_line **line)
{
	size_t size = strlen(group) + 1;

	if ((*line = window_line_find(l, group)) != NULL)
		return 1;
	/* Once a group was left out, one that comes may be it, with names that were before this one. */
	if (l->more || l->n == WINDOW_MAX) {
		l->more = 1;
		return 0;
	}
	if ((l->n >= l->slots && grow(l) == -1) || (*line = calloc(1, sizeof(**line) + size)) == NULL)
		return -1;
	memcpy((*line)->group, group, size);
	(*line)->names.max = l->max == 0 ? WINDOW_MAX : l->max;
	*place(l, group) = *line;
	l->n++;
	return 1;
}

static size_t
count(const struct window_line *line)
{
	return line->names.end - line->names.head;
}

static void
trim(struct window_lines *l)
{
	struct window_line *line;
	size_t i;

	l->names = 0;
	for (i = 0; i < l->slots; i++)
		for (line = l->slot[i]; line != NULL; line = line->next) {
			line->names.max = l->max;
			window_seal(&line->names);
			l->names += count(line);
		}
}

/* The longest lines pay for the number of groups. */
void
window_lines_seal(struct window_lines *l)
{
	trim(l);
	while (l->names > WINDOW_MAX && l->max > 1) {
		l->max /= 2;
		trim(l);
	}
}

/* Seldom: it looks at all of them. */
static void
counted(struct window_lines *l, size_t before, size_t after)
{
	l->names += after - before;
	if (l->names > 2 * WINDOW_MAX)
		window_lines_seal(l);
}

int
window_line_add(struct window_lines *l, const char *group, int64_t key, const char *file)
{
	struct window_line *line;
	int r = get(l, group, &line);
	size_t before;

	if (r != 1)
		return r;
	before = count(line);
	if (window_add(&line->names, key, file) == -1)
		return -1;
	counted(l, before, count(line));
	return 0;
}

int
window_line_insert(struct window_lines *l, const char *group, int64_t key, const char *file, struct window_line **at)
{
	const struct window_entry *first;
	int r = get(l, group, at);
	size_t before;

	if (r != 1)
		return r;
	before = count(*at);
	if (window_insert(&(*at)->names, key, file) == -1)
		return -1;
	counted(l, before, count(*at));
	first = window_least(&(*at)->names);
	return first != NULL && first->key == key && strcmp(first->file, file) == 0;
}

struct window_line *
window_line_pop(struct window_lines *l, struct window_line *line)
{
	struct window_line **at;

	if (window_least(&line->names) != NULL) {
		window_pop(&line->names);
		l->names--;
	}
	if (window_least(&line->names) != NULL)
		return line;
	/* It stays as long as it knows of names that are not in it: one that comes must not pass them. */
	if (line->names.cut) {
		l->hungry++;
		return NULL;
	}
	at = place(l, line->group);
	*at = line->next;
	window_clear(&line->names);
	free(line);
	l->n--;
	return NULL;
}

int
window_lines_each(const struct window_lines *l, int (*each)(void *arg, struct window_line *line), void *arg)
{
	struct window_line *line;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < l->slots; i++)
		for (line = l->slot[i]; r == 0 && line != NULL; line = line->next)
			if (window_least(&line->names) != NULL)
				r = each(arg, line);
	return r;
}
