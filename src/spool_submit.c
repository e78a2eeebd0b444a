#include "spool_submit.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_backlog.h"
#include "spool_outbox.h"
#include "spool_path.h"

/* What is accepted must be able to finish, so nothing is accepted on the last bytes of a file system. */
static int
has_reserve(const struct spool *q, const struct policy *p)
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
spool_takes(const struct spool *q, const struct policy *p)
{
	static const enum spool_dir dirs[] = { SPOOL_TMP, SPOOL_NEW, SPOOL_KEYS };
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (faccessat(q->fd, spool_dir_name(dirs[i]), W_OK | X_OK, AT_EACCESS) == -1)
			return -1;
	return has_reserve(q, p);
}

static int
has_room(const struct spool *q, const struct policy *p)
{
	if (has_reserve(q, p) == -1)
		return -1;
	return p->max_backlog == 0 ? 0 : spool_backlog_take(q, 0, p->max_backlog);
}

/* Of the header's text no page is touched that it does not need: a thousand slow uploads have a draft each. */
static void
clear(struct spool_draft *d)
{
	const size_t text = offsetof(struct spool_draft, head.text), end = text + sizeof(d->head.text);

	memset(d, 0, text + 1);
	memset((char *)d + end, 0, sizeof(*d) - end);
	d->fd = d->outbox = d->entry = -1;
}

int
spool_draft_open(struct spool_draft *d, const struct spool *q, const struct policy *p, int priority, const char *group)
{
	clear(d);
	d->q = q;
	d->max = p->max_size;
	d->max_backlog = p->max_backlog;
	d->key_active = p->key_scope == POLICY_KEY_ACTIVE;
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
end_header(struct spool_draft *d)
{
	if (d->start != 0)
		return 0;
	if (job_end(&d->head) == -1)
		return -1;
	d->start = (off_t)d->head.len;
	return 0;
}

/* The payload waits behind its header until there is a file, and then is one write with it. */
static int
hold(struct spool_draft *d, const void *buf, size_t n)
{
	const size_t end = d->head.len + (size_t)d->size;

	if (d->fd != -1 || n > (size_t)(SPOOL_HELD_MAX - d->size) || n > sizeof(d->head.text) - end)
		return 0;
	if (n > 0)
		memcpy(d->head.text + end, buf, n);
	return 1;
}

int
spool_draft_create(struct spool_draft *d)
{
	if (d->fd != -1)
		return 0;
	if (end_header(d) == -1)
		return -1;
	d->fd = d->outbox != -1 ? spool_outbox_create(d->outbox, d->q, d->id) :
	    spool_open_file(d->q, SPOOL_TMP, d->id, O_WRONLY | O_CREAT | O_EXCL);
	return d->fd == -1 ? -1 : io_write(d->fd, d->head.text, d->head.len + (size_t)d->size);
}

int
spool_draft_write(struct spool_draft *d, const void *buf, size_t n)
{
	if ((off_t)n > d->max - d->size) {
		errno = EFBIG;
		return -1;
	}
	if (end_header(d) == -1)
		return -1;
	if (!hold(d, buf, n) && (spool_draft_create(d) == -1 || io_write(d->fd, buf, n) == -1))
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
		if (d->outbox != -1)
			spool_outbox_cancel(d->outbox, d->id);
		else
			(void)spool_unlink(d->q, SPOOL_TMP, d->id);
		(void)io_close(&d->fd);
	}
	(void)io_close(&d->outbox);
	errno = saved;
}

int
spool_draft_finish(struct spool_draft *d)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	char length[JOB_NUMBER_WIDTH + 1];

	(void)snprintf(length, sizeof(length), "%jd", (intmax_t)d->size);
	if (d->fd == -1 ? job_fill_text(&d->head, d->length_at, JOB_NUMBER_WIDTH, length) == -1 || spool_draft_create(d) == -1 :
	    job_fill(d->fd, d->length_at, JOB_NUMBER_WIDTH, length) == -1)
		return -1;
	if (d->due != 0) {
		times[1].tv_sec = (time_t)(d->due / 1000000);
		times[1].tv_nsec = (long)(d->due % 1000000) * 1000;
		if (futimens(d->fd, times) == -1)
			return -1;
	}
	return 0;
}

int
spool_draft_read(struct spool_draft *d)
{
	int fd, saved;

	if (spool_draft_create(d) == -1)
		return -1;
	fd = spool_open_file(d->q, SPOOL_TMP, d->id, O_RDONLY);
	if (fd == -1 || lseek(fd, d->start, SEEK_SET) != -1)
		return fd;
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return -1;
}
