#include "spool_outbox.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_backlog.h"
#include "spool_batch.h"
#include "spool_path.h"

/* A queue that jobs are delivered to. */
struct target {
	struct target *next;
	struct spool q;
	int moved[SPOOL_DIRS];   /* 1: its directory is to be made durable */
	char path[];
};

struct delivery {
	int out, again;
	struct target *targets;
};

int
spool_outbox_each(int fd, int (*each)(void *, const char *), void *arg)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0, saved;
	DIR *dir = copy == -1 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (dir == NULL) {
		(void)io_close(&copy);
		return -1;
	}
	while (r == 0) {
		errno = 0;
		if ((e = readdir(dir)) == NULL) {
			r = errno == 0 ? 0 : -1;
			break;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = each(arg, e->d_name);
	}
	saved = errno;
	(void)closedir(dir);
	errno = saved;
	return r;
}

/* The ID in "ID,to". 0: it is no such name. */
static int
linked_id(char id[ID_MAX + 1], const char *file)
{
	const char *comma = strrchr(file, ',');
	size_t n = comma == NULL ? 0 : (size_t)(comma - file);

	if (n == 0 || n > ID_MAX || strcmp(comma, ",to") != 0)
		return 0;
	memcpy(id, file, n);
	id[n] = '\0';
	return id_valid(id);
}

static int
seal_one(void *arg, const char *file)
{
	int fd, r;

	if (!id_valid(file))
		return 0;
	fd = openat(*(int *)arg, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return -1;
	r = io_sync(fd);
	(void)io_close(&fd);
	return r;
}

int
spool_outbox_seal(const struct spool *q, int out)
{
	return spool_outbox_each(out, seal_one, &out) == -1 || io_sync(out) == -1 || spool_sync(q, SPOOL_TMP, out) == -1 ? -1 : 0;
}

static struct target *
open_target(struct delivery *d, const char *path)
{
	struct target *t;
	size_t size = strlen(path) + 1;

	for (t = d->targets; t != NULL; t = t->next)
		if (strcmp(t->path, path) == 0)
			return t;
	if ((t = malloc(sizeof(*t) + size)) == NULL)
		return NULL;
	*t = (struct target){ .next = d->targets };
	memcpy(t->path, path, size);
	if (spool_open(&t->q, path) == -1) {
		free(t);
		return NULL;
	}
	return d->targets = t;
}

/* Where a link leads: a queue's new/ or later/. */
static struct target *
find_target(struct delivery *d, const char *file, enum spool_dir *dir)
{
	char path[PATH_MAX], *slash;
	ssize_t n = readlinkat(d->out, file, path, sizeof(path) - 1);

	if (n == -1)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL && slash != path && strcmp(slash + 1, spool_dir_name(SPOOL_NEW)) == 0)
		*dir = SPOOL_NEW;
	else if (slash != NULL && slash != path && strcmp(slash + 1, spool_dir_name(SPOOL_LATER)) == 0)
		*dir = SPOOL_LATER;
	else {
		errno = EINVAL;
		return NULL;
	}
	*slash = '\0';
	return open_target(d, path);
}

/* From another file system: as a submission of its own. The first file goes when all is delivered. */
static int
copy_in(int out, const char *id, const struct spool *q, enum spool_dir dir)
{
	int from = openat(out, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), to = -1, r = -1;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	struct stat st;

	if (from == -1 || fstat(from, &st) == -1)
		goto out;
	to = spool_open_file(q, SPOOL_TMP, id, O_WRONLY | O_CREAT | O_EXCL);
	if (to == -1 && errno == EEXIST && spool_unlink(q, SPOOL_TMP, id) == 0)
		to = spool_open_file(q, SPOOL_TMP, id, O_WRONLY | O_CREAT | O_EXCL);
	times[1] = st.st_mtim;
	if (to == -1 || io_copy(from, to, INT64_MAX) == -1 || futimens(to, times) == -1 || io_sync(to) == -1)
		goto out;
	if ((r = spool_move(q, SPOOL_TMP, id, dir, id)) == -1 && errno == EEXIST)
		r = spool_unlink(q, SPOOL_TMP, id);
out:
	(void)io_close(&from);
	(void)io_close(&to);
	return r;
}

/* A member that comes too late runs all the same, but nobody waits for it. */
static int
enter_batch(int out, const char *id, const struct spool *q)
{
	char batch[ID_WORD_MAX + 1];
	struct job_header h;
	int fd = openat(out, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), entry = -1, r = 0;

	if (fd == -1)
		return -1;
	if (job_read(fd, &h, NULL) == 0 && spool_batch_of(&h, batch) != NULL &&
	    ((entry = spool_batch_enter(q, batch, id)) == -1 || spool_batch_sync(q, batch) == -1) && errno != ESHUTDOWN)
		r = -1;
	(void)io_close(&entry);
	(void)io_close(&fd);
	return r;
}

