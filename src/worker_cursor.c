#include "worker_cursor.h"

#include <err.h>

#include "io.h"
#include "spool_cell.h"
#include "worker_state.h"

enum { SECOND = 1000000, SHARE = 20 };   /* looking takes one in so many seconds at the most */

void
cursor_start(struct worker *w)
{
	if (spool_cell_open(&w->q, SPOOL_CURSOR, &w->cursor.at) == -1)
		warn("%s/%s/%s: workers are in each other's way", w->q.word, spool_dir_name(SPOOL_STAT), SPOOL_CURSOR);
}

void
cursor_stop(struct worker *w)
{
	spool_cell_close(&w->cursor.at);
}

static int64_t
load(const struct worker_cursor *c)
{
	return c->at == NULL ? INT64_MIN : __atomic_load_n(c->at, __ATOMIC_RELAXED);
}

void
cursor_scan(struct worker *w)
{
	w->cursor.base = load(&w->cursor);
	w->cursor.left = 0;
}

void
cursor_scanned(struct worker *w)
{
	w->cursor.cost = io_clock() - w->scanned_at;
}

/*
 * Where it stands among all; -1: what stands nowhere is tried by all. Who has a group has its turn, which others do not take; and
 * many that do not tell their time may have come in one tick of the file system's clock.
 */
static int64_t
place(int64_t key, const struct id_name *name)
{
	if (*name->group != '\0' || name->time == -1 || key < 0 || key > INT64_MAX / ID_RANKS - 1)
		return -1;
	return key * ID_RANKS + id_rank(name->id);
}

/* -1: it is for all, or has been there since the cursor was at the base. */
static int64_t
place_of(const struct worker *w, const struct window_entry *e)
{
	struct id_name name;
	int64_t at = w->cursor.at == NULL || id_parse(e->file, &name) == -1 ? -1 : place(e->key, &name);

	return at <= w->cursor.base ? -1 : at;
}

/* Drops what others went for. *at is where the least that is left stands. */
static const struct window_entry *
skip(struct worker *w, int64_t *at)
{
	const struct window_entry *e;
	int64_t now = load(&w->cursor);

	while ((e = window_least(&w->ready)) != NULL && (*at = place_of(w, e)) != -1 &&
	    (*at < now || (*at == now && *at != w->cursor.own))) {
		window_pop(&w->ready);
		w->cursor.left = 1;
		w->cursor.left_at = io_clock();
	}
	return e;
}

void
cursor_came(struct worker *w, int64_t key, const struct id_name *name)
{
	int64_t now = load(&w->cursor), at = place(key, name);

	if (at == -1 || at > now || at <= w->cursor.base)
		return;
	(void)skip(w, &at);
	w->cursor.base = now;
}

const struct window_entry *
cursor_next(struct worker *w)
{
	struct worker_cursor *c = &w->cursor;
	const struct window_entry *e;
	int64_t at, now;

	while ((e = skip(w, &at)) != NULL && at != -1) {
		now = load(c);
		if (now <= at && __atomic_compare_exchange_n(c->at, &now, at, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			c->own = at;
			break;
		}
	}
	return e;
}

int64_t
cursor_look(const struct worker *w)
{
	const struct worker_cursor *c = &w->cursor;

	if (!c->left || window_least(&w->ready) != NULL)
		return INT64_MAX;
	return c->left_at + (c->cost > SECOND / SHARE ? c->cost * SHARE : SECOND);
}
