#include "spool_batch.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch_end.h"
#include "spool_batch_make.h"
#include "spool_outbox.h"
#include "spool_path.h"

enum { ENTER_TRIES = 10 };

static int
have_batch(const struct spool *q, const char *batch)
{
	int dir = spool_batch_open(q, batch);

	if (dir == -1 && errno == ENOENT && spool_batch_make(q, batch) == 0)
		dir = spool_batch_open(q, batch);
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
	int dir = spool_batch_open(q, batch), r;

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
	int saved = errno, dir = spool_batch_open(q, batch);

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

/* --- the end of a member */

int
spool_batch_ended(const struct spool *q, const char *batch, const char *id, int done)
{
	int dir = spool_batch_open(q, batch), r;

	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	r = spool_batch_end_entry(dir, id, done) == -1 ? -1 : spool_batch_finish(q, dir, batch);
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
			out = spool_batch_open_dir(q->fd, path);
	}
	(void)io_close(&dir);
	return out;
}

/* Under the lock that whoever finishes the batch has: what comes after that comes too late. */
static int
close_locked(int dir, const char *staged, int then)
{
	if (faccessat(dir, "open", F_OK, AT_SYMLINK_NOFOLLOW) == -1) {
		errno = errno == ENOENT ? ESHUTDOWN : errno;
		return -1;
	}
	if (io_sync(then) == -1)
		return -1;
	return renameat2(dir, staged, dir, "then", RENAME_NOREPLACE);
}

static void
drop_staged(int dir, const char *staged, int then)
{
	int saved = errno;

	(void)spool_outbox_clear(then);
	(void)unlinkat(dir, staged, AT_REMOVEDIR);
	errno = saved;
}

void
spool_batch_unstage(const struct spool *q, const char *batch, const char *id)
{
	char staged[BATCH_PATH_MAX];
	int saved = errno, dir = spool_batch_open(q, batch), then;

	(void)snprintf(staged, sizeof(staged), ".then.%s", id);
	if (dir != -1 && (then = spool_batch_open_dir(dir, staged)) != -1) {
		drop_staged(dir, staged, then);
		(void)io_close(&then);
	}
	(void)io_close(&dir);
	errno = saved;
}

int
spool_batch_close(const struct spool *q, const char *batch, const char *id)
{
	char staged[BATCH_PATH_MAX];
	int dir = spool_batch_open(q, batch), then = -1, r = -1;

	if (dir == -1)
		return -1;
	(void)snprintf(staged, sizeof(staged), ".then.%s", id);
	if (flock(dir, LOCK_EX) == -1 || (then = spool_batch_open_dir(dir, staged)) == -1)
		goto out;
	if (close_locked(dir, staged, then) == -1)
		drop_staged(dir, staged, then);
	else if (io_sync(dir) == -1)
		r = -2;
	else {
		/* From here on it is seen to, if not by this process then by a worker. */
		(void)spool_batch_no_more(q, dir, batch);
		r = 0;
	}
out:
	(void)io_close(&then);
	(void)io_close(&dir);
	return r;
}
