#include "spool_batch.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch_make.h"
#include "spool_outbox.h"
#include "spool_path.h"

enum { LOST_HOURS = 36, ENTER_TRIES = 10 };

static const char more[] = BATCH_MORE;

struct count {
	intmax_t done, failed;
};

static int
open_dir(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
open_batch(const struct spool *q, const char *batch)
{
	char path[BATCH_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/.batch/%s", spool_dir_name(SPOOL_KEYS), batch);
	return open_dir(q->fd, path);
}

static int
have_batch(const struct spool *q, const char *batch)
{
	int dir = open_batch(q, batch);

	if (dir == -1 && errno == ENOENT && spool_batch_make(q, batch) == 0)
		dir = open_batch(q, batch);
	return dir;
}

/* The submitter has it locked from before anybody sees it; what a dead one has left is taken away by who looks. */
static int
make_entry(int dir, const char *id, char path[BATCH_PATH_MAX])
{
	int fd;

	(void)snprintf(path, BATCH_PATH_MAX, "open/.%s", id);
	if ((fd = openat(dir, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		return -1;
	if (fchmod(fd, 0660) == -1 || flock(fd, LOCK_EX) == -1)
		(void)io_close(&fd);
	return fd;
}

static int
enter(int dir, const char *id)
{
	char from[BATCH_PATH_MAX], to[BATCH_PATH_MAX];
	int tries, fd = -1;

	(void)snprintf(to, sizeof(to), "open/%s", id);
	for (tries = 0; fd == -1 && tries < ENTER_TRIES; tries++) {
		if ((fd = make_entry(dir, id, from)) == -1)
			break;
		if (renameat(dir, from, dir, to) == -1) {
			(void)io_close(&fd);
			if (errno != ENOENT)
				break;
		}
	}
	/* A batch whose last member has ended has no open/. */
	if (fd == -1 && errno == ENOENT)
		errno = ESHUTDOWN;
	return fd;
}

int
spool_batch_enter(const struct spool *q, const char *batch, const char *id)
{
	int dir = have_batch(q, batch), fd;

	if (dir == -1)
		return -1;
	fd = enter(dir, id);
	(void)io_close(&dir);
	return fd;
}

int
spool_batch_sync(const struct spool *q, const char *batch)
{
	int dir = open_batch(q, batch), r;

	if (dir == -1)
		return -1;
	r = io_sync_dir(dir, "open", dir);
	(void)io_close(&dir);
	return r;
}

void
spool_batch_leave(const struct spool *q, const char *batch, const char *id)
{
	char path[BATCH_PATH_MAX];
	int saved = errno, dir = open_batch(q, batch);

	(void)snprintf(path, sizeof(path), "open/%s", id);
	if (dir != -1)
		(void)unlinkat(dir, path, 0);
	(void)io_close(&dir);
	errno = saved;
}

char *
spool_batch_of(const struct job_header *h, char name[ID_WORD_MAX + 1])
{
	char value[ID_WORD_MAX + 2];

	/* The callback names it too. */
	if (job_number(h, "Batch-Done") != -1 || job_get(h, "Batch", value, sizeof(value)) == NULL || !id_valid_word(value))
		return NULL;
	memcpy(name, value, strlen(value) + 1);
	return name;
}

/* --- the end of a batch */

static int
count_one(void *arg, const char *file)
{
	struct count *n = arg;
	const char *comma = strrchr(file, ',');

	if (comma != NULL && strcmp(comma, ",done") == 0)
		n->done++;
	else if (comma != NULL && strcmp(comma, ",failed") == 0)
		n->failed++;
	return 0;
}

static int
write_callback(int from, int to, struct job_header *h, const char *batch, const struct count *n)
{
	struct job_header made = { .len = 0 };
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1], number[JOB_NUMBER_WIDTH + 1];
	size_t at = 0;

	while (job_next(h, &at, name, value))
		if (strncasecmp(name, "Batch", 5) != 0 && job_put(&made, name, value) == -1)
			return -1;
	if (job_put(&made, "Batch", batch) == -1)
		return -1;
	(void)snprintf(number, sizeof(number), "%jd", n->done);
	if (job_put(&made, "Batch-Done", number) == -1)
		return -1;
	(void)snprintf(number, sizeof(number), "%jd", n->failed);
	if (job_put(&made, "Batch-Failed", number) == -1 || job_end(&made) == -1 ||
	    io_write(to, made.text, made.len) == -1 || lseek(from, (off_t)h->len, SEEK_SET) == -1)
		return -1;
	return io_copy(from, to, INT64_MAX) == -1 ? -1 : io_sync(to);
}

struct callback {
	int then;
	const char *batch;
	struct count n;
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
	int ended = open_dir(dir, "ended"), r;

	if (ended == -1)
		return -1;
	r = spool_outbox_each(ended, count_one, &c.n);
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

	if (strncmp(file, ".then.", 6) != 0 || (then = open_dir(dir, file)) == -1)
		return 0;
	(void)spool_outbox_clear(then);
	(void)io_close(&then);
	(void)unlinkat(dir, file, AT_REMOVEDIR);
	return 0;
}

static int
finish_locked(const struct spool *q, int dir, const char *batch)
{
	char path[BATCH_PATH_MAX];
	int then = open_dir(dir, "then"), ended, r = 0;

	if (then == -1 && errno != ENOENT)
		return -1;
	if (then != -1)
		r = publish(dir, then, batch);
	(void)io_close(&then);
	if (r != 0)
		return r;
	/* It is told; the rest is litter. */
	if ((ended = open_dir(dir, "ended")) != -1)
		(void)spool_outbox_clear(ended);
	(void)io_close(&ended);
	(void)unlinkat(dir, "ended", AT_REMOVEDIR);
	(void)spool_outbox_each(dir, remove_staged, &dir);
	(void)snprintf(path, sizeof(path), "%s/.batch/%s", spool_dir_name(SPOOL_KEYS), batch);
	(void)unlinkat(q->fd, path, AT_REMOVEDIR);
	return 0;
}

/* Where open/ can be removed, or is: all have ended. */
static int
finish(const struct spool *q, int dir, const char *batch)
{
	if (unlinkat(dir, "open", AT_REMOVEDIR) == -1 && errno != ENOENT)
		return errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
	/* Another one, who has the lock, is at it; should it die, whoever looks next goes on. */
	if (flock(dir, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? 0 : -1;
	return finish_locked(q, dir, batch);
}

static int
end_entry(int dir, const char *id, int done)
{
	char from[BATCH_PATH_MAX], to[BATCH_PATH_MAX];

	(void)snprintf(from, sizeof(from), "open/%s", id);
	(void)snprintf(to, sizeof(to), "ended/%s,%s", id, done ? "done" : "failed");
	return renameat(dir, from, dir, to) == -1 && errno != ENOENT ? -1 : 0;
}

int
spool_batch_ended(const struct spool *q, const char *batch, const char *id, int done)
{
	int dir = open_batch(q, batch), r;

	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	r = end_entry(dir, id, done) == -1 ? -1 : finish(q, dir, batch);
	(void)io_close(&dir);
	return r;
}

int
spool_batch_ended_file(const struct spool *q, enum spool_dir d, const char *file, const char *id, int done)
{
	char batch[ID_WORD_MAX + 1];
	struct job_header h;
	int fd = spool_open_file(q, d, file, O_RDONLY), r = 0;

	if (fd != -1 && job_read(fd, &h, NULL) == 0 && spool_batch_of(&h, batch) != NULL)
		r = spool_batch_ended(q, batch, id, done);
	(void)io_close(&fd);
	return r;
}

/* --- the callback */

int
spool_batch_stage(const struct spool *q, const char *batch, const char *id)
{
	char path[BATCH_PATH_MAX];
	int dir = have_batch(q, batch), out = -1;

	if (dir == -1)
		return -1;
	if (faccessat(dir, "then", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	else {
		(void)snprintf(path, sizeof(path), "%s/.batch/%s/.then.%s", spool_dir_name(SPOOL_KEYS), batch, id);
		if (spool_batch_make_dir(q, path) == 0)
			out = open_dir(q->fd, path);
	}
	(void)io_close(&dir);
	return out;
}

static int
no_more(const struct spool *q, int dir, const char *batch)
{
	if (unlinkat(dir, more, 0) == -1 && errno != ENOENT)
		return -1;
	return finish(q, dir, batch);
}

int
spool_batch_close(const struct spool *q, const char *batch, const char *id)
{
	char path[BATCH_PATH_MAX];
	int dir = open_batch(q, batch), then = -1, r = -1;

	if (dir == -1)
		return -1;
	(void)snprintf(path, sizeof(path), ".then.%s", id);
	if ((then = open_dir(dir, path)) == -1 || io_sync(then) == -1)
		goto out;
	if (renameat2(dir, path, dir, "then", RENAME_NOREPLACE) == -1 || io_sync(dir) == -1)
		goto out;
	r = no_more(q, dir, batch);
out:
	(void)io_close(&then);
	(void)io_close(&dir);
	return r;
}

/* --- after a crash */

struct recovery {
	const struct spool *q;
	int dir;
};

static int
is_old(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_mtim.tv_sec < io_now() / 1000000 - LOST_HOURS * 3600;
}

/* One whose submitter has died is no member if it is a draft still; in new/ it is accepted, whoever has heard of it. */
static int
recover_entry(const struct recovery *r, const char *id, const char *path, int fd)
{
	struct spool_job job;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		if (spool_find(r->q, id, &job) == 0)
			return job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED ? end_entry(r->dir, id, job.dir == SPOOL_DONE) : 0;
		if (errno != ENOENT)
			return -1;
		if (tries == 0 && spool_unlink(r->q, SPOOL_TMP, id) == 0)
			return unlinkat(r->dir, path, 0) == -1 && errno != ENOENT ? -1 : 0;
	}
	/* One that waits in an outbox is nowhere yet; one that somebody has removed never will be. */
	return is_old(fd) ? end_entry(r->dir, id, 0) : 0;
}

static int
recover_member(void *arg, const char *file)
{
	const struct recovery *r = arg;
	char path[BATCH_PATH_MAX];
	struct stat st, now;
	int fd, result = 0;

	(void)snprintf(path, sizeof(path), "open/%s", file);
	if (strcmp(path, more) == 0 || !id_valid(file[0] == '.' ? file + 1 : file))
		return 0;
	if ((fd = openat(r->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return errno == ENOENT ? 0 : -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		result = errno == EWOULDBLOCK ? 0 : -1;
	else if (fstat(fd, &st) == -1 || fstatat(r->dir, path, &now, AT_SYMLINK_NOFOLLOW) == -1)
		result = errno == ENOENT ? 0 : -1;
	else if (now.st_ino != st.st_ino)
		result = 0;
	else if (file[0] == '.')
		result = unlinkat(r->dir, path, 0);
	else
		result = recover_entry(r, file, path, fd);
	(void)io_close(&fd);
	return result;
}

static int
recover_batch(void *arg, const char *batch)
{
	const struct spool *q = *(const struct spool *const *)arg;
	struct recovery r = { .q = q };
	int open, result = 0;

	if (!id_valid_word(batch) || (r.dir = open_batch(q, batch)) == -1)
		return 0;
	if ((open = open_dir(r.dir, "open")) != -1)
		result = spool_outbox_each(open, recover_member, &r);
	else if (errno != ENOENT)
		result = -1;
	(void)io_close(&open);
	if (result == 0)
		result = faccessat(r.dir, "then", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? no_more(q, r.dir, batch) :
		    finish(q, r.dir, batch);
	(void)io_close(&r.dir);
	return result;
}

int
spool_batch_recover(const struct spool *q)
{
	char path[32];
	int all, r;

	(void)snprintf(path, sizeof(path), "%s/.batch", spool_dir_name(SPOOL_KEYS));
	if ((all = open_dir(q->fd, path)) == -1)
		return errno == ENOENT ? 0 : -1;
	r = spool_outbox_each(all, recover_batch, &q);
	(void)io_close(&all);
	return r;
}
