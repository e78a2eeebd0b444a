#include "spool_operate.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_cancel.h"
#include "spool_outbox.h"
#include "spool_path.h"

enum { TRIES = 200, PAUSE_MS = 10 };

/* The time at which it is due; EOVERFLOW: the file system cannot keep it. An accepted job has no draft of its own. */
static int
stamp(const struct spool *q, const struct spool_job *job, int *fd, int64_t due)
{
	char file[ID_NAME_MAX + 1];
	struct stat st;

	if (spool_stamp(q, job->dir, spool_job_file(file, job), job->name.id, fd, due) == -1 || fstat(*fd, &st) == -1)
		return -1;
	if (st.st_mtim.tv_sec == due / 1000000)
		return 0;
	errno = EOVERFLOW;
	return -1;
}

/* Under the lock: to later/ or new/, under the same name. */
static int
put(struct spool_round *r, const struct spool_job *job, int *fd, enum spool_dir to, int64_t due)
{
	char file[ID_NAME_MAX + 1];

	/* The age of a job with a name of its own is its mtime; a held one's would make it the last of all. */
	if ((to == SPOOL_LATER || job->dir == SPOOL_LATER) && stamp(r->q, job, fd, due) == -1)
		return -1;
	spool_drop_staged(r->q, job);
	(void)spool_job_file(file, job);
	if (job->dir != to && spool_move(r->q, job->dir, file, to, file) == -1)
		return -1;
	spool_changed(r, to);
	return 0;
}

static int
hold_once(struct spool_round *r, const char *id, struct spool_job *job, int *busy)
{
	int fd, got;

	*busy = 0;
	if (spool_find(r->q, id, job) == -1)
		return -1;
	if (job->dir == SPOOL_DONE || job->dir == SPOOL_FAILED)
		return 1;
	if (job->dir == SPOOL_LATER && spool_held(&job->st)) {
		spool_changed(r, SPOOL_LATER);
		return 0;
	}
	if ((got = spool_take(r->q, job, &fd)) == 1) {
		if ((got = spool_job_ended(r->q, job)) == 0)
			got = put(r, job, &fd, SPOOL_LATER, SPOOL_HELD);
		(void)io_close(&fd);
		return got;
	}
	if (got == 2 && job->dir == SPOOL_CUR)
		return 1;
	*busy = got == 2;
	return got == -1 ? -1 : 2;
}

int
spool_hold(struct spool_round *r, const char *id, struct spool_job *job)
{
	int i, got, busy;

	for (i = 0; i < TRIES; i++) {
		if ((got = hold_once(r, id, job, &busy)) != 2)
			return got;
		if (busy)
			(void)poll(NULL, 0, PAUSE_MS);
	}
	errno = EAGAIN;
	return -1;
}

/* As spool_retry_found, and 2: another has it locked. */
static int
put_back(struct spool_round *r, const struct spool_job *job, int64_t due)
{
	int fd, got = spool_take(r->q, job, &fd), saved;

	if (got != 1)
		return got;
	if (job->dir == SPOOL_FAILED && spool_outbox_finish(r->q, &job->name) != 0) {
		saved = errno;
		(void)io_close(&fd);
		errno = saved;
		return -1;
	}
	/* A mark that a crash has left would end it again. */
	spool_cancel_over(r->q, job->name.id);
	(void)spool_log(r->q, job->name.id, job->dir == SPOOL_FAILED ? "put back" : "released");
	got = put(r, job, &fd, due == 0 ? SPOOL_NEW : SPOOL_LATER, due == 0 ? io_now() : due);
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	if (got == -1)
		return errno == ENOENT ? 0 : -1;
	return 1;
}

int
spool_retry_found(struct spool_round *r, const struct spool_job *job, int64_t due)
{
	int i, got;

	for (i = 0; i < TRIES; i++) {
		if ((got = put_back(r, job, due)) != 2)
			return got;
		(void)poll(NULL, 0, PAUSE_MS);
	}
	errno = EAGAIN;
	return -1;
}

int
spool_retry(struct spool_round *r, const char *id, int64_t due, struct spool_job *job)
{
	int i, got;

	for (i = 0; i < TRIES; i++) {
		if (spool_find(r->q, id, job) == -1)
			return -1;
		/* One that was put back a moment ago has the reason in its name still. */
		if (job->dir == SPOOL_NEW && job->name.reason != ID_NONE) {
			spool_changed(r, SPOOL_NEW);
			return 0;
		}
		if (job->dir != SPOOL_FAILED && job->dir != SPOOL_LATER)
			return 1;
		if ((got = spool_retry_found(r, job, due)) != 0)
			return got == 1 ? 0 : -1;
	}
	errno = EAGAIN;
	return -1;
}

/* --- the round, the queue */

int
spool_round_end(struct spool_round *r)
{
	unsigned dirty = r->dirty;
	enum spool_dir d;
	int bad = 0, error = 0;

	r->dirty = 0;
	for (d = 0; d < SPOOL_DIRS; d++)
		if ((dirty & 1U << d) != 0 && spool_sync(r->q, d, -1) == -1) {
			error = errno;
			bad = -1;
		}
	if (bad == -1)
		errno = error;
	return bad;
}

static int
sync_queue(const struct spool *q)
{
	return io_sync_dir(q->fd, ".", -1);
}

int
spool_pause(const struct spool *q)
{
	int fd = openat(q->fd, "pause", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, q->mode);

	if (fd == -1 || io_close(&fd) == -1)
		return -1;
	return sync_queue(q);
}

int
spool_resume(const struct spool *q)
{
	if (unlinkat(q->fd, "pause", 0) == -1 && errno != ENOENT)
		return -1;
	return sync_queue(q);
}
