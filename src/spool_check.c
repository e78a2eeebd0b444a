#include "spool_check.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_check_part.h"
#include "spool_outbox.h"
#include "spool_path.h"

enum { PAUSE_MS = 100 };

/* --- what was found at the first look */

struct spool_seen {
	char *path;
	const char *what;
};

static int
by_path(const void *x, const void *y)
{
	return strcmp(((const struct spool_seen *)x)->path, ((const struct spool_seen *)y)->path);
}

static int
note(struct spool_checking *c, const char *path, const char *what)
{
	size_t a = strlen(path) + 1, b = strlen(what) + 1, room = c->seen_room == 0 ? 64 : c->seen_room * 2;
	struct spool_seen *p;
	char *text;

	if (c->seen_n == c->seen_room) {
		if ((p = reallocarray(c->seen, room, sizeof(*p))) == NULL)
			return -1;
		c->seen = p;
		c->seen_room = room;
	}
	if ((text = malloc(a + b)) == NULL)
		return -1;
	memcpy(text, path, a);
	memcpy(text + a, what, b);
	c->seen[c->seen_n++] = (struct spool_seen){ .path = text, .what = text + a };
	return 0;
}

int
spool_check_wanted(const struct spool_checking *c, const char *path)
{
	const struct spool_seen key = { .path = (char *)(uintptr_t)path };

	return !c->again || (c->seen_n > 0 && bsearch(&key, c->seen, c->seen_n, sizeof(*c->seen), by_path) != NULL);
}

/* Several things may be wrong with one path. */
int
spool_check_sure(struct spool_checking *c, const char *path, const char *what)
{
	const struct spool_seen key = { .path = (char *)(uintptr_t)path };
	const struct spool_seen *s, *first = c->seen, *end = c->seen + c->seen_n;

	if (!c->again) {
		(void)note(c, path, what);
		return 0;
	}
	if (c->seen_n == 0 || (s = bsearch(&key, c->seen, c->seen_n, sizeof(*c->seen), by_path)) == NULL)
		return 0;
	while (s > first && strcmp(s[-1].path, path) == 0)
		s--;
	for (; s < end && strcmp(s->path, path) == 0; s++)
		if (strcmp(s->what, what) == 0)
			return 1;
	return 0;
}

void
spool_check_thing(struct spool_checking *c, const struct spool_thing *t, spool_judge *judge, spool_mend *mend)
{
	const char *what = spool_check_wanted(c, t->path) ? judge(c, t) : NULL;
	char text[sizeof(c->why)];
	int mended = 0;

	if (what == NULL || !spool_check_sure(c, t->path, what))
		return;
	(void)snprintf(text, sizeof(text), "%s", what);
	if (c->repair && (c->recovered & SPOOL_CHECK_FAILED) == 0 && mend != NULL && mend(c, t) == 0)
		mended = judge(c, t) == NULL;
	c->found(c->arg, t->path, text, mended ? SPOOL_MENDED : SPOOL_FOUND);
}

void
spool_check_stranger(struct spool_checking *c, const char *path)
{
	static const char what[] = "is nothing of wqw's";

	if (spool_check_is_there(c, path) && spool_check_sure(c, path, what))
		c->found(c->arg, path, what, SPOOL_WARNED);
}

/* --- looks */

int
spool_check_stat(const struct spool_checking *c, const char *path, struct stat *st)
{
	return fstatat(c->q->fd, path, st, AT_SYMLINK_NOFOLLOW);
}

