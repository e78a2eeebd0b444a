#include "worker_state.h"

#include <err.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_cancel.h"
#include "spool_outbox.h"

enum {
	SECOND = 1000000,
	SCAN_EVERY = 60 * SECOND,     /* nothing should be missed; if something is, not for long */
	RECOVER_EVERY = 5 * SECOND,
	QUIET = SECOND,               /* workers that look at each other's jobs hear each other do so */
	SOON = SECOND / 20            /* a close or a rename is told a moment before the lock is given up */
};

/* Microseconds since 1970. */
static int64_t
submitted(const struct worker *w, const struct id_name *name, const char *file)
{
	struct stat st;

	if (name->time != -1)
		return name->time;
	return spool_stat(&w->q, SPOOL_NEW, file, &st) == -1 ? io_now() : io_time(st.st_mtim);
}

/* Submission time, moved by what the priority is worth: no job waits for ever behind more urgent ones. */
static int64_t
urgency(const struct worker *w, const struct id_name *name, int64_t time)
{
	/* Within a group only the order of submission counts. */
	return *name->group != '\0' ? time : time + (name->priority - ID_PRIORITY_DEFAULT) * w->p.aging;
}

static int
add_ready(void *arg, const char *file)
{
	struct worker *w = arg;
	struct id_name name;
	int64_t time;

	if (id_parse(file, &name) == -1)
		return 0;
	time = submitted(w, &name, file);
	w->backlog.in_new++;
	if (backlog_met(w, &name, time, file, window_add) == -1)
		return -1;
	if (*name.group != '\0')
		return group_add(w, name.group, urgency(w, &name, time), file);
	return window_add(&w->ready, urgency(w, &name, time), file);
}

/* A name that has just come. */
static void
came(struct worker *w, const struct id_name *name, const char *file)
{
	int64_t time = submitted(w, name, file), key = urgency(w, name, time);
	int r = backlog_met(w, name, time, file, window_insert);

	cursor_came(w, key, name);
	if (r == 0)
		r = *name->group != '\0' ? group_insert(w, name->group, key, file) : window_insert(&w->ready, key, file);
	if (r == -1)
		w->scan_at = 0;
}

/* 0: it has gone. One that cannot be asked for its time is asked again when it is to be moved. */
static int
due_time(const struct worker *w, const char *file, int64_t *due)
{
	struct stat st;

	*due = io_now();
	if (spool_stat(&w->q, SPOOL_LATER, file, &st) == -1)
		return errno != ENOENT;
	*due = io_time(st.st_mtim);
	return 1;
}

static int
add_later(void *arg, const char *file)
{
	struct worker *w = arg;
	struct id_name name;
	int64_t due;

	if (id_parse(file, &name) == -1 || !due_time(w, file, &due))
		return 0;
	w->backlog.in_later++;
	return window_add(&w->later, due, file);
}

static int
scan_new(struct worker *w)
{
	backlog_scan(w);
	cursor_scan(w);
	window_clear(&w->ready);
	window_lines_clear(&w->lines);
	window_clear(&w->stalled);
	w->scanned_at = io_clock();
	if (spool_scan(&w->q, SPOOL_NEW, add_ready, w) == -1 || group_seal(w) == -1)
		return -1;
	w->ring.counted = w->backlog.in_new;
	window_seal(&w->ready);
	window_seal(&w->backlog.old);
	/* A scan may have missed what came while it ran, but not what came after that. */
	scan_hear(w);
	cursor_scanned(w);
	/* What was lost meanwhile is found a second later: at once, a large and busy queue would be read for ever. */
	w->torn = w->scan_at == 0;
	if (w->torn)
		w->scan_at = io_clock() + SECOND;
	backlog_scanned(w);
	return 0;
}

static int
scan_later(struct worker *w)
{
	window_clear(&w->later);
	w->backlog.in_later = 0;
	if (spool_scan(&w->q, SPOOL_LATER, add_later, w) == -1)
		return -1;
	window_seal(&w->later);
	return 0;
}

static int
is_own(const struct worker *w, const char *file)
{
	int i;

	for (i = 0; i < w->o->slots; i++)
		if (w->slot[i].busy && strcmp(w->claim[i]->file, file) == 0)
			return 1;
	return ends_have(w, file);
}

static int
recover_one(void *arg, const char *file)
{
	struct worker *w = arg;
	int r;

	if (is_own(w, file))
		return 0;
	r = spool_recover(&w->q, file, &w->p);
	if (r == 2)
		w->quiet_until = io_clock() + QUIET;
	if (r == -1 && errno != ENOENT)
		warn("%s/%s/%s", w->q.word, spool_dir_name(SPOOL_CUR), file);
	else if (r == 3)
		slots_refuse(w, file);
	return 0;
}

