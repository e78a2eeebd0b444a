#include "spool_claim.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_bury.h"
#include "spool_cancel.h"
#include "spool_count.h"
#include "spool_expiry.h"
#include "spool_outbox.h"
#include "spool_path.h"
#include "spool_progress.h"

enum { TMP_HOURS = 36, LOCKED_PAUSE = 50000 };

/* What opening says of a symbolic link, a socket, a device, a file of another; all other errors are faults of ours. */
static int
is_no_job(int error)
{
	return error == ELOOP || error == ENXIO || error == ENODEV || error == EACCES || error == EPERM;
}

/* 1: locked, and the name still leads to it; 0: it has gone; 2: another has the lock; -1: a fault of ours. */
static int
lock(const struct spool *q, enum spool_dir d, const char *file, int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? 2 : -1;
	return spool_same(q, d, file, fd);
}

/*
 * Opens and locks the file of a job in new/ or cur/. 1: it is ours, with its stat(2); 0: gone, or no job and therefore
 * buried; 2: another has the lock; -1: a fault of ours.
 */
static int
take(const struct spool *q, enum spool_dir d, const char *file, const struct id_name *name, int *fd, struct stat *st)
{
	const char *why = "malformed: not a regular file";
	int r;

	*fd = spool_open_file(q, d, file, O_RDONLY);
	if (*fd == -1 && !is_no_job(errno))
		return errno == ENOENT ? 0 : -1;
	if (*fd == -1) {
		if (errno == EACCES || errno == EPERM)
			why = "malformed: the worker may not read it";
	} else if ((r = fstat(*fd, st)) == -1 || S_ISREG(st->st_mode)) {
		if (r == 0)
			r = lock(q, d, file, *fd);
		if (r != 1)
			(void)io_close(fd);
		return r;
	}
	(void)io_close(fd);
	return spool_bury(q, d, file, name, ID_MALFORMED, why) == -1 && errno != ENOENT ? -1 : 0;
}

/* The attempt that a record is of: its outbox is the one that counts. */
static int
record_name(const char *record, enum spool_dir where, int fd, struct id_name *name)
{
	struct job_header h;
	int64_t attempt;

	if (id_parse(record, name) == -1)
		return -1;
	if (where == SPOOL_DONE && job_read(fd, &h, NULL) == 0 && (attempt = job_number(&h, "Attempt")) != -1 &&
	    attempt <= ID_ATTEMPTS_MAX)
		name->attempts = (int)attempt;
	return 0;
}

static int
follow_up(const struct spool *q, enum spool_dir where, const struct id_name *name)
{
	enum spool_outbox kind = where == SPOOL_DONE ? SPOOL_IF_DONE : SPOOL_IF_FAILED;
	int out = spool_outbox_open(q, kind, name), r;

	if (out == -1)
		return errno == ENOENT ? 1 : -1;
	if ((r = spool_outbox_deliver(out, 1)) == 0)
		return spool_outbox_remove(q, kind, name, &out) == -1 ? -1 : 1;
	(void)io_close(&out);
	return r == -2 ? 3 : -1;
}

static int
leave_batch(const struct spool *q, enum spool_dir d, const char *file, enum spool_dir where, const char *id)
{
	int r = spool_batch_ended_file(q, d, file, id, where == SPOOL_DONE);

	return r == 0 ? 1 : r == -2 ? 3 : -1;
}

/*
 * The job's end is on record, so only what a crash left undone remains: make the record durable, let follow what follows
 * from it, drop the rest. 3: an fsync failed.
 */
static int
tidy(const struct spool *q, enum spool_dir d, const char *file, enum spool_dir where, const char *record)
{
	struct id_name name;
	int fd = -1, r;

	if (where == SPOOL_DONE && (fd = spool_open_file(q, where, record, O_RDONLY)) == -1)
		return -1;
	if ((fd != -1 && io_sync(fd) == -1) || spool_sync(q, where, fd) == -1)
		r = 3;
	else if (record_name(record, where, fd, &name) == -1)
		r = -1;
	else if ((r = follow_up(q, where, &name)) == 1 && (r = leave_batch(q, d, file, where, name.id)) == 1)
		r = spool_unlink(q, d, file) == -1 && errno != ENOENT ? -1 : 1;
	(void)io_close(&fd);
	return r;
}

