#include "worker_cursor.h"

#include <err.h>

#include "io.h"
#include "spool_cell.h"
#include "worker_state.h"

/*
 * FEW: names that are tried all the same, or of those left in a SOON are looked at again; looking for what was left takes a
 * SHARE-th of the time at most.
 */
enum { SECOND = 1000000, MINUTE = 60 * SECOND, SOON = SECOND / 20, FEW = 4, SHARE = 20 };

void
cursor_start(struct worker *w)
{
	if (spool_cell_open(&w->q, SPOOL_CURSOR, 1, &w->cursor.at) == -1)
		warn("%s/%s/%s: workers are in each other's way", w->q.word, spool_dir_name(SPOOL_STAT), SPOOL_CURSOR);
}

void
cursor_stop(struct worker *w)
{
	spool_cell_close(&w->cursor.at, 1);
}

static int64_t
load(const struct worker_cursor *c)
{
	return c->at == NULL ? INT64_MIN : __atomic_load_n(c->at, __ATOMIC_RELAXED);
}

/* A job of the future, or one of little urgency, has moved it beyond all that will come. */
static void
lower(struct worker_cursor *c)
{
	int64_t now = load(c), most = (io_now() + SECOND) * ID_RANKS;

	if (c->at != NULL && now > most)
		(void)__atomic_compare_exchange_n(c->at, &now, most, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void
cursor_scan(struct worker *w)
{
	lower(&w->cursor);
	w->cursor.base = load(&w->cursor);
	w->cursor.left = w->cursor.stray = 0;
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

static int
is_few(const struct worker *w)
{
	return w->ready.end - w->ready.head <= FEW;
}

/*
 * Others went for it. Mostly they have it; who had not heard of all that came may have gone for a later one first, so a few at a
 * time are looked at again soon, and the others by a scan.
 */
static void
leave(struct worker *w, const struct window_entry *e)
{
	struct worker_cursor *c = &w->cursor;
	int64_t now = io_clock();

	if (!c->left)
		c->left_at = now;
	c->left = 1;
	if (now >= c->asked_at + SOON) {
		c->asked_at = now;
		c->asked = 0;
	}
	if (c->asked++ < FEW)
		scan_aside(w, e->file);
	window_pop(&w->ready);
}

/* Leaves what others went for; *now is where the cursor was, and *at where the least stands that is not left. */
static const struct window_entry *
skip(struct worker *w, int64_t *at, int64_t *now)
{
	const struct window_entry *e;

	*now = load(&w->cursor);
	while ((e = window_least(&w->ready)) != NULL && (*at = place_of(w, e)) != -1 && !is_few(w) &&
	    (*at < *now || (*at == *now && *at != w->cursor.own)))
		leave(w, e);
	return e;
}

void
cursor_came(struct worker *w, int64_t key, const struct id_name *name)
{
	int64_t now = load(&w->cursor), at = place(key, name);

	if (at == -1 || at > now || at <= w->cursor.base)
		return;
	(void)skip(w, &at, &now);
	w->cursor.base = now;
}

const struct window_entry *
cursor_next(struct worker *w)
{
	struct worker_cursor *c = &w->cursor;
	const struct window_entry *e;
	int64_t at, now;

	while ((e = skip(w, &at, &now)) != NULL && at != -1 && at > now)
		if (__atomic_compare_exchange_n(c->at, &now, at, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			c->own = at;
			break;
		}
	return e;
}

int64_t
cursor_pause(const struct worker *w)
{
	const struct worker_cursor *c = &w->cursor;

	return c->cost <= SECOND / SHARE ? SECOND : c->cost < MINUTE / SHARE ? c->cost * SHARE : MINUTE;
}

/* What is left and not taken may be more urgent than all that is known. */
int64_t
cursor_look(const struct worker *w)
{
	const struct worker_cursor *c = &w->cursor;

	if (c->stray)
		return w->scanned_at + cursor_pause(w);
	return !c->left || window_least(&w->ready) != NULL ? INT64_MAX : c->left_at + cursor_pause(w);
}