/* A mark of wqw-cancel's. Another worker's job is left to that one. */
static int
cancel_one(void *arg, const char *id)
{
	struct worker *w = arg;

	if (!slots_cancel(w, id) && spool_cancel_mend(&w->q, id) == -1)
		warn("%s/%s: cancelling it", w->q.word, id);
	return 0;
}

static void
recover_outboxes(struct worker *w)
{
	int r = spool_outbox_recover(&w->q);

	if (r == -1 && errno != ENOENT)
		warn("%s/%s: what follows from a dead letter", w->q.word, spool_dir_name(SPOOL_TMP));
	else if (r == -2)
		slots_refuse(w, spool_dir_name(SPOOL_FAILED));
}

static void
recover_batches(struct worker *w)
{
	int r = spool_batch_recover(&w->q);

	if (r == -1)
		warn("%s/%s: batches", w->q.word, spool_dir_name(SPOOL_KEYS));
	else if (r == -2)
		slots_refuse(w, spool_dir_name(SPOOL_KEYS));
}

/* Looking at a file that another has locked ends in a close, too, which must not make this worker look again for ever. */
static int
scan_cur(struct worker *w)
{
	int r;

	w->recover_at = io_clock() + RECOVER_EVERY;
	r = spool_scan(&w->q, SPOOL_CUR, recover_one, w);
	w->deaf = 1;
	scan_hear(w);
	w->deaf = 0;
	if (r == -1)
		return -1;
	recover_outboxes(w);
	/* Last: a mark of which nothing was heard is seen. */
	return spool_scan_cancelled(&w->q, cancel_one, w);
}

int
scan_again(struct worker *w)
{
	int64_t now = io_clock();
	int all = now >= w->scan_at;

	if (all) {
		w->scan_at = now + SCAN_EVERY;
		w->paused = spool_paused(&w->q);
		if (spool_sweep(&w->q) == -1)
			return -1;
		group_sweep(w);
		backlog_start(w);
	}
	if ((all || now >= w->recover_at) && scan_cur(w) == -1)
		return -1;
	if (all)
		recover_batches(w);
	if ((all || (w->later.cut && window_least(&w->later) == NULL)) && scan_later(w) == -1)
		return -1;
	if ((all || (w->ready.cut && window_least(&w->ready) == NULL) || group_hungry(w) || now >= cursor_look(w)) &&
	    scan_new(w) == -1)
		return -1;
	return 0;
}

int
scan_watch(struct worker *w, enum spool_dir d, unsigned what)
{
	int fd = spool_open_dir(&w->q, d), wd;

	if (fd == -1)
		return -1;
	wd = watch_add(&w->watch, fd, what);
	(void)io_close(&fd);
	return wd;
}

int
scan_start(struct worker *w)
{
	if (watch_open(&w->watch) == -1 || (w->wd_new = scan_watch(w, SPOOL_NEW, WATCH_CAME)) == -1 ||
	    (w->wd_later = scan_watch(w, SPOOL_LATER, WATCH_CAME | WATCH_TOUCHED)) == -1 ||
	    (w->wd_cur = scan_watch(w, SPOOL_CUR, WATCH_CLOSED)) == -1 ||
	    (w->wd_queue = watch_add(&w->watch, w->q.fd, WATCH_CAME | WATCH_GONE)) == -1)
		return -1;
	w->scan_at = 0;
	return scan_again(w);
}

/* Only where somebody waits for it: each job that ends wakes whoever listens. */
void
scan_hear_ends(struct worker *w)
{
	if (w->hears_ends)
		return;
	w->hears_ends = 1;
	if (scan_watch(w, SPOOL_CUR, WATCH_CLOSED | WATCH_GONE) == -1)
		warn("%s/%s", w->q.word, spool_dir_name(SPOOL_CUR));
}

/* The same of tokens: the periodic look does without. */
void
scan_hear_tokens(struct worker *w)
{
	if ((w->wd_stat = scan_watch(w, SPOOL_STAT, WATCH_WRITTEN)) == -1)
		warn("%s/%s", w->q.word, spool_dir_name(SPOOL_STAT));
}

static void
hear_cur(struct worker *w, const char *file)
{
	int r;

	if (w->deaf || w->broken || is_own(w, file))
		return;
	if (io_clock() < w->quiet_until) {
		if (w->recover_at > w->quiet_until)
			w->recover_at = w->quiet_until;
		return;
	}
	r = spool_recover(&w->q, file, &w->p);
	if (r == 2)
		w->quiet_until = w->recover_at = io_clock() + SOON;
	else if (r == 3)
		slots_refuse(w, file);
}

/* Where the job has just left its slot, the mark is looked at again. */
static void
hear_cancel(struct worker *w, const char *id)
{
	if (!slots_cancel(w, id))
		ends_ask(w, SOON);
}