static int
undo(struct spool_claim *c, const char *file)
{
	int saved = errno;

	(void)spool_move(c->q, SPOOL_CUR, c->file, SPOOL_NEW, file);
	errno = saved;
	return -1;
}

/*
 * 1: it may be started; 0: its time was over before the first attempt. It never comes into cur/, where a crash would make
 * an attempt of it that expiry no longer counts for.
 */
static int
in_time(struct spool_claim *c, const char *file)
{
	char why[SPOOL_EXPIRY_WHY_MAX];
	int r = c->name.attempts > 0 || c->again ? 0 : spool_expired(&c->head, io_now(), why, sizeof(why));

	if (r == 0)
		return 1;
	return spool_bury(c->q, SPOOL_NEW, file, &c->name, r == 1 ? ID_EXPIRED : ID_MALFORMED, why) == -1 ? -1 : 0;
}

/* A job that cannot be read as one is dead at sight. */
static int
bury_malformed(struct spool_claim *c, const char *why)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "malformed: %s", why);
	return spool_bury(c->q, SPOOL_CUR, c->file, &c->name, ID_MALFORMED, line) == -1 ? -1 : 0;
}

/*
 * Since when it has waited for a worker: since its submission, or its due time, which is the mtime. What was put back by
 * hand has neither.
 */
static int64_t
ready_since(const struct spool_claim *c, const struct stat *st)
{
	int64_t mtime = io_time(st->st_mtim);

	if (c->name.reason != ID_NONE)
		return -1;
	return mtime > c->name.time ? mtime : c->name.time;
}

static int
claim_locked(struct spool_claim *c, const char *file, const struct stat *st, const struct policy *p)
{
	char record[ID_NAME_MAX + 1];
	const char *why = NULL;
	enum spool_dir where;
	int ended = spool_ended(c->q, &c->name, &where, record);
	int r;

	if (ended == -1)
		return -1;
	if (ended) {
		(void)spool_log(c->q, c->name.id, "dropped from new/: a job of this ID has ended already");
		ended = tidy(c->q, SPOOL_NEW, file, where, record);
		return ended == 1 ? 0 : ended;
	}
	if ((ended = spool_cancelled(c->q, c->name.id)) == -1)
		return -1;
	/* One that was put back has left its cancellation behind. */
	if (ended && c->name.reason == ID_NONE)
		return spool_bury_cancelled(c->q, SPOOL_NEW, file, &c->name);
	if (ended)
		spool_cancel_over(c->q, c->name.id);
	c->ready = ready_since(c, st);
	c->again = c->name.reason != ID_NONE;
	if (c->again) {
		c->name.reason = ID_NONE;
		c->name.attempts = 0;
	}
	if (c->name.attempts >= p->max_attempts)
		return spool_bury(c->q, SPOOL_NEW, file, &c->name, ID_LOST, "no attempts left") == -1 ? -1 : 0;
	if (job_read(c->fd, &c->head, &why) == -1) {
		if (errno != EBADMSG)
			return -1;
	} else if ((r = in_time(c, file)) != 1)
		return r;
	else
		why = NULL;
	c->name.attempts++;
	(void)id_file(c->file, c->name.id, c->name.attempts, ID_NONE);
	if (spool_move(c->q, SPOOL_NEW, file, SPOOL_CUR, c->file) == -1)
		return errno == ENOENT || errno == EEXIST ? 0 : -1;
	/* A job that takes its worker or the machine down with it must find its attempts counted afterwards. */
	if ((c->name.attempts > 1 || p->sync_claims) && spool_sync(c->q, SPOOL_CUR, c->fd) == -1)
		return undo(c, file);
	if (why != NULL)
		return bury_malformed(c, why);
	return lseek(c->fd, (off_t)c->head.len, SEEK_SET) == -1 ? undo(c, file) : 1;
}

int
spool_claim(const struct spool *q, const char *file, const struct policy *p, struct spool_claim *c)
{
	struct stat st;
	int r;

	c->q = q;
	c->p = p;
	c->fd = c->result = c->log = c->follow = -1;
	c->error = 0;
	if (id_parse(file, &c->name) == -1)
		return 0;
	if ((r = take(q, SPOOL_NEW, file, &c->name, &c->fd, &st)) != 1)
		return r;
	if ((r = claim_locked(c, file, &st, p)) != 1 && r != 3)
		(void)io_close(&c->fd);
	return r;
}

