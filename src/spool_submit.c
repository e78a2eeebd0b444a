#include "spool_submit.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
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
	*d = (struct spool_draft){ .q = q, .fd = -1, .max = p->max_size,
	    .key_active = p->key_scope == POLICY_KEY_ACTIVE };
	if (has_room(q, p) == -1 || id_new(d->id, priority, group) == -1)
		return -1;
	d->length_at = job_put_blank(&d->head, "Content-Length", JOB_NUMBER_WIDTH);
	return d->length_at == -1 ? -1 : 0;
}

int
spool_draft_key(struct spool_draft *d, const char *key)
{
	spool_key_begin(&d->key, key, d->key_active);
	return job_put(&d->head, "Idempotency-Key", key);
}

static int
create(struct spool_draft *d)
{
	if (job_end(&d->head) == -1)
		return -1;
	d->start = (off_t)d->head.len;
	d->fd = spool_open_file(d->q, SPOOL_TMP, d->id, O_WRONLY | O_CREAT | O_EXCL);
	if (d->fd == -1)
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
	if (d->key.link[0] != '\0')
		spool_key_update(&d->key, buf, n);
	d->size += (off_t)n;
	return 0;
}

void
spool_draft_abort(struct spool_draft *d)
{
	int saved = errno;

	if (d->fd != -1) {
		(void)spool_unlink(d->q, SPOOL_TMP, d->id);
		(void)io_close(&d->fd);
	}
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
is_in(const struct spool_draft *d, enum spool_dir dir)
{
	return d->error == 0 && !d->again && goal(d) == dir;
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

/* Gives up a draft. Where it has its key, another may have finished its commit already. */
static void
drop(struct spool_draft *d, int error)
{
	d->error = error;
	if (!d->key.taken) {
		errno = error;
		spool_draft_abort(d);
	} else if (spool_key_drop(d->q, &d->key, d->id) != 0)
		d->unknown = 1;
}

static void
commit_file(struct spool_draft *d, int r)
{
	if (r == -1)
		drop(d, errno);
}

/* The key decides which of several drafts is the job. */
static void
commit_key(struct spool_draft *d)
{
	char first[ID_MAX + 1] = "";
	int r, error;

	if (d->error != 0 || d->key.link[0] == '\0')
		return;
	r = spool_key_take(d->q, &d->key, d->id, d->fd, first);
	if (r == 0)
		return;
	error = errno;
	spool_draft_abort(d);
	if (first[0] != '\0')
		memcpy(d->id, first, sizeof(first));
	d->again = r == 1;
	d->error = r == 1 ? 0 : error;
}

static void
commit_keys(struct spool_draft *const *d, size_t n)
{
	size_t i, any;
	int error;

	for (i = 0; i < n; i++)
		commit_key(d[i]);
	for (any = 0; any < n && !d[any]->key.taken; any++)
		;
	if (any == n || spool_sync(d[any]->q, SPOOL_KEYS, d[any]->fd) == 0)
		return;
	error = errno;
	for (i = any; i < n; i++)
		if (d[i]->key.taken)
			drop(d[i], error);
}

static void
commit_rename(struct spool_draft *d)
{
	if (d->error != 0 || d->again || spool_move(d->q, SPOOL_TMP, d->id, goal(d), d->id) == 0)
		return;
	/* Where somebody else with the same key has seen to it, it is where it belongs, or further. */
	if (!d->key.taken || errno != ENOENT)
		drop(d, errno);
}

size_t
spool_commit(struct spool_draft *const *d, size_t n)
{
	size_t i, failed = 0;

	for (i = 0; i < n; i++)
		commit_file(d[i], finish(d[i]));
	commit_keys(d, n);
	for (i = 0; i < n; i++)
		commit_rename(d[i]);
	commit_directory(d, n, SPOOL_NEW);
	commit_directory(d, n, SPOOL_LATER);
	for (i = 0; i < n; i++) {
		failed += d[i]->error != 0;
		/* What fsync has promised close(2) cannot take back. */
		(void)io_close(&d[i]->fd);
	}
	return failed;
}
