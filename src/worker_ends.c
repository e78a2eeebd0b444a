#include "worker_ends.h"

#include <errno.h>
#include <string.h>

#include "io.h"
#include "spool_cancel.h"
#include "worker_state.h"

/* Microseconds: after so long without another end nobody is waited for, and nobody waits longer than that. */
enum { GAP = 1000, LONGEST = 10000 };

static void
settle(struct worker *w)
{
	struct worker_ends *e = &w->ends;
	size_t i;

	(void)spool_settle(e->claim, e->n);
	for (i = 0; i < e->n; i++) {
		struct spool_claim *c = e->claim[i];

		e->spare[e->spares++] = c;
		if (c->error == 0) {
			if (e->cancelled[i])
				spool_cancel_over(&w->q, c->name.id);
			if (c->outcome != SPOOL_PUT_BACK)
				w->hold = 0;
			continue;
		}
		errno = c->error;
		slots_hold(w, c->file);
		if (c->unknown)
			slots_refuse(w, c->name.id);
	}
	while (e->n > 0)
		group_wake(w, e->claim[--e->n]->name.group);
}

void
ends_start(struct worker *w)
{
	struct worker_ends *e = &w->ends;

	for (; e->spares < WORKER_ENDS_MAX; e->spares++)
		e->spare[e->spares] = &e->claims[(size_t)w->o->slots + e->spares];
}

struct spool_claim *
ends_put(struct worker *w, struct spool_claim *c, int cancelled)
{
	struct worker_ends *e = &w->ends;

	if (e->n == WORKER_ENDS_MAX)
		settle(w);
	if (e->n == 0)
		e->first = e->last = io_clock();
	e->cancelled[e->n] = (char)cancelled;
	e->claim[e->n++] = c;
	return e->spare[--e->spares];
}

/* Where nothing runs none can come; and a disk with faults, or an end that is near, is not to be kept waiting. */
int64_t
ends_next(const struct worker *w)
{
	const struct worker_ends *e = &w->ends;

	if (e->n == 0)
		return INT64_MAX;
	if (w->running == 0 || w->hold != 0 || w->stopping || w->broken || e->n == WORKER_ENDS_MAX)
		return 0;
	return e->last + GAP < e->first + LONGEST ? e->last + GAP : e->first + LONGEST;
}

void
ends_settle(struct worker *w)
{
	if (ends_next(w) <= io_clock())
		settle(w);
}

int
ends_have(const struct worker *w, const char *file)
{
	size_t i;

	for (i = 0; i < w->ends.n; i++)
		if (strcmp(w->ends.claim[i]->file, file) == 0)
			return 1;
	return 0;
}
