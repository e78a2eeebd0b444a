#include "spool_cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_bury.h"
#include "spool_path.h"
#include "spool_progress.h"

enum { TRIES = 200, PAUSE_MS = 10 };

#define MARK ".cancel."

static char *
mark(char file[ID_NAME_MAX + 1], const char *id)
{
	(void)snprintf(file, ID_NAME_MAX + 1, MARK "%s", id);
	return file;
}

const char *
spool_cancel_mark(const char *file)
{
	const char *id = file + sizeof(MARK) - 1;

	return strncmp(file, MARK, sizeof(MARK) - 1) == 0 && id_valid(id) ? id : NULL;
}

int
spool_cancelled(const struct spool *q, const char *id)
{
	char file[ID_NAME_MAX + 1];

	return spool_exists(q, SPOOL_CUR, mark(file, id));
}

void
spool_cancel_over(const struct spool *q, const char *id)
{
	char file[ID_NAME_MAX + 1];
	int saved = errno;

	(void)spool_unlink(q, SPOOL_CUR, mark(file, id));
	errno = saved;
}

int
spool_bury_cancelled(const struct spool *q, enum spool_dir from, const char *file, const struct id_name *name)
{
	if (spool_bury(q, from, file, name, ID_CANCELLED, "cancelled") == -1)
		return -1;
	spool_cancel_over(q, name->id);
	return 0;
}

/*
 * Marks a job that runs. Its worker hears the close of the mark. Where it has missed that, whoever claims or recovers the
 * job finds the mark. The mark goes when the job has ended.
 */
static int
ask(struct spool_round *r, const char *id)
{
	char file[ID_NAME_MAX + 1];
	int fd = spool_open_file(r->q, SPOOL_CUR, mark(file, id), O_WRONLY | O_CREAT | O_EXCL);

	if (fd == -1 && errno == EEXIST)
		fd = spool_open_file(r->q, SPOOL_CUR, file, O_WRONLY);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	spool_changed(r, SPOOL_CUR);
	return io_close(&fd);
}

/* 1: an event or a batch waits for the job's end. */
static int
is_awaited(struct spool_round *r, const struct spool_job *job, const char *file)
{
	char why[256], batch[ID_WORD_MAX + 1];
	struct job_header h;
	struct policy p;
	int fd, found;

	if (r->events == 0)
		r->events = spool_policy(r->q, &p, why, sizeof(why)) == 0 && p.events[0] == '\0' ? -1 : 1;
	if (r->events == 1)
		return 1;
	if ((fd = spool_open_file(r->q, job->dir, file, O_RDONLY)) == -1)
		return 0;
	found = job_read(fd, &h, NULL) == 0 && spool_batch_of(&h, batch) != NULL;
	(void)io_close(&fd);
	return found;
}

/* Under the lock. 0: done; 1: it had ended; -1. */
static int
bury(struct spool_round *r, struct spool_job *job)
{
	char file[ID_NAME_MAX + 1], dead[ID_NAME_MAX + 1];
	int over = spool_job_ended(r->q, job);

	if (over != 0)
		return over;
	(void)spool_job_file(file, job);
	spool_drop_staged(r->q, job);
	if (is_awaited(r, job, file))
		return spool_bury_cancelled(r->q, job->dir, file, &job->name);
	(void)spool_log(r->q, job->name.id, "cancelled");
	(void)id_file(dead, job->name.id, job->name.attempts, ID_CANCELLED);
	if (spool_move(r->q, job->dir, file, SPOOL_FAILED, dead) == -1 &&
	    (errno != EEXIST || spool_unlink(r->q, job->dir, file) == -1))
		return -1;
	spool_changed(r, SPOOL_FAILED);
	spool_progress_end(r->q, job->name.id, 1);
	spool_cancel_over(r->q, job->name.id);
	return 0;
}

/* What is left to do for one that has ended: 0 where it was cancelled. */
static int
was_cancelled(struct spool_round *r, const struct spool_job *job)
{
	spool_cancel_over(r->q, job->name.id);
	if (job->dir != SPOOL_FAILED || job->name.reason != ID_CANCELLED)
		return 1;
	spool_changed(r, SPOOL_FAILED);
	return 0;
}

/* 0, 1: as spool_cancel; 2: to be looked at again, after a pause where `*busy`; -1. */
static int
cancel_once(struct spool_round *r, const char *id, struct spool_job *job, int *asked, int *busy)
{
	int fd, got, over;

	*busy = 0;
	if (spool_find(r->q, id, job) == -1)
		return -1;
	if (job->dir == SPOOL_DONE || job->dir == SPOOL_FAILED)
		return was_cancelled(r, job);
	/* Told, and still there: its worker has it from here, or whoever comes after it. */
	if (*asked && job->dir == SPOOL_CUR && spool_cancelled(r->q, id) == 1)
		return 0;
	if ((got = spool_take(r->q, job, &fd)) == 1) {
		over = bury(r, job);
		got = over == 1 ? was_cancelled(r, job) : over;
		(void)io_close(&fd);
		return got;
	}
	if (got == 2 && job->dir == SPOOL_CUR)
		return ask(r, id) == -1 ? -1 : (*asked = 1, 2);
	*busy = got == 2;
	return got == -1 ? -1 : 2;
}

int
spool_cancel(struct spool_round *r, const char *id, struct spool_job *job)
{
	int i, got, asked = 0, busy;

	for (i = 0; i < TRIES; i++) {
		if ((got = cancel_once(r, id, job, &asked, &busy)) != 2)
			return got;
		if (busy)
			(void)poll(NULL, 0, PAUSE_MS);
	}
	errno = EAGAIN;
	return -1;
}

int
spool_cancel_mend(const struct spool *q, const char *id)
{
	struct spool_round r = { .q = q };
	struct spool_job job;
	int busy, asked = 0;

	if (spool_find(q, id, &job) == -1) {
		if (errno != ENOENT)
			return -1;
		spool_cancel_over(q, id);
		return 1;
	}
	if (job.dir == SPOOL_CUR)
		return 0;
	/* Put back since it was cancelled. */
	if (job.dir != SPOOL_FAILED && job.name.reason != ID_NONE) {
		spool_cancel_over(q, id);
		return 1;
	}
	/* It was put back before it was told. */
	if (cancel_once(&r, id, &job, &asked, &busy) == -1 || spool_round_end(&r) == -1)
		return -1;
	return 1;
}

struct marks {
	int (*each)(void *, const char *);
	void *arg;
};

static int
one_mark(void *arg, const char *file)
{
	const struct marks *m = arg;
	const char *id = spool_cancel_mark(file);

	return id == NULL ? 0 : m->each(m->arg, id);
}

int
spool_scan_cancelled(const struct spool *q, int (*each)(void *arg, const char *id), void *arg)
{
	struct marks m = { .each = each, .arg = arg };

	return spool_scan_hidden(q, SPOOL_CUR, one_mark, &m);
}