void
scan_aside(struct worker *w, const char *file)
{
	if (window_insert(&w->aside, io_clock() + SOON, file) == -1)
		w->scan_at = 0;
}

/* Whoever had the lock has claimed the job, or has let it go. */
static void
look_aside(struct worker *w)
{
	const struct window_entry *e;
	struct id_name name;
	struct stat st;

	while ((e = window_least(&w->aside)) != NULL && e->key <= io_clock()) {
		if ((spool_stat(&w->q, SPOOL_NEW, e->file, &st) == 0 || errno != ENOENT) && id_parse(e->file, &name) == 0) {
			w->cursor.stray = w->cursor.left;
			came(w, &name, e->file);
		}
		window_pop(&w->aside);
	}
}

static void
hear(void *arg, int number, unsigned what, const char *file)
{
	struct worker *w = arg;
	struct id_name name;
	int64_t due;
	int r = 0;

	if (what & WATCH_AGAIN)
		w->scan_at = w->backlog.exact = 0;
	else if (number == w->wd_queue)
		w->paused = spool_paused(&w->q);
	else if (number == w->wd_stat)
		limit_hear(w, file);
	else if (number == w->wd_cur && (what & WATCH_CLOSED) && spool_cancel_mark(file) != NULL)
		hear_cancel(w, spool_cancel_mark(file));
	else if (id_parse(file, &name) == -1 || !backlog_hear(w, number, what))
		return;
	else if (number == w->wd_new)
		came(w, &name, file);
	else if (number == w->wd_later && due_time(w, file, &due))
		r = window_insert(&w->later, due, file);
	else if (number == w->wd_cur) {
		if (what & WATCH_CLOSED)
			hear_cur(w, file);
		if (what & WATCH_GONE)
			group_wake(w, name.group);
	}
	if (r == -1)
		w->scan_at = 0;
}

void
scan_hear(struct worker *w)
{
	if (watch_drain(&w->watch, hear, w) == -1)
		w->scan_at = 0;
}

void
scan_promote(struct worker *w)
{
	const struct window_entry *e;
	int64_t now = io_now(), due;

	look_aside(w);
	group_look(w);
	while ((e = window_least(&w->later)) != NULL && e->key <= now) {
		if (spool_promote(&w->q, e->file, now, &due) == -1) {
			warn("%s/%s/%s", w->q.word, spool_dir_name(SPOOL_LATER), e->file);
			w->scan_at = io_clock() + RECOVER_EVERY;
		} else if (due != 0 && window_insert(&w->later, due, e->file) == -1)
			w->scan_at = 0;
		window_pop(&w->later);
	}
}

static int
any_job(void *arg, const char *file)
{
	struct id_name name;

	(void)arg;
	return id_parse(file, &name) == 0;
}

/* What is held back waits for an operator, and not for this worker. */
static int
any_due_job(void *arg, const char *file)
{
	const struct worker *w = arg;
	struct stat st;

	return any_job(NULL, file) && (spool_stat(&w->q, SPOOL_LATER, file, &st) == -1 || !spool_held(&st));
}

int
scan_nothing_left(struct worker *w)
{
	static const enum spool_dir dirs[] = { SPOOL_NEW, SPOOL_LATER, SPOOL_CUR, SPOOL_NEW, SPOOL_LATER, SPOOL_CUR };
	size_t i;

	if (w->running > 0 || window_least(&w->ready) != NULL || window_least(&w->aside) != NULL)
		return 0;
	scan_hear_ends(w);
	/* Twice: a job may move to a directory that was just seen empty. */
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (spool_scan(&w->q, dirs[i], dirs[i] == SPOOL_LATER ? any_due_job : any_job, w) != 0)
			return 0;
	return 1;
}

int64_t
scan_next(const struct worker *w)
{
	const struct window_entry *e = window_least(&w->later);
	int64_t at = w->scan_at < w->recover_at ? w->scan_at : w->recover_at, wait;

	if (window_least(&w->aside) != NULL && window_least(&w->aside)->key < at)
		at = window_least(&w->aside)->key;
	if (window_least(&w->stalled) != NULL && window_least(&w->stalled)->key < at)
		at = window_least(&w->stalled)->key;
	if ((w->lines.hungry > 0 || w->lines.more) && w->scanned_at + SECOND < at)
		at = w->scanned_at + SECOND;
	if (w->ready.cut && window_least(&w->ready) == NULL && window_least(&w->stalled) == NULL)
		at = 0;
	if (cursor_look(w) < at)
		at = cursor_look(w);
	if (limit_next(w) < at)
		at = limit_next(w);
	if (e != NULL) {
		wait = e->key - io_now();
		if (io_clock() + wait < at)
			at = io_clock() + (wait > 0 ? wait : 0);
	}
	return at;
}