int
spool_check_is_there(const struct spool_checking *c, const char *path)
{
	return faccessat(c->q->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

int
spool_check_older(const struct stat *st, int64_t seconds)
{
	return st->st_mtim.tv_sec < io_now() / 1000000 - seconds;
}

static int
open_path(const struct spool_checking *c, const char *path)
{
	return openat(c->q->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

int
spool_check_locked(const struct spool_checking *c, const char *path)
{
	int fd = open_path(c, path), locked = fd == -1 || flock(fd, LOCK_SH | LOCK_NB) == -1;

	(void)io_close(&fd);
	return locked;
}

struct walk {
	struct spool_checking *c;
	const char *path;
	int (*each)(struct spool_checking *, const char *, const char *);
};

static int
walk_one(void *arg, const char *name)
{
	const struct walk *w = arg;

	return w->each(w->c, w->path, name);
}

int
spool_check_each(struct spool_checking *c, const char *path,
    int (*each)(struct spool_checking *c, const char *path, const char *name))
{
	struct walk w = { .c = c, .path = path, .each = each };
	int fd = openat(c->q->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	/* What is not a directory has been told of. */
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
	r = spool_outbox_each(fd, walk_one, &w);
	(void)io_close(&fd);
	return r;
}

/* --- type, mode, owner */

/* What every worker writes to; a handler's files are its own. */
static int
is_workers(const struct spool_thing *t)
{
	return t->dir == SPOOL_LOG || (t->dir == SPOOL_STAT && t->type == S_IFREG && t->file[0] == '.');
}

static const char *
judge_shape(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	if (spool_check_stat(c, t->path, &st) == -1)
		return NULL;
	if (t->type != 0 && (st.st_mode & S_IFMT) != t->type)
		return t->type == S_IFREG ? "is not a regular file" : t->type == S_IFDIR ? "is not a directory" :
		    "is not a symbolic link";
	if (!S_ISLNK(st.st_mode) && (st.st_mode & 0002) != 0)
		return "everybody can write to it";
	if (is_workers(t) && c->q->mode == 0640 && st.st_uid != c->q->owner)
		return "does not belong to the queue's owner";
	return NULL;
}

/* By its descriptor: the name may lead elsewhere by now. */
static int
mend_shape(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;
	int fd = open_path(c, t->path), r = -1;

	if (fd == -1 || fstat(fd, &st) == -1 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) ||
	    (S_ISREG(st.st_mode) && st.st_nlink != 1))
		goto out;
	r = 0;
	if ((st.st_mode & 0002) != 0)
		r = fchmod(fd, t->type == S_IFREG && t->dir != SPOOL_KEYS ? c->q->mode : st.st_mode & 07775);
	else if (st.st_uid != c->q->owner)
		r = fchown(fd, c->q->owner, (gid_t)-1);
out:
	(void)io_close(&fd);
	return r;
}

void
spool_check_shape(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_shape, mend_shape);
}

/* --- the queue's own directory */

static const char *
judge_directory(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st, top;

	if (spool_check_stat(c, t->path, &st) == -1 || fstat(c->q->fd, &top) == -1) {
		(void)snprintf(c->why, sizeof(c->why), "%s", errno == ENOENT ? "is missing; wqw-init makes it" : strerror(errno));
		return c->why;
	}
	if (!S_ISDIR(st.st_mode))
		return "is not a directory";
	if ((st.st_mode & 0002) != 0)
		return "everybody can write to it";
	if (st.st_uid != top.st_uid)
		return "does not belong to the queue's owner";
	return st.st_dev != top.st_dev ? "is on another file system than the queue" : NULL;
}

static int
mend_directory(struct spool_checking *c, const struct spool_thing *t)
{
	int fd = open_path(c, t->path), r = -1;
	struct stat st, top;

	if (fd == -1 || fstat(fd, &st) == -1 || fstat(c->q->fd, &top) == -1 || !S_ISDIR(st.st_mode))
		goto out;
	r = (st.st_mode & 0002) != 0 ? fchmod(fd, st.st_mode & 07775) :
	    st.st_uid != top.st_uid ? fchown(fd, top.st_uid, (gid_t)-1) : -1;
out:
	(void)io_close(&fd);
	return r;
}

static int
check_top(struct spool_checking *c, const char *path, const char *name)
{
	/* The last is of a file system that holds nothing but the queue. */
	static const char *const known[] = { "queue.conf", "pause", "lost+found" };
	size_t i;

	(void)path;
	for (i = 0; i < SPOOL_DIRS; i++)
		if (strcmp(name, spool_dir_name((enum spool_dir)i)) == 0)
			return 0;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(name, known[i]) == 0)
			return 0;
	spool_check_stranger(c, name);
	return 0;
}

static int
check_directories(struct spool_checking *c)
{
	struct spool_thing t = { .path = "queue.conf", .dir = SPOOL_DIRS, .file = "" };
	enum spool_dir d;

	spool_check_shape(c, &t);
	t.path = ".";
	spool_check_thing(c, &t, judge_directory, mend_directory);
	for (d = 0; d < SPOOL_DIRS; d++) {
		t.path = spool_dir_name(d);
		spool_check_thing(c, &t, judge_directory, mend_directory);
	}
	return spool_check_each(c, ".", check_top);
}

/* --- */

static int
look(struct spool_checking *c)
{
	static int (*const parts[])(struct spool_checking *) = { check_directories, spool_check_jobs, spool_check_names };
	int r = 0, error = 0;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i](c) == -1) {
			r = -1;
			error = errno;
		}
	spool_check_pairs(c);
	spool_check_forget(c);
	errno = error;
	return r;
}

int
spool_check(struct spool_checking *c)
{
	int r = look(c), error = errno;

	if (c->seen_n > 0) {
		qsort(c->seen, c->seen_n, sizeof(*c->seen), by_path);
		c->again = 1;
		(void)poll(NULL, 0, PAUSE_MS);
		r = look(c);
		error = errno;
	}
	while (c->seen_n > 0)
		free(c->seen[--c->seen_n].path);
	free(c->seen);
	c->seen = NULL;
	c->seen_room = 0;
	c->again = 0;
	errno = error;
	return r;
}
