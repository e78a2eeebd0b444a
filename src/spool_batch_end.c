#include "spool_batch_end.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "job.h"
#include "spool_batch_count.h"
#include "spool_batch_make.h"
#include "spool_outbox.h"
#include "spool_path.h"

static int
write_callback(int from, int to, struct job_header *h, const char *batch, const struct spool_batch_counts *n)
{
	struct job_header made = { .len = 0 };
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1], number[JOB_NUMBER_WIDTH + 1];
	size_t at = 0;

	while (job_next(h, &at, name, value))
		if (strncasecmp(name, "Batch", 5) != 0 && job_put(&made, name, value) == -1)
			return -1;
	if (job_put(&made, "Batch", batch) == -1)
		return -1;
	(void)snprintf(number, sizeof(number), "%jd", (intmax_t)n->done);
	if (job_put(&made, "Batch-Done", number) == -1)
		return -1;
	(void)snprintf(number, sizeof(number), "%jd", (intmax_t)n->failed);
	if (job_put(&made, "Batch-Failed", number) == -1 || job_end(&made) == -1 ||
	    io_write(to, made.text, made.len) == -1 || lseek(from, (off_t)h->len, SEEK_SET) == -1)
		return -1;
	return io_copy(from, to, INT64_MAX) == -1 ? -1 : io_sync(to);
}

struct callback {
	int then;
	const char *batch;
	struct spool_batch_counts n;
};

/* The job that waits is told the counts, by a copy that takes its place. */
static int
tell_one(void *arg, const char *id)
{
	const struct callback *c = arg;
	char draft[ID_NAME_MAX + 2];
	struct job_header h;
	struct stat st;
	int from, to = -1, r = -1;

	if (!id_valid(id))
		return 0;
	if ((from = openat(c->then, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	(void)snprintf(draft, sizeof(draft), ".%s", id);
	if (fstat(from, &st) == -1 || job_read(from, &h, NULL) == -1)
		goto out;
	if (job_number(&h, "Batch-Done") != -1) {
		r = 0;
		goto out;
	}
	to = openat(c->then, draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to == -1 || fchmod(to, st.st_mode & 07777) == -1 || write_callback(from, to, &h, c->batch, &c->n) == -1)
		goto out;
	(void)!fchown(to, (uid_t)-1, st.st_gid);
	r = renameat(c->then, draft, c->then, id);
out:
	(void)io_close(&from);
	(void)io_close(&to);
	return r;
}

static int
publish(int dir, int then, const char *batch)
{
	struct callback c = { .then = then, .batch = batch };
	int ended = spool_batch_open_dir(dir, "ended"), r;

	if (ended == -1)
		return -1;
	r = spool_outbox_each(ended, spool_batch_count_ended, &c.n);
	(void)io_close(&ended);
	if (r == -1 || spool_outbox_each(then, tell_one, &c) == -1 || io_sync(then) == -1)
		return -1;
	if ((r = spool_outbox_deliver(then, 1)) != 0)
		return r;
	if (spool_outbox_clear(then) == -1)
		return -1;
	return unlinkat(dir, "then", AT_REMOVEDIR) == -1 ? -1 : io_sync(dir);
}

/* What a submitter that died has left of a callback. */
static int
remove_staged(void *arg, const char *file)
{
	int dir = *(int *)arg, then;

	if (strncmp(file, ".then.", 6) != 0 || (then = spool_batch_open_dir(dir, file)) == -1)
		return 0;
	(void)spool_outbox_clear(then);
	(void)io_close(&then);
	(void)unlinkat(dir, file, AT_REMOVEDIR);
	return 0;
}

int
spool_batch_remove(const struct spool *q, int dir, const char *batch)
{
	char path[BATCH_PATH_MAX];
	int ended = spool_batch_open_dir(dir, "ended");

	if (ended != -1)
		(void)spool_outbox_clear(ended);
	(void)io_close(&ended);
	(void)unlinkat(dir, "ended", AT_REMOVEDIR);
	(void)spool_outbox_each(dir, remove_staged, &dir);
	(void)snprintf(path, sizeof(path), "%s/.batch/%s", spool_dir_name(SPOOL_KEYS), batch);
	return unlinkat(q->fd, path, AT_REMOVEDIR) == -1 && errno != ENOENT ? -1 : 0;
}

static int
finish_locked(const struct spool *q, int dir, const char *batch)
{
	int then = spool_batch_open_dir(dir, "then"), r = 0;

	if (then == -1 && errno != ENOENT)
		return -1;
	if (then != -1)
		r = publish(dir, then, batch);
	(void)io_close(&then);
	if (r != 0)
		return r;
	/* It is told; the rest is litter. */
	(void)spool_batch_remove(q, dir, batch);
	return 0;
}

/* Where open/ can be removed, or is: all have ended. */
int
spool_batch_finish(const struct spool *q, int dir, const char *batch)
{
	if (unlinkat(dir, "open", AT_REMOVEDIR) == -1 && errno != ENOENT)
		return errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
	/* Another one, who has the lock, is at it; should it die, whoever looks next goes on. */
	if (flock(dir, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? 0 : -1;
	return finish_locked(q, dir, batch);
}

int
spool_batch_end_entry(int dir, const char *id, int done)
{
	char from[BATCH_PATH_MAX], to[BATCH_PATH_MAX];

	(void)snprintf(from, sizeof(from), "open/%s", id);
	(void)snprintf(to, sizeof(to), "ended/%s,%s", id, done ? "done" : "failed");
	return renameat(dir, from, dir, to) == -1 && errno != ENOENT ? -1 : 0;
}

int
spool_batch_no_more(const struct spool *q, int dir, const char *batch)
{
	if (unlinkat(dir, BATCH_MORE, 0) == -1 && errno != ENOENT)
		return -1;
	return spool_batch_finish(q, dir, batch);
}
