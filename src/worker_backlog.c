#include "worker_state.h"

#include <err.h>
#include <errno.h>

#include "io.h"
#include "spool_backlog.h"
#include "spool_waiting.h"

enum { SECOND = 1000000, SHOW_EVERY = SECOND / 10, AGAIN_MAX = 4, OLD_MAX = 4096 };

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
	w->backlog.changed = io_clock();
	if (number == w->wd_new)
		w->backlog.heard = 1;
	*n += ((what & WATCH_CAME) != 0) - ((what & WATCH_GONE) != 0);
	return (what & ~(unsigned)WATCH_GONE) != 0;
}

int
backlog_met(struct worker *w, const struct id_name *name, int64_t time, const char *file,
    int (*keep)(struct window *, int64_t, const char *))
{
	if (*name->group != '\0' || name->priority != ID_PRIORITY_DEFAULT)
		w->backlog.mixed = 1;
	return w->backlog.keeps ? keep(&w->backlog.old, time, file) : 0;
}

void
backlog_scan(struct worker *w)
{
	struct worker_backlog *b = &w->backlog;

	/* What has come before is no news to a count that begins now. */
	if (b->fd != -1 || b->shown != -1)
		scan_hear(w);
	b->in_new = b->heard = 0;
	window_clear(&b->old);
	b->old.max = OLD_MAX;
	b->keeps = b->mixed && b->shown != -1;
	b->mixed = 0;
	b->exact = b->shown != -1;
}

/* Once: the next scan tries again. */
static void
complain(struct worker *w)
{
	if (!w->backlog.silent)
		warn("%s/%s: nobody is told how many wait", w->q.word, spool_dir_name(SPOOL_STAT));
	w->backlog.silent = 1;
}

/* Of what came or went while it read new/ nobody knows whether it has read that, too: it reads again, a few times. */
static void
read_again(struct worker *w)
{
	struct worker_backlog *b = &w->backlog;

	b->changed = io_clock();
	b->again = b->heard && b->again < AGAIN_MAX ? b->again + 1 : 0;
	if (b->again > 0 && w->scan_at > b->changed + cursor_pause(w))
		w->scan_at = b->changed + cursor_pause(w);
}

/* To count, it must have heard of each that has gone since its scan began: it scans once more, soon. */
void
backlog_scanned(struct worker *w)
{
	struct worker_backlog *b = &w->backlog;

	if (b->shown != -1)
		read_again(w);
	if (b->shown != -1 || b->in_new < SPOOL_WAITING_LARGE)
		return;
	if ((b->shown = spool_waiting_open(&w->q)) != -1 && scan_watch(w, SPOOL_NEW, WATCH_CAME | WATCH_GONE) == -1)
		(void)io_close(&b->shown);
	if (b->shown == -1) {
		if (errno != EWOULDBLOCK)
			complain(w);
	} else if (w->scan_at > io_clock() + SECOND)
		w->scan_at = io_clock() + SECOND;
}

int64_t
backlog_next(const struct worker *w)
{
	const struct worker_backlog *b = &w->backlog;

	return b->exact && b->shown_at < b->changed + SPOOL_WAITING_REST ? b->shown_at + SHOW_EVERY : INT64_MAX;
}

/* The key of the least that is still there; -1: none is. */
static int64_t
least_there(const struct worker *w, struct window *names)
{
	const struct window_entry *e;
	struct stat st;

	while ((e = window_least(names)) != NULL && spool_stat(&w->q, SPOOL_NEW, e->file, &st) == -1 && errno == ENOENT)
		window_pop(names);
	return e == NULL ? -1 : e->key;
}

/*
 * The submission of the oldest; -1: not known. Where all are alike that is the most urgent one; else the oldest of a scan are
 * kept, and when all these have gone, another scan is due.
 */
static int64_t
oldest(struct worker *w)
{
	struct worker_backlog *b = &w->backlog;
	int64_t time;

	if (!b->mixed)
		return w->cursor.stray || window_least(&w->aside) != NULL ? -1 : least_there(w, &w->ready);
	time = b->keeps ? least_there(w, &b->old) : -1;
	if (time == -1 && b->in_new >= SPOOL_WAITING_LARGE && w->scan_at > w->scanned_at + cursor_pause(w))
		w->scan_at = w->scanned_at + cursor_pause(w);
	return time;
}

/* What it hears may be a job, so it comes before the slots are filled. */
static void
show(struct worker *w)
{
	struct worker_backlog *b = &w->backlog;
	struct spool_waiting waiting;

	b->shown_at = io_clock();
	spool_waiting_begin(&w->q, SPOOL_NEW, &waiting);
	scan_hear(w);
	if (!b->exact)
		return;
	waiting.jobs = b->in_new;
	waiting.oldest = oldest(w);
	if (spool_waiting_tell(b->shown, &waiting) == -1) {
		complain(w);
		(void)io_close(&b->shown);
		b->exact = 0;
	}
}

/* Now and then the same number again, so that submitters know that somebody counts. */
void
backlog_tell(struct worker *w)
{
	int64_t waiting;

	if (backlog_next(w) <= io_clock())
		show(w);
	waiting = w->backlog.in_new + w->backlog.in_later;
	if (w->backlog.fd == -1 || (waiting == w->backlog.told && io_clock() < w->backlog.told_at + SPOOL_BACKLOG_STALE / 3))
		return;
	if (spool_backlog_tell(w->backlog.fd, waiting) == -1)
		warn("%s: max-backlog", w->q.word);
	w->backlog.told = waiting;
	w->backlog.told_at = io_clock();
}