static int
move_in(const struct delivery *d, const char *id, const struct spool *q, enum spool_dir dir)
{
	char path[SPOOL_PATH_MAX];
	struct spool_job job;
	struct stat st;

	if (fstatat(d->out, id, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	/* Moved by link(2) or by a copy, it may have been seen, and have gone on from there. */
	if (d->again && spool_find(q, id, &job) == 0)
		return 0;
	if (d->again && errno != ENOENT)
		return -1;
	if (enter_batch(d->out, id, q) == -1)
		return -1;
	if (spool_move_at(d->out, id, q->fd, spool_path(path, dir, id)) == 0 || (errno == EXDEV && copy_in(d->out, id, q, dir) == 0)) {
		spool_backlog_came(q, 1);
		return 0;
	}
	return errno == EEXIST ? 0 : -1;
}

static int
deliver_one(void *arg, const char *file)
{
	struct delivery *d = arg;
	char id[ID_MAX + 1];
	enum spool_dir dir;
	struct target *t;

	if (!linked_id(id, file))
		return 0;
	if ((t = find_target(d, file, &dir)) == NULL)
		return -1;
	t->moved[dir] = 1;
	return move_in(d, id, &t->q, dir);
}

/* Whoever may only add to a queue cannot open its directories; a file without a name there will do. */
static int
sync_target(const struct target *t, enum spool_dir dir)
{
	int file = -1, r;

	if (!t->moved[dir])
		return 0;
	if (faccessat(t->q.fd, spool_dir_name(dir), R_OK, AT_EACCESS) == -1)
		file = openat(t->q.fd, spool_dir_name(SPOOL_TMP), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	r = spool_sync(&t->q, dir, file);
	(void)io_close(&file);
	return r;
}

int
spool_outbox_deliver(int out, int again)
{
	struct delivery d = { .out = out, .again = again };
	struct target *t;
	int r = spool_outbox_each(out, deliver_one, &d), saved = errno;

	while ((t = d.targets) != NULL) {
		if (r == 0 && (sync_target(t, SPOOL_NEW) == -1 || sync_target(t, SPOOL_LATER) == -1)) {
			r = -2;
			saved = errno;
		}
		d.targets = t->next;
		spool_close(&t->q);
		free(t);
	}
	errno = saved;
	return r;
}

static int
remove_one(void *arg, const char *file)
{
	/* What else a handler may have made there is no job, and stays. */
	return unlinkat(*(int *)arg, file, 0) == 0 || errno == ENOENT || errno == EISDIR || errno == EPERM ? 0 : -1;
}

int
spool_outbox_clear(int out)
{
	return spool_outbox_each(out, remove_one, &out);
}

int
spool_outbox_remove(const struct spool *q, enum spool_outbox kind, const struct id_name *name, int *out)
{
	char path[SPOOL_OUTBOX_MAX];
	int r = spool_outbox_clear(*out);

	if (r == 0 && unlinkat(q->fd, spool_outbox_path(path, kind, name), AT_REMOVEDIR) == -1 && errno != ENOENT &&
	    errno != ENOTEMPTY && errno != EEXIST)
		r = -1;
	(void)io_close(out);
	return r;
}

int
spool_outbox_drop(const struct spool *q, enum spool_outbox kind, const struct id_name *name)
{
	int out = spool_outbox_open(q, kind, name);

	if (out == -1)
		return errno == ENOENT ? 0 : -1;
	return spool_outbox_remove(q, kind, name, &out);
}

/* --- after a crash */

/* 1: a dead letter of this attempt is there; 0: there is none; -1: it cannot be told. */
static int
is_dead(const struct spool *q, const struct id_name *name)
{
	char file[ID_NAME_MAX + 1];
	enum id_reason x;
	int r;

	for (x = ID_EXIT; x < ID_REASONS; x++)
		if ((r = spool_exists(q, SPOOL_FAILED, id_file(file, name->id, name->attempts, x))) != 0)
			return r;
	return 0;
}

/* 0: nothing more is to be done. A live worker has the lock of what waits for a failure, and of a job in cur/. */
static int
recover_one(const struct spool *q, enum spool_outbox kind, const char *file)
{
	struct id_name name;
	int out, r = 0;

	if (id_parse(file, &name) == -1 || (out = spool_outbox_open(q, kind, &name)) == -1)
		return 0;
	if (kind == SPOOL_IF_DONE && (r = spool_exists(q, SPOOL_CUR, file)) != 0)
		goto out;
	if (kind == SPOOL_IF_FAILED && (r = is_dead(q, &name)) == 1) {
		r = spool_sync(q, SPOOL_FAILED, out) == -1 ? -2 : spool_outbox_deliver(out, 1);
		if (r != 0)
			goto out;
	}
	if (r != -1)
		return spool_outbox_remove(q, kind, &name, &out);
out:
	(void)io_close(&out);
	return r == 1 ? 0 : r;
}

int
spool_outbox_finish(const struct spool *q, const struct id_name *name)
{
	int out = spool_outbox_open(q, SPOOL_IF_FAILED, name), r;

	/* A worker that lives delivers its own, wherever the job is meanwhile. */
	if (out == -1)
		return errno == ENOENT || errno == EWOULDBLOCK ? 0 : -1;
	if ((r = spool_sync(q, SPOOL_FAILED, out) == -1 ? -2 : spool_outbox_deliver(out, 1)) == 0)
		return spool_outbox_remove(q, SPOOL_IF_FAILED, name, &out);
	(void)io_close(&out);
	return r;
}

/* One that cannot be finished keeps none of the others waiting. */
struct recovery {
	const struct spool *q;
	int worst, error;
};

static int
recover_entry(void *arg, const char *file)
{
	static const struct { enum spool_outbox kind; const char *prefix; } kinds[] = {
		{ SPOOL_IF_DONE, ".out," }, { SPOOL_IF_FAILED, ".end," }
	};
	struct recovery *all = arg;
	size_t i;
	int r;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strncmp(file, kinds[i].prefix, strlen(kinds[i].prefix)) != 0 ||
		    (r = recover_one(all->q, kinds[i].kind, file + strlen(kinds[i].prefix))) >= all->worst)
			continue;
		all->worst = r;
		all->error = errno;
	}
	return 0;
}

int
spool_outbox_recover(const struct spool *q)
{
	struct recovery all = { .q = q };
	int dir = spool_open_dir(q, SPOOL_TMP), r;

	if (dir == -1)
		return -1;
	r = spool_outbox_each(dir, recover_entry, &all);
	(void)io_close(&dir);
	if (r == 0 && all.worst != 0)
		errno = all.error;
	return r == 0 ? all.worst : r;
}