static int
recover_locked(const struct spool *q, const char *file, struct id_name *name, const struct policy *p)
{
	char record[ID_NAME_MAX + 1], back[ID_NAME_MAX + 1], line[64];
	enum spool_dir where;
	int ended;

	/* Its half-made result, if there is one. */
	(void)spool_unlink(q, SPOOL_TMP, id_file(record, name->id, name->attempts, ID_NONE));
	if ((ended = spool_ended(q, name, &where, record)) == -1)
		return -1;
	spool_progress_end(q, name->id, ended);
	if (ended)
		return tidy(q, SPOOL_CUR, file, where, record);
	if (spool_outbox_drop(q, SPOOL_IF_DONE, name) == -1)
		return -1;
	/* A worker that does not count its attempts has made one all the same. */
	if (name->attempts == 0 || name->reason != ID_NONE)
		name->attempts = 1;
	if ((ended = spool_cancelled(q, name->id)) != 0)
		return ended == -1 || spool_bury_cancelled(q, SPOOL_CUR, file, name) == -1 ? -1 : 1;
	(void)snprintf(line, sizeof(line), "attempt %d lost: its worker died", name->attempts);
	if (name->attempts >= p->max_attempts) {
		if (spool_bury(q, SPOOL_CUR, file, name, ID_LOST, line) == -1)
			return -1;
	} else {
		(void)spool_log(q, name->id, line);
		if (spool_move(q, SPOOL_CUR, file, SPOOL_NEW, id_file(back, name->id, name->attempts, ID_NONE)) == -1)
			return errno == EEXIST ? 0 : -1;
	}
	spool_count_lost(q);
	return 1;
}

int
spool_recover(const struct spool *q, const char *file, const struct policy *p)
{
	struct id_name name;
	struct stat st;
	int fd = -1, r;

	if (id_parse(file, &name) == -1)
		return 0;
	if ((r = take(q, SPOOL_CUR, file, &name, &fd, &st)) != 1)
		return r;
	r = recover_locked(q, file, &name, p);
	if (r != 3)
		(void)io_close(&fd);
	return r;
}

static int
promote_locked(const struct spool *q, const char *file, int64_t now, int64_t *due)
{
	struct stat st;

	if (spool_stat(q, SPOOL_LATER, file, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (io_time(st.st_mtim) > now) {
		*due = io_time(st.st_mtim);
		return 0;
	}
	if (spool_move(q, SPOOL_LATER, file, SPOOL_NEW, file) == -1)
		return errno == ENOENT || errno == EEXIST ? 0 : -1;
	return 1;
}

int
spool_promote(const struct spool *q, const char *file, int64_t now, int64_t *due)
{
	int fd = spool_open_file(q, SPOOL_LATER, file, O_RDONLY), r;

	*due = 0;
	/* Who has the lock may be about to hold it back. What cannot be opened is seen to at its claim. */
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) {
		*due = now + LOCKED_PAUSE;
		r = 0;
	} else
		r = promote_locked(q, file, now, due);
	(void)io_close(&fd);
	return r;
}

struct sweep {
	const struct spool *q;
	int64_t before;
	int count;
};

static int
sweep_one(void *arg, const char *file)
{
	struct sweep *s = arg;
	struct stat st;
	int fd, owned = 0;

	if (spool_stat(s->q, SPOOL_TMP, file, &st) == -1 || !S_ISREG(st.st_mode) || st.st_mtim.tv_sec >= s->before)
		return 0;
	/* The result of an attempt that is quiet for long is locked. */
	if ((fd = spool_open_file(s->q, SPOOL_TMP, file, O_RDONLY)) != -1) {
		owned = flock(fd, LOCK_EX | LOCK_NB) == -1;
		(void)io_close(&fd);
	}
	if (!owned && spool_unlink(s->q, SPOOL_TMP, file) == 0)
		s->count++;
	return 0;
}

int
spool_sweep(const struct spool *q)
{
	struct sweep s = { .q = q, .before = io_now() / 1000000 - TMP_HOURS * 3600 };

	return spool_scan(q, SPOOL_TMP, sweep_one, &s) == -1 ? -1 : s.count;
}
