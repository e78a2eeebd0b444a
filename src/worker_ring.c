#include "worker_state.h"

#include <err.h>

#include "io.h"
#include "spool_ring.h"

enum { MINUTE = 60 * 1000000, CHEAP = 65536 };

static int
count_one(void *arg, const char *file)
{
	struct id_name name;
	int64_t *n = arg;

	*n += id_parse(file, &name) == 0;
	return *n >= CHEAP;
}

/* Those in later/ that somebody will move at once, since they are due. */
static int64_t
due(const struct worker *w)
{
	const struct window *l = &w->later;
	int64_t now = io_now();
	size_t i = l->head;

	while (i < l->end && l->entry[i].key <= now)
		i++;
	return (int64_t)(i - l->head);
}

/*
 * A large queue is not read for this: the last full scan has counted it, at most a minute ago. A worker that counts knows the
 * number. Else nothing tells what has gone since, but then there is little to read; and where there is more after all, it is
 * what was there and what has come.
 */
static int64_t
ready(struct worker *w)
{
	int64_t n = 0;
	int known = w->backlog.fd != -1 || w->backlog.exact;

	if (!known && w->ring.counted >= CHEAP)
		return w->ring.counted;
	if (!known) {
		if (spool_scan(&w->q, SPOOL_NEW, count_one, &n) == -1)
			return -1;
		if (n < CHEAP)
			return n;
	}
	return w->backlog.in_new > n ? w->backlog.in_new : n;
}

static int64_t
backlog(void *arg)
{
	struct worker *w = arg;
	int64_t n = ready(w);

	return n == -1 ? -1 : n + due(w);
}

void
ring_take(struct worker *w)
{
	int64_t now, clock = io_clock();
	int r = 0;

	if (clock < w->ring.at)
		return;
	now = io_now();
	if (w->ring.at == 0)
		r = spool_ring_mend(&w->q);
	w->ring.at = clock + MINUTE - (now > 0 ? now % MINUTE : 0);
	if (r == 0)
		r = spool_ring_take(&w->q, now, backlog, w);
	if (r == -1 && !w->ring.silent)
		warn("%s/%s: the last hour and day are not kept", w->q.word, spool_dir_name(SPOOL_STAT));
	w->ring.silent = r == -1;
}
