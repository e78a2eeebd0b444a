#include "spool_submit.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_outbox.h"
#include "spool_path.h"

/* What is accepted must be able to finish, so nothing is accepted on the last bytes of a file system. */
static int
has_room(const struct spool *q, const struct policy *p)
{
	struct statvfs fs;

	if (fstatvfs(q->fd, &fs) == -1)
		return -1;
	if (fs.f_bavail < (uint64_t)p->reserve_bytes / fs.f_frsize ||
	    (fs.f_files != 0 && fs.f_favail < (uint64_t)p->reserve_inodes)) {
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

int
spool_draft_open(struct spool_draft *d, const struct spool *q, const struct policy *p, int priority, const char *group)
{
	*d = (struct spool_draft){ .q = q, .fd = -1, .outbox = -1, .max = p->max_size };
	if (has_room(q, p) == -1 || id_new(d->id, priority, group) == -1)
		return -1;
	d->length_at = job_put_blank(&d->head, "Content-Length", JOB_NUMBER_WIDTH);
	return d->length_at == -1 ? -1 : 0;
}

static int
create(struct spool_draft *d)
{
	if (job_end(&d->head) == -1)
		return -1;
	d->start = (off_t)d->head.len;
	d->fd = d->outbox != -1 ? spool_outbox_create(d->outbox, d->q, d->id) :
	    spool_open_file(d->q, SPOOL_TMP, d->id, O_WRONLY | O_CREAT | O_EXCL);
	/* The lock says that its submitter lives. */
	if (d->fd == -1 || flock(d->fd, LOCK_EX | LOCK_NB) == -1)
		return -1;
	return io_write(d->fd, d->head.text, d->head.len);
}

int
spool_draft_write(struct spool_draft *d, const void *buf, size_t n)
{
	if ((off_t)n > d->max - d->size) {
		errno = EFBIG;
		return -1;
	}
	if (d->fd == -1 && create(d) == -1)
		return -1;
	if (io_write(d->fd, buf, n) == -1)
		return -1;
	d->size += (off_t)n;
	return 0;
}

void
spool_draft_abort(struct spool_draft *d)
{
	int saved = errno;

	if (d->fd != -1) {
		if (d->outbox != -1)
			spool_outbox_cancel(d->outbox, d->id);
		else
			(void)spool_unlink(d->q, SPOOL_TMP, d->id);
		(void)io_close(&d->fd);
	}
	(void)io_close(&d->outbox);
	errno = saved;
}

/* The whole file on disk, with its length and its due time. */
static int
finish(struct spool_draft *d)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	char length[JOB_NUMBER_WIDTH + 1];

	if (d->fd == -1 && create(d) == -1)
		return -1;
	(void)snprintf(length, sizeof(length), "%jd", (intmax_t)d->size);
	if (job_fill(d->fd, d->length_at, JOB_NUMBER_WIDTH, length) == -1)
		return -1;
	if (d->due != 0) {
		times[1].tv_sec = (time_t)(d->due / 1000000);
		times[1].tv_nsec = (long)(d->due % 1000000) * 1000;
		if (futimens(d->fd, times) == -1)
			return -1;
	}
	return io_sync(d->fd);
}

static enum spool_dir
goal(const struct spool_draft *d)
{
	return d->due > 0 ? SPOOL_LATER : SPOOL_NEW;
}

static int
place(struct spool_draft *d)
{
	return d->outbox != -1 ? spool_outbox_put(d->outbox, d->q, goal(d), d->id) :
	    spool_move(d->q, SPOOL_TMP, d->id, goal(d), d->id);
}

/* One that waits in an outbox is made durable with it. */
static int
is_in(const struct spool_draft *d, enum spool_dir dir)
{
	return d->error == 0 && d->outbox == -1 && goal(d) == dir;
}

/* After the renames: a directory that cannot be made durable leaves the state of its drafts unknown. */
static void
commit_directory(struct spool_draft *const *d, size_t n, enum spool_dir dir)
{
	size_t i, any;

	for (any = 0; any < n && !is_in(d[any], dir); any++)
		;
	if (any == n || spool_sync(d[any]->q, dir, d[any]->fd) == 0)
		return;
	for (i = any; i < n; i++)
		if (is_in(d[i], dir)) {
			d[i]->error = errno;
			d[i]->unknown = 1;
		}
}

/* The members of batches are entered before anybody sees them; those in an outbox, when they leave it. */
static int
enter(struct spool_draft *d)
{
	return d->batch == NULL || d->outbox != -1 ? 0 : spool_batch_enter(d->q, d->batch, d->id);
}

static void
commit_file(struct spool_draft *d, int r)
{
	if (r == 0)
		return;
	d->error = errno;
	if (d->batch != NULL && d->outbox == -1)
		spool_batch_leave(d->q, d->batch, d->id);
	spool_draft_abort(d);
}

/* One sync for the entries of a batch that the drafts from i on have made. */
static int
sync_entry(struct spool_draft *const *d, size_t i)
{
	if (d[i]->batch == NULL || d[i]->outbox != -1 || (i > 0 && d[i - 1]->error == 0 && d[i - 1]->batch != NULL &&
	    strcmp(d[i]->batch, d[i - 1]->batch) == 0))
		return 0;
	return spool_batch_sync(d[i]->q, d[i]->batch);
}

size_t
spool_commit(struct spool_draft *const *d, size_t n)
{
	size_t i, failed = 0;

	for (i = 0; i < n; i++)
		commit_file(d[i], finish(d[i]));
	for (i = 0; i < n; i++)
		if (d[i]->error == 0)
			commit_file(d[i], enter(d[i]));
	for (i = 0; i < n; i++)
		if (d[i]->error == 0)
			commit_file(d[i], sync_entry(d, i));
	for (i = 0; i < n; i++)
		if (d[i]->error == 0)
			commit_file(d[i], place(d[i]));
	commit_directory(d, n, SPOOL_NEW);
	commit_directory(d, n, SPOOL_LATER);
	for (i = 0; i < n; i++) {
		failed += d[i]->error != 0;
		/* What fsync has promised close(2) cannot take back. */
		(void)io_close(&d[i]->fd);
		(void)io_close(&d[i]->outbox);
	}
	return failed;
}
