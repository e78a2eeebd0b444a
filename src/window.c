#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

enum { FIRST_ROOM = 64, SMALL_ROOM = 4 };

static int
compare(const void *a, const void *b)
{
	const struct window_entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->file, y->file);
}

void
window_clear(struct window *w)
{
	size_t i;

	for (i = w->head; i < w->end; i++)
		free(w->entry[i].file);
	free(w->entry);
	*w = (struct window){ .max = w->max };
}

static size_t
most(const struct window *w)
{
	return w->max == 0 ? WINDOW_MAX : w->max;
}

/* Forgets the entries from entry[end] on, which are sorted. */
static void
cut(struct window *w, size_t end)
{
	if (!w->cut || w->bound > w->entry[end].key)
		w->bound = w->entry[end].key;
	w->cut = 1;
	while (w->end > end)
		free(w->entry[--w->end].file);
}

/*
 * Makes room for one more at the end. A window that isn't being scanned holds at most its greatest number, so that once room
 * is at its greatest, half of it is free before head each time that the end is reached.
 */
static int
make_room(struct window *w)
{
	struct window_entry *entry;
	size_t room = w->room != 0 ? 2 * w->room : w->max != 0 ? SMALL_ROOM : FIRST_ROOM;

	if (w->end < w->room)
		return 0;
	if (w->head > 0 && w->head >= w->room / 2) {
		memmove(w->entry, w->entry + w->head, (w->end - w->head) * sizeof(*w->entry));
		w->end -= w->head;
		w->head = 0;
		return 0;
	}
	if ((entry = reallocarray(w->entry, room, sizeof(*entry))) == NULL)
		return -1;
	w->entry = entry;
	w->room = room;
	return 0;
}

/* Sorts and keeps the least. */
void
window_seal(struct window *w)
{
	if (w->end - w->head > 1)
		qsort(w->entry + w->head, w->end - w->head, sizeof(*w->entry), compare);
	if (w->end - w->head > most(w))
		cut(w, w->head + most(w));
}

int
window_add(struct window *w, int64_t key, const char *file)
{
	char *copy;

	/* One with the bound's own key may still belong before those kept, by its name. */
	if (w->cut && key > w->bound)
		return 0;
	if (w->end - w->head >= 2 * most(w))
		window_seal(w);
	if (make_room(w) == -1 || (copy = strdup(file)) == NULL)
		return -1;
	w->entry[w->end++] = (struct window_entry){ key, copy };
	return 0;
}

/* Where e belongs; *same tells that it is there. */
static size_t
position(const struct window *w, const struct window_entry *e, int *same)
{
	size_t low = w->head, high = w->end;

	/* What comes is mostly the newest. */
	if (low < high && compare(&w->entry[high - 1], e) < 0)
		low = high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&w->entry[middle], e) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*same = low < w->end && compare(&w->entry[low], e) == 0;
	return low;
}

/* Opens a gap before entry[at] on the side where less has to move; returns where it is. */
static size_t
open_gap(struct window *w, size_t at)
{
	struct window_entry *e = w->entry;

	if (w->head > 0 && at - w->head < w->end - at) {
		memmove(e + w->head - 1, e + w->head, (at - w->head) * sizeof(*e));
		w->head--;
		return at - 1;
	}
	memmove(e + at + 1, e + at, (w->end - at) * sizeof(*e));
	w->end++;
	return at;
}

int
window_insert(struct window *w, int64_t key, const char *file)
{
	struct window_entry e = { key, NULL };
	size_t at;
	int same;

	if (w->cut && key >= w->bound)
		return 0;
	if ((e.file = strdup(file)) == NULL)
		return -1;
	if (make_room(w) == -1) {
		free(e.file);
		errno = ENOMEM;
		return -1;
	}
	at = position(w, &e, &same);
	if (same) {
		free(e.file);
		return 0;
	}
	w->entry[open_gap(w, at)] = e;
	if (w->end - w->head > most(w))
		cut(w, w->head + most(w));
	return 0;
}

const struct window_entry *
window_least(const struct window *w)
{
	return w->head < w->end ? &w->entry[w->head] : NULL;
}

void
window_pop(struct window *w)
{
	if (w->head == w->end)
		return;
	free(w->entry[w->head++].file);
	if (w->head == w->end)
		w->head = w->end = 0;
}
