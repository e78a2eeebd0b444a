#include "spool_path.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_count.h"
#include "spool_progress.h"
#include "units.h"

const char *
spool_dir_name(enum spool_dir d)
{
	static const char *const names[SPOOL_DIRS] = {
		[SPOOL_TMP] = "tmp", [SPOOL_NEW] = "new", [SPOOL_LATER] = "later", [SPOOL_CUR] = "cur",
		[SPOOL_DONE] = "done", [SPOOL_FAILED] = "failed", [SPOOL_LOG] = "log", [SPOOL_KEYS] = "keys",
		[SPOOL_STAT] = "stat"
	};

	return names[d];
}

char *
spool_path(char buf[SPOOL_PATH_MAX], enum spool_dir d, const char *file)
{
	(void)snprintf(buf, SPOOL_PATH_MAX, "%s/%s", spool_dir_name(d), file);
	return buf;
}

/* 1 where a move by link(2) was cut short before its unlink(2); errno is kept. */
static int
is_one_file(int from, const char *a, int to, const char *b)
{
	struct stat x, y;
	int saved = errno, r;

	r = fstatat(from, a, &x, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(to, b, &y, AT_SYMLINK_NOFOLLOW) == 0 &&
	    x.st_ino == y.st_ino && x.st_dev == y.st_dev;
	errno = saved;
	return r;
}

int
spool_move_at(int from, const char *file, int to, const char *name)
{
	if (renameat2(from, file, to, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* A file system without RENAME_NOREPLACE: link(2) is as exclusive. */
	if ((errno == EINVAL || errno == ENOSYS) && linkat(from, file, to, name, 0) == 0)
		return unlinkat(from, file, 0);
	if (errno != EEXIST || !is_one_file(from, file, to, name))
		return -1;
	return unlinkat(from, file, 0);
}

int
spool_move(const struct spool *q, enum spool_dir from, const char *file, enum spool_dir to, const char *name)
{
	char a[SPOOL_PATH_MAX], b[SPOOL_PATH_MAX];

	return spool_move_at(q->fd, spool_path(a, from, file), q->fd, spool_path(b, to, name));
}

int
spool_unlink(const struct spool *q, enum spool_dir d, const char *file)
{
	char path[SPOOL_PATH_MAX];

	return unlinkat(q->fd, spool_path(path, d, file), 0);
}

int
spool_exists(const struct spool *q, enum spool_dir d, const char *file)
{
	char path[SPOOL_PATH_MAX];

	if (faccessat(q->fd, spool_path(path, d, file), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

int
spool_open_file(const struct spool *q, enum spool_dir d, const char *file, int flags)
{
	char path[SPOOL_PATH_MAX];
	int fd;

	flags |= O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	fd = openat(q->fd, spool_path(path, d, file), flags, 0600);
	if (fd == -1 || (flags & O_EXCL) == 0)
		return fd;
	/* A log that root has made must take the worker's lines. */
	if (fchmod(fd, q->mode) == 0 && (q->owner == 0 || geteuid() != 0 || fchown(fd, q->owner, (gid_t)-1) == 0))
		return fd;
	(void)unlinkat(q->fd, path, 0);
	(void)io_close(&fd);
	return -1;
}

int
spool_have_file(const struct spool *q, enum spool_dir d, const char *file)
{
	int fd = spool_open_file(q, d, file, O_RDWR);

	if (fd == -1 && errno == ENOENT)
		fd = spool_open_file(q, d, file, O_RDWR | O_CREAT | O_EXCL);
	return fd == -1 && errno == EEXIST ? spool_open_file(q, d, file, O_RDWR) : fd;
}

int
spool_sync(const struct spool *q, enum spool_dir d, int file)
{
	return io_sync_dir(q->fd, spool_dir_name(d), file);
}

/* What a crash has left under the draft's name is no one's. */
static int
adopt(const struct spool *q, enum spool_dir d, const char *file, const char *draft, int *fd)
{
	char from[SPOOL_PATH_MAX], to[SPOOL_PATH_MAX];
	int new = spool_open_file(q, SPOOL_TMP, draft, O_RDWR | O_CREAT | O_EXCL), saved;

	if (new == -1 && errno == EEXIST && spool_unlink(q, SPOOL_TMP, draft) == 0)
		new = spool_open_file(q, SPOOL_TMP, draft, O_RDWR | O_CREAT | O_EXCL);
	if (new == -1)
		return -1;
	(void)spool_path(from, SPOOL_TMP, draft);
	(void)spool_path(to, d, file);
	if (flock(new, LOCK_EX | LOCK_NB) == 0 && lseek(*fd, 0, SEEK_SET) != -1 && io_copy(*fd, new, INT64_MAX) != -1 &&
	    io_sync(new) == 0 && renameat(q->fd, from, q->fd, to) == 0) {
		(void)io_close(fd);
		*fd = new;
		return 0;
	}
	saved = errno;
	(void)spool_unlink(q, SPOOL_TMP, draft);
	(void)io_close(&new);
	errno = saved;
	return -1;
}

int
spool_stamp(const struct spool *q, enum spool_dir d, const char *file, const char *draft, int *fd, int64_t due)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, {
		.tv_sec = (time_t)(due / 1000000), .tv_nsec = (long)(due % 1000000) * 1000 } };

	if (futimens(*fd, times) == 0)
		return 0;
	if (errno != EPERM && errno != EACCES)
		return -1;
	return adopt(q, d, file, draft, fd) == -1 ? -1 : futimens(*fd, times);
}

int
spool_same(const struct spool *q, enum spool_dir d, const char *file, int fd)
{
	struct stat there, here;

	if (spool_stat(q, d, file, &there) == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &here) == -1)
		return -1;
	return there.st_ino == here.st_ino && there.st_dev == here.st_dev;
}

static int
is_record(void *arg, const char *file)
{
	struct id_name name;

	(void)arg;
	return id_parse(file, &name) == 0;
}

enum { READ_ANEW = 16384 };   /* bytes of a directory that is read each time, while it may change unseen */

/* 1 where failed/ is empty, as it mostly is, so that no name in it need be tried. */
static int
none_failed(const struct spool *q)
{
	static _Thread_local struct stat seen;
	static _Thread_local int none;
	struct stat st;

	if (fstatat(q->fd, spool_dir_name(SPOOL_FAILED), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (io_unchanged(&st, &seen))
		return none;
	if (!io_rested(&st))
		return st.st_size <= READ_ANEW && spool_scan(q, SPOOL_FAILED, is_record, NULL) == 0;
	none = spool_scan(q, SPOOL_FAILED, is_record, NULL) == 0;
	seen = st;
	return none;
}

int
spool_ended(const struct spool *q, const struct id_name *name, enum spool_dir *where, char file[ID_NAME_MAX + 1])
{
	enum id_reason x;
	int a, r;

	*where = SPOOL_DONE;
	if ((r = spool_exists(q, SPOOL_DONE, id_file(file, name->id, 0, ID_NONE))) != 0)
		return r;
	*where = SPOOL_FAILED;
	if (name->reason != ID_NONE || none_failed(q))
		return 0;
	/* The count may be one behind the record's where a power cut took back the claim, but not the end. */
	for (a = name->attempts; a <= name->attempts + 1; a++)
		for (x = ID_EXIT; x < ID_REASONS; x++)
			if ((r = spool_exists(q, SPOOL_FAILED, id_file(file, name->id, a, x))) != 0)
				return r;
	return 0;
}

int
spool_append(const struct spool *q, const char *id)
{
	int fd = spool_open_file(q, SPOOL_LOG, id, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);

	return fd == -1 && errno == EEXIST ? spool_open_file(q, SPOOL_LOG, id, O_WRONLY | O_APPEND) : fd;
}

int
spool_log(const struct spool *q, const char *id, const char *line)
{
	char when[UNITS_TIME_MAX], text[512];
	struct stat st;
	int fd, n, r;

	if ((fd = spool_append(q, id)) == -1)
		return -1;
	n = snprintf(text, sizeof(text), "wqw: %s %s\n", units_time(when, io_now()), line);
	if (n >= (int)sizeof(text)) {
		n = (int)sizeof(text) - 1;
		text[n - 1] = '\n';
	}
	r = io_write(fd, text, (size_t)n);
	/* A full disk has room for a name, and for nothing in the file. */
	if (r == -1 && fstat(fd, &st) == 0 && st.st_size == 0)
		(void)spool_unlink(q, SPOOL_LOG, id);
	if (io_close(&fd) == -1)
		r = -1;
	return r;
}

char *
spool_job_file(char file[ID_NAME_MAX + 1], const struct spool_job *job)
{
	return id_file(file, job->name.id, job->name.attempts, job->name.reason);
}

int
spool_take(const struct spool *q, const struct spool_job *job, int *fd)
{
	char file[ID_NAME_MAX + 1];
	int r, saved;

	*fd = spool_open_file(q, job->dir, spool_job_file(file, job), O_RDONLY);
	if (*fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (flock(*fd, LOCK_EX | LOCK_NB) == -1)
		r = errno == EWOULDBLOCK ? 2 : -1;
	else
		r = spool_same(q, job->dir, file, *fd);
	saved = errno;
	if (r != 1)
		(void)io_close(fd);
	errno = saved;
	return r;
}

int
spool_job_ended(const struct spool *q, struct spool_job *job)
{
	char record[ID_NAME_MAX + 1];
	enum spool_dir where;
	int r = spool_ended(q, &job->name, &where, record);

	if (r != 1)
		return r;
	job->dir = where;
	return id_parse(record, &job->name) == -1 ? -1 : 1;
}

void
spool_drop_staged(const struct spool *q, const struct spool_job *job)
{
	char file[ID_NAME_MAX + 1];

	if (job->dir == SPOOL_CUR)
		(void)spool_unlink(q, SPOOL_TMP, id_file(file, job->name.id, job->name.attempts, ID_NONE));
}
