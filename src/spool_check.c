#include "spool_check.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "job.h"
#include "spool_cancel.h"
#include "spool_claim.h"
#include "spool_bury.h"
#include "spool_path.h"

struct spool_entry {   /* a file of a job, or its record */
	enum spool_dir dir;
	char id[ID_MAX + 1];
	char *file;
};

static const int64_t draft_age = INT64_C(36) * 3600;   /* seconds */

static void
tell(const struct spool_checking *c, enum spool_dir d, const char *file, const char *what, int mended)
{
	char path[SPOOL_PATH_MAX];

	c->found(c->arg, spool_path(path, d, file), what, mended);
}

static int
still_there(const struct spool_checking *c, enum spool_dir d, const char *file)
{
	return spool_exists(c->q, d, file) != 0;
}

/* --- directories */

static void
check_directory(const struct spool_checking *c, enum spool_dir d)
{
	const char *name = spool_dir_name(d);
	struct stat st, top;

	if (fstatat(c->q->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || fstat(c->q->fd, &top) == -1) {
		c->found(c->arg, name, errno == ENOENT ? "is missing; wqw-init makes it" : strerror(errno), 0);
		return;
	}
	if (!S_ISDIR(st.st_mode))
		c->found(c->arg, name, "is not a directory", 0);
	else if ((st.st_mode & 0002) != 0)
		c->found(c->arg, name, "everybody can write to it",
		    c->repair && fchmodat(c->q->fd, name, st.st_mode & 07775, 0) == 0);
	else if (st.st_uid != top.st_uid)
		c->found(c->arg, name, "does not belong to the queue's owner",
		    c->repair && fchownat(c->q->fd, name, top.st_uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0);
	else if (st.st_dev != top.st_dev)
		c->found(c->arg, name, "is on another file system than the queue", 0);
}

/* --- files */

static int
note(struct spool_checking *c, const char *file, const char *id)
{
	struct spool_entry *e;

	if (c->n == c->room) {
		c->room = c->room == 0 ? 1024 : c->room * 2;
		if ((e = reallocarray(c->entry, c->room, sizeof(*e))) == NULL)
			return -1;
		c->entry = e;
	}
	e = &c->entry[c->n];
	e->dir = c->dir;
	(void)snprintf(e->id, sizeof(e->id), "%s", id);
	return (e->file = strdup(file)) == NULL ? -1 : (c->n++, 0);
}

/* The header and the length of an open file; 0 where it is sound. */
static int
check_content(struct spool_checking *c, const char *file, const struct id_name *name, int fd)
{
	struct job_header h;
	char what[160], line[160];
	const char *why;
	int mended = 0;

	if (job_read(fd, &h, &why) == 0)
		return 0;
	if (errno != EBADMSG)
		return -1;
	if (!still_there(c, c->dir, file))
		return 0;
	(void)snprintf(what, sizeof(what), "%s", why);
	/* A worker would bury it, too. It is kept, in failed/. */
	if (c->repair && (c->dir == SPOOL_NEW || c->dir == SPOOL_LATER) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    spool_same(c->q, c->dir, file, fd) == 1) {
		(void)snprintf(line, sizeof(line), "malformed: %s", why);
		mended = spool_bury(c->q, c->dir, file, name, ID_MALFORMED, line) == 0;
	}
	if (c->dir != SPOOL_FAILED || name->reason != ID_MALFORMED)
		tell(c, c->dir, file, what, mended);
	return 0;
}

/* In failed/ without a reason it would, put back, come with its attempts counted; and wqw-status does not find it. */
static void
check_name(const struct spool_checking *c, const char *file, const struct id_name *name)
{
	char dead[ID_NAME_MAX + 1];

	if (c->dir == SPOOL_FAILED && name->reason == ID_NONE)
		tell(c, c->dir, file, "a dead letter whose name has no reason", c->repair &&
		    spool_move(c->q, c->dir, file, c->dir, id_file(dead, name->id, name->attempts, ID_LOST)) == 0);
	else if ((c->dir == SPOOL_DONE || c->dir == SPOOL_LOG) && (name->attempts != 0 || name->reason != ID_NONE))
		tell(c, c->dir, file, "its name has what is no part of an ID", 0);
}

static int
check_file(struct spool_checking *c, const char *file, const struct id_name *name)
{
	struct stat st;
	int fd, r = 0;

	if (spool_stat(c->q, c->dir, file, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode)) {
		tell(c, c->dir, file, "is not a regular file", 0);
		return 0;
	}
	if ((fd = spool_open_file(c->q, c->dir, file, O_RDONLY)) == -1) {
		if (errno != ENOENT)
			tell(c, c->dir, file, strerror(errno), 0);
		return 0;
	}
	if ((st.st_mode & 0002) != 0 && still_there(c, c->dir, file))
		tell(c, c->dir, file, "everybody can write to it", c->repair && fchmod(fd, c->q->mode) == 0);
	if (c->dir != SPOOL_LOG)
		r = check_content(c, file, name, fd);
	(void)io_close(&fd);
	return r;
}

/* A claim that has no owner. */
static void
check_claim(const struct spool_checking *c, const char *file, const struct id_name *name)
{
	struct spool_job job = { .dir = SPOOL_CUR, .name = *name };

	/* Twice: it may have gone and been claimed again in between. */
	if (!spool_claimed(c->q, &job) && still_there(c, SPOOL_CUR, file) && !spool_claimed(c->q, &job))
		tell(c, SPOOL_CUR, file, "abandoned: its worker has died",
		    c->repair && spool_recover(c->q, file, c->p) == 1);
}

static int
check_entry(void *arg, const char *file)
{
	struct spool_checking *c = arg;
	struct id_name name;

	if (id_parse(file, &name) == -1) {
		if (still_there(c, c->dir, file))
			tell(c, c->dir, file, "is not the name of a job", 0);
		return 0;
	}
	if (note(c, file, name.id) == -1 || check_file(c, file, &name) == -1)
		return -1;
	check_name(c, file, &name);
	if (c->dir == SPOOL_CUR)
		check_claim(c, file, &name);
	return 0;
}

static int
check_mark(void *arg, const char *id)
{
	const struct spool_checking *c = arg;
	char file[ID_NAME_MAX + 1];
	struct spool_job job;

	if (spool_find(c->q, id, &job) == 0 && job.dir == SPOOL_CUR)
		return 0;
	(void)snprintf(file, sizeof(file), ".cancel.%s", id);
	if (still_there(c, SPOOL_CUR, file))
		tell(c, SPOOL_CUR, file, "cancelled, and not running any more", c->repair && spool_cancel_mend(c->q, id) == 1);
	return 0;
}

static int
check_draft(void *arg, const char *file)
{
	const struct spool_checking *c = arg;
	struct stat st;
	int fd, free;

	if (spool_stat(c->q, SPOOL_TMP, file, &st) == -1 || st.st_mtim.tv_sec >= io_now() / 1000000 - draft_age)
		return 0;
	if (!S_ISREG(st.st_mode)) {
		tell(c, SPOOL_TMP, file, "is not a regular file", 0);
		return 0;
	}
	if ((fd = spool_open_file(c->q, SPOOL_TMP, file, O_RDONLY)) == -1)
		return 0;
	free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (free && still_there(c, SPOOL_TMP, file))
		tell(c, SPOOL_TMP, file, "cut short more than 36 hours ago",
		    c->repair && spool_unlink(c->q, SPOOL_TMP, file) == 0);
	(void)io_close(&fd);
	return 0;
}

static int
check_key(void *arg, const char *file)
{
	const struct spool_checking *c = arg;
	struct stat st;

	if (spool_stat(c->q, SPOOL_KEYS, file, &st) == 0 && !S_ISLNK(st.st_mode))
		tell(c, SPOOL_KEYS, file, "is not a key", 0);
	return 0;
}

static int
check_worker(void *arg, const char *file)
{
	const struct spool_checking *c = arg;
	int fd = spool_open_file(c->q, SPOOL_STAT, file, O_RDONLY);

	if (fd != -1 && flock(fd, LOCK_SH | LOCK_NB) == 0 && still_there(c, SPOOL_STAT, file))
		tell(c, SPOOL_STAT, file, "of a worker that has died",
		    c->repair && spool_unlink(c->q, SPOOL_STAT, file) == 0);
	(void)io_close(&fd);
	return 0;
}

/* A directory that is missing has been told of. */
static int
check_others(struct spool_checking *c)
{
	int r = 0;

	if (spool_scan_cancelled(c->q, check_mark, c) == -1 && errno != ENOENT)
		r = -1;
	if (spool_scan(c->q, SPOOL_TMP, check_draft, c) == -1 && errno != ENOENT)
		r = -1;
	if (spool_scan(c->q, SPOOL_KEYS, check_key, c) == -1 && errno != ENOENT)
		r = -1;
	if (spool_scan(c->q, SPOOL_STAT, check_worker, c) == -1 && errno != ENOENT)
		r = -1;
	return r;
}

/* --- what belongs together */

static int
compare(const void *x, const void *y)
{
	const struct spool_entry *a = x, *b = y;
	int r = strcmp(a->id, b->id);

	return r != 0 ? r : (int)b->dir - (int)a->dir;
}

static int
is_record(const struct spool_entry *e)
{
	return e->dir == SPOOL_DONE || e->dir == SPOOL_FAILED;
}

/* The worker that has a job may be just between publishing its result and removing the file. */
static int
is_owned(const struct spool_checking *c, const struct spool_entry *e)
{
	struct spool_job job = { .dir = SPOOL_CUR };

	return e->dir == SPOOL_CUR && id_parse(e->file, &job.name) == 0 && spool_claimed(c->q, &job);
}

/* Looked for once more: the job may have moved from the one to the other in between. */
static int
are_both(const struct spool_checking *c, const struct spool_entry *a, const struct spool_entry *b)
{
	return !is_owned(c, a) && !is_owned(c, b) && still_there(c, a->dir, a->file) &&
	    still_there(c, b->dir, b->file) && still_there(c, a->dir, a->file);
}

/* The entries of one job: logs first, then the records, then the rest. */
static void
check_job(const struct spool_checking *c, const struct spool_entry *e, size_t n)
{
	struct spool_job job;
	size_t i, first = 0;

	while (first < n && e[first].dir == SPOOL_LOG)
		first++;
	if (first == n && spool_find(c->q, e->id, &job) == -1 && errno == ENOENT)
		tell(c, SPOOL_LOG, e->file, "the log of a job that is nowhere; keep-log removes it", 0);
	for (i = first + 1; i < n; i++)
		if (are_both(c, &e[i], &e[first]))
			tell(c, e[i].dir, e[i].file, is_record(&e[i]) ? "there are two records of this job's end" :
			    is_record(&e[first]) ? "the end of this job is on record; a worker drops it" :
			    "there are two files of this job", 0);
}

static void
check_jobs(struct spool_checking *c)
{
	size_t i, j;

	if (c->n > 0)
		qsort(c->entry, c->n, sizeof(*c->entry), compare);
	for (i = 0; i < c->n; i = j) {
		for (j = i + 1; j < c->n && strcmp(c->entry[j].id, c->entry[i].id) == 0; j++)
			;
		check_job(c, &c->entry[i], j - i);
	}
}

int
spool_check(struct spool_checking *c)
{
	/* As a job moves: one that moves meanwhile is rather seen twice than not at all. */
	static const enum spool_dir dirs[] = { SPOOL_LATER, SPOOL_NEW, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED, SPOOL_LOG };
	enum spool_dir d;
	size_t i;
	int r = 0, error = 0;

	for (d = 0; d < SPOOL_DIRS; d++)
		check_directory(c, d);
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		c->dir = dirs[i];
		if (spool_scan(c->q, dirs[i], check_entry, c) == -1 && errno != ENOENT) {
			r = -1;
			error = errno;
		}
	}
	if (check_others(c) == -1) {
		r = -1;
		error = errno;
	}
	check_jobs(c);
	while (c->n > 0)
		free(c->entry[--c->n].file);
	free(c->entry);
	c->entry = NULL;
	c->room = 0;
	errno = error;
	return r;
}
