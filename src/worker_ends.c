#include "worker_ends.h"

#include <err.h>
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "io.h"
#include "spool_cancel.h"
#include "spool_cell.h"
#include "worker_state.h"

/*
 * Microseconds: after so long without another end nobody is waited for, and nobody waits longer than that. But while
 * something runs, a step is followed by a rest of what it took, which is at most as long again: if commits came one upon
 * the other, all who claim would wait for the journal, and with the lock on renames in hand.
 */
enum { GAP = 1000, LONGEST = 10000 };

int
ends_start(struct worker *w)
{
	struct worker_ends *e = &w->ends;

	for (; e->spares < WORKER_ENDS_SPARE; e->spares++)
		e->spare[e->spares] = &e->claims[(size_t)w->o->slots + e->spares];
	e->open = &e->round[0];
	e->next = &e->round[1];
	e->last = &e->round[2];
	if (spool_disk_open(&w->q, &e->settler.disk) == -1)
		warn("%s/%s/%s: no commit is shared with other workers", w->q.word, spool_dir_name(SPOOL_STAT), SPOOL_DISK);
	return settler_start(&e->settler);
}

void
ends_stop(struct worker *w)
{
	settler_stop(&w->ends.settler);
	spool_disk_close(&w->ends.settler.disk);
}

struct spool_claim *
ends_put(struct worker *w, struct spool_claim *c, int cancelled)
{
	struct worker_ends *e = &w->ends;
	struct worker_round *r;

	if (e->open->n == WORKER_ENDS_MAX) {
		ends_wait(w);
		ends_settle(w);
	}
	r = e->open;
	if (r->n == 0)
		e->first = e->newest = io_clock();
	r->grouped |= *c->name.group != '\0';
	r->cancelled[r->n] = (char)cancelled;
	r->claim[r->n++] = c;
	return e->spare[--e->spares];
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The next of its group must wait until it is on record. */
static int
is_grouped(const struct worker_ends *e)
{
	return e->open->grouped || e->next->grouped;
}

/* Where nothing runs, or no more have room, none can come; and a disk with faults, or an end that is near, is not to be kept waiting. */
static int
is_urgent(const struct worker *w)
{
	return w->running == 0 || w->hold != 0 || w->stopping || w->broken || w->ends.open->n == WORKER_ENDS_MAX;
}

int64_t
ends_next(const struct worker *w)
{
	const struct worker_ends *e = &w->ends;
	int64_t rested = is_grouped(e) ? 0 : e->rested, all;

	if (e->away || (e->open->n == 0 && e->next->n == 0))
		return INT64_MAX;
	if (is_urgent(w))
		return 0;
	/* What was in the next round waits for those that are still to come, too. */
	all = e->open->n == 0 ? 0 : least(e->newest + GAP, e->first + LONGEST);
	return all > rested ? all : rested;
}

/* These have ended: what that means to this worker. */
static void
take_in(struct worker *w, struct worker_round *r)
{
	struct worker_ends *e = &w->ends;
	size_t i;

	r->grouped = 0;
	for (i = 0; i < r->n; i++) {
		struct spool_claim *c = r->claim[i];

		e->spare[e->spares++] = c;
		if (c->error == 0) {
			if (c->outcome == SPOOL_PUT_BACK)
				continue;
			if (r->cancelled[i])
				spool_cancel_over(&w->q, c->name.id);
			w->hold = 0;
			continue;
		}
		errno = c->error;
		slots_hold(w, c->file);
		if (c->unknown)
			slots_refuse(w, c->name.id);
	}
	while (r->n > 0)
		group_wake(w, r->claim[--r->n]->name.group);
}

/* For ends_ask: after a step, whether it was the last of those. */
static void
answer(struct worker *w)
{
	struct worker_ends *e = &w->ends;

	if (e->asked == 0 || (--e->asked > 0 && ends_any(w)))
		return;
	e->asked = 0;
	w->recover_at = 0;
}

void
ends_ask(struct worker *w, int64_t us)
{
	if (w->recover_at > io_clock() + us)
		w->recover_at = io_clock() + us;
	/* One that is open now is the last in two. */
	w->ends.asked = ends_any(w) ? WORKER_ENDS_ROUNDS : 0;
}

/* The open round is the next one, the next one the last, and of the last nothing is left. */
static void
turn(struct worker_ends *e)
{
	struct worker_round *free = e->last;

	e->last = e->next;
	e->next = e->open;
	e->open = free;
}

static struct spool_settle_round
round_of(const struct worker_round *r)
{
	return (struct spool_settle_round){ .c = r->claim, .n = r->n };
}

void
ends_settle(struct worker *w)
{
	struct worker_ends *e = &w->ends;
	struct spool_settle_round last;
	int64_t now;
	int urgent;

	if (e->away) {
		if (!settler_done(&e->settler))
			return;
		take_in(w, e->last);
		e->away = 0;
		now = io_clock();
		e->rested = now + least(now - e->began, LONGEST);
		answer(w);
	}
	if (ends_next(w) > io_clock())
		return;
	urgent = is_urgent(w) || is_grouped(e);
	turn(e);
	last = round_of(e->last);
	last.urgent = urgent;
	last.refused = w->broken == EX_IOERR;
	settler_step(&e->settler, last, round_of(e->next));
	e->away = 1;
	e->began = io_clock();
}

void
ends_wait(struct worker *w)
{
	if (w->ends.away)
		settler_wait(&w->ends.settler);
}

int
ends_any(const struct worker *w)
{
	return w->ends.open->n > 0 || w->ends.next->n > 0 || w->ends.away;
}

int
ends_have(const struct worker *w, const char *file)
{
	size_t i, k;

	for (k = 0; k < WORKER_ENDS_ROUNDS; k++)
		for (i = 0; i < w->ends.round[k].n; i++)
			if (strcmp(w->ends.round[k].claim[i]->file, file) == 0)
				return 1;
	return 0;
}
