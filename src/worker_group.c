#include "worker_state.h"

#include <errno.h>
#include <string.h>

#include "io.h"
#include "spool_group.h"

/*
 * The first name of each line that is not stalled is in `ready` as well, where it competes with what has no group. One in
 * `ready` that is no longer the first is passed over.
 */

enum { SECOND = 1000000, SOON = SECOND / 50, SWEEP_EVERY = 3600 };

int
group_add(struct worker *w, const char *group, int64_t key, const char *file)
{
	return window_line_add(&w->lines, group, key, file);
}

static int
to_ready(void *arg, struct window_line *line)
{
	struct worker *w = arg;
	const struct window_entry *e = window_least(&line->names);

	return window_add(&w->ready, e->key, e->file);
}

int
group_seal(struct worker *w)
{
	window_lines_seal(&w->lines);
	return window_lines_each(&w->lines, to_ready, w);
}

static void
make_ready(struct worker *w, struct window_line *line)
{
	const struct window_entry *e = window_least(&line->names);

	line->stalled = 0;
	if (e != NULL && window_insert(&w->ready, e->key, e->file) == -1)
		w->scan_at = 0;
}

int
group_insert(struct worker *w, const char *group, int64_t key, const char *file)
{
	struct window_line *line;
	int r = window_line_insert(&w->lines, group, key, file, &line);

	if (r == 1)
		make_ready(w, line);
	return r == -1 ? -1 : 0;
}

/* Looks that only make sure take their time where many groups wait: the end of a job tells, nearly always. */
static void
stall(struct worker *w, struct window_line *line, int64_t us)
{
	int64_t spread = (int64_t)(w->stalled.end - w->stalled.head) * 1000;

	line->stalled = 1;
	line->look_at = io_clock() + us + (us < SECOND ? 0 : spread);
	if (window_insert(&w->stalled, line->look_at, line->group) == -1)
		w->scan_at = 0;
}

static void
stall_until_end(struct worker *w, struct window_line *line)
{
	scan_hear_ends(w);
	stall(w, line, SECOND);
}

static int
claim_in_turn(struct worker *w, struct window_line *line, const char *file, struct spool_claim *c)
{
	int turn, r = spool_group_enter(&w->q, file, &w->p, &turn), saved;

	if (r == 1) {
		if ((r = spool_claim(&w->q, file, &w->p, c)) != 2 && r != -1)
			w->after = line;
		else
			stall(w, line, SOON);
		spool_group_leave(&turn);
		return r == 2 ? 0 : r;
	}
	if (r == 0)
		stall_until_end(w, line);
	else if (r == 3)
		w->after = line;
	else {
		saved = errno;
		stall(w, line, SOON);
		errno = saved;
	}
	return r == -1 ? -1 : 0;
}

int
group_claim(struct worker *w, const char *file, struct spool_claim *c)
{
	const struct window_entry *e;
	struct window_line *line;
	struct id_name name;

	w->after = NULL;
	if (id_parse(file, &name) == -1 || *name.group == '\0')
		return spool_claim(&w->q, file, &w->p, c);
	line = window_line_find(&w->lines, name.group);
	if (line == NULL || line->stalled || (e = window_least(&line->names)) == NULL || strcmp(e->file, file) != 0)
		return 0;
	if (w->torn) {
		stall(w, line, SECOND);
		return 0;
	}
	return claim_in_turn(w, line, file, c);
}

void
group_move_on(struct worker *w, int claimed)
{
	struct window_line *line = w->after;

	w->after = NULL;
	if (line == NULL || (line = window_line_pop(&w->lines, line)) == NULL)
		return;
	if (claimed && w->p.group_limit == 1)
		stall_until_end(w, line);
	else
		make_ready(w, line);
}

void
group_wake(struct worker *w, const char *group)
{
	struct window_line *line = *group == '\0' ? NULL : window_line_find(&w->lines, group);

	if (line != NULL && line->stalled)
		make_ready(w, line);
}

void
group_look(struct worker *w)
{
	const struct window_entry *e;
	struct window_line *line;

	while ((e = window_least(&w->stalled)) != NULL && e->key <= io_clock()) {
		line = window_line_find(&w->lines, e->file);
		if (line != NULL && line->stalled && line->look_at == e->key)
			make_ready(w, line);
		window_pop(&w->stalled);
	}
}

int
group_hungry(const struct worker *w)
{
	const struct window_lines *l = &w->lines;
	int idle = window_least(&w->ready) == NULL;

	if (l->hungry == 0 && !l->more)
		return 0;
	return l->hungry * 4 > l->n || (l->hungry > 0 && idle) || (idle && io_clock() - w->scanned_at >= SECOND);
}

void
group_sweep(struct worker *w)
{
	if (w->lines.n == 0 && !w->hears_ends)
		return;
	if (io_clock() - w->swept_at < (int64_t)SWEEP_EVERY * SECOND)
		return;
	w->swept_at = io_clock();
	(void)spool_group_sweep(&w->q, &w->p);
}
