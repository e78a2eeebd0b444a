#include "worker_state.h"

#include <err.h>

#include "io.h"
#include "spool_backlog.h"

void
backlog_start(struct worker *w)
{
	if (w->p.max_backlog == 0) {
		(void)io_close(&w->backlog.fd);
		return;
	}
	if (w->backlog.fd != -1)
		return;
	if ((w->backlog.fd = spool_backlog_open(&w->q)) == -1 ||
	    scan_watch(w, SPOOL_NEW, WATCH_CAME | WATCH_GONE) == -1 ||
	    scan_watch(w, SPOOL_LATER, WATCH_CAME | WATCH_GONE | WATCH_TOUCHED) == -1) {
		warn("%s: max-backlog", w->q.word);
		(void)io_close(&w->backlog.fd);
	}
	w->backlog.told = -1;
}

int
backlog_hear(struct worker *w, int number, unsigned what)
{
	int64_t *n = number == w->wd_new ? &w->backlog.in_new : number == w->wd_later ? &w->backlog.in_later : NULL;

	if (n == NULL)
		return 1;
	*n += ((what & WATCH_CAME) != 0) - ((what & WATCH_GONE) != 0);
	return (what & ~(unsigned)WATCH_GONE) != 0;
}

/* Now and then the same number again, so that submitters know that somebody counts. */
void
backlog_tell(struct worker *w)
{
	int64_t waiting = w->backlog.in_new + w->backlog.in_later;

	if (w->backlog.fd == -1 || (waiting == w->backlog.told && io_clock() < w->backlog.told_at + SPOOL_BACKLOG_STALE / 3))
		return;
	if (spool_backlog_tell(w->backlog.fd, waiting) == -1)
		warn("%s: max-backlog", w->q.word);
	w->backlog.told = waiting;
	w->backlog.told_at = io_clock();
}
