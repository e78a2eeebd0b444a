#include "spool_batch_idle.h"

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

static char *
batch_path(char path[BATCH_PATH_MAX], const char *batch)
{
	(void)snprintf(path, BATCH_PATH_MAX, "%s/.batch%s%s", spool_dir_name(SPOOL_KEYS), *batch == '\0' ? "" : "/", batch);
	return path;
}

char *
spool_batch_name(char buf[ID_NAME_MAX + 16], const char *batch)
{
	(void)snprintf(buf, ID_NAME_MAX + 16, ".batch/%s", batch);
	return buf;
}

int
spool_batch_scan(const struct spool *q, int (*each)(void *arg, const char *batch), void *arg)
{
	char path[BATCH_PATH_MAX];
	int all = spool_batch_open_dir(q->fd, batch_path(path, "")), r;

	if (all == -1)
		return errno == ENOENT ? 0 : -1;
	r = spool_outbox_each(all, each, arg);
	(void)io_close(&all);
	return r;
}

static void
later_of(int dir, const char *path, int64_t *since)
{
	struct stat st;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && (int64_t)st.st_mtim.tv_sec * 1000000 > *since)
		*since = (int64_t)st.st_mtim.tv_sec * 1000000;
}

static int
is_member(void *arg, const char *file)
{
	(void)arg;
	return strcmp(file, strrchr(BATCH_MORE, '/') + 1) != 0;
}

static int
is_idle(int dir)
{
	int open, r;

	if (faccessat(dir, "then", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	if ((open = spool_batch_open_dir(dir, "open")) == -1)
		return errno == ENOENT ? 1 : -1;
	r = spool_outbox_each(open, is_member, NULL);
	(void)io_close(&open);
	return r == -1 ? -1 : !r;
}

int
spool_batch_idle(const struct spool *q, const char *batch, int64_t *since)
{
	int dir = spool_batch_open(q, batch), r;

	*since = 0;
	if (dir == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
	later_of(dir, ".", since);
	later_of(dir, "open", since);
	later_of(dir, "ended", since);
	r = is_idle(dir);
	(void)io_close(&dir);
	return r;
}

/* --- the end of one */

/* 1: a member has come, and it is as it was; 0: from now on none can; -1. */
static int
shut(int dir)
{
	int fd;

	if (unlinkat(dir, BATCH_MORE, 0) == -1 && errno != ENOENT)
		return -1;
	if (unlinkat(dir, "open", AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	fd = openat(dir, BATCH_MORE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd == -1 || io_close(&fd) == -1 ? -1 : 1;
}

/*
 * Its name goes first: who comes then makes a batch anew. Who had found this one before either is in it by now, so that it
 * stays, or finds it shut, and is refused.
 */
static int
forget(const struct spool *q, int dir, const char *batch)
{
	char from[BATCH_PATH_MAX], to[BATCH_PATH_MAX], fresh[ID_MAX + 2] = ".";
	int r;

	(void)batch_path(from, batch);
	if (batch[0] == '.')
		(void)batch_path(to, batch);
	else {
		if (id_new(fresh + 1, ID_PRIORITY_DEFAULT, NULL) == -1)
			return -1;
		if (renameat(q->fd, from, q->fd, batch_path(to, fresh)) == -1)
			return errno == ENOENT ? 0 : -1;
	}
	if ((r = is_idle(dir)) == 1 && (r = shut(dir)) == 0)
		return spool_batch_remove(q, dir, batch[0] == '.' ? batch : fresh) == -1 ? -1 : 1;
	if (batch[0] != '.')
		(void)renameat2(q->fd, to, q->fd, from, RENAME_NOREPLACE);
	return r == -1 ? -1 : 0;
}

int
spool_batch_forget(const struct spool *q, const char *batch)
{
	int dir = spool_batch_open(q, batch), r;

	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	/* Who has the lock is about to end it. */
	if (flock(dir, LOCK_EX | LOCK_NB) == -1)
		r = errno == EWOULDBLOCK ? 0 : -1;
	else if ((r = is_idle(dir)) == 1)
		r = forget(q, dir, batch);
	(void)io_close(&dir);
	return r;
}
