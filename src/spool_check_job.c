#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "job.h"
#include "spool_bury.h"
#include "spool_check_part.h"
#include "spool_claim.h"
#include "spool_order.h"
#include "spool_path.h"

struct spool_entry {   /* a file of a job, or its record */
	enum spool_dir dir;
	char id[ID_MAX + 1];
	char *file;
};

static int
still_there(const struct spool_checking *c, enum spool_dir d, const char *file)
{
	return spool_exists(c->q, d, file) != 0;
}

/* --- all that there are */

static int
note(struct spool_checking *c, const char *file, const char *id)
{
	size_t room = c->room == 0 ? 1024 : c->room * 2;
	struct spool_entry *e;

	if (c->n == c->room) {
		if ((e = reallocarray(c->entry, room, sizeof(*e))) == NULL)
			return -1;
		c->entry = e;
		c->room = room;
	}
	e = &c->entry[c->n];
	e->dir = c->dir;
	(void)snprintf(e->id, sizeof(e->id), "%s", id);
	return (e->file = strdup(file)) == NULL ? -1 : (c->n++, 0);
}

static int
compare(const void *x, const void *y)
{
	const struct spool_entry *a = x, *b = y;
	int r = strcmp(a->id, b->id);

	return r != 0 ? r : (int)b->dir - (int)a->dir;
}

/* Bits of the directories that had a file of the job when they were read. */
static unsigned
where(const struct spool_checking *c, const char *id)
{
	size_t low = 0, high = c->n, mid;
	unsigned bits = 0;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(c->entry[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->n && strcmp(c->entry[low].id, id) == 0; low++)
		bits |= 1U << c->entry[low].dir;
	return bits;
}

int
spool_check_lives(const struct spool_checking *c, const char *id)
{
	return (where(c, id) & (1U << SPOOL_NEW | 1U << SPOOL_LATER | 1U << SPOOL_CUR)) != 0;
}

int
spool_check_known(const struct spool_checking *c, const char *id)
{
	return (where(c, id) & ~(1U << SPOOL_LOG)) != 0;
}

int64_t
spool_check_group_time(const struct spool_checking *c, int bucket)
{
	struct id_name name;
	int64_t last = 0;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strstr(c->entry[i].id, ",G=") != NULL && id_parse(c->entry[i].id, &name) == 0 && name.group[0] != '\0' &&
		    spool_order_bucket(name.group) == bucket && name.time > last)
			last = name.time;
	return last;
}

void
spool_check_forget(struct spool_checking *c)
{
	while (c->n > 0)
		free(c->entry[--c->n].file);
	free(c->entry);
	c->entry = NULL;
	c->room = 0;
}

/* --- is a job over? */

static int
in_cur(const struct spool_checking *c, const char *id)
{
	char file[ID_NAME_MAX + 1];
	int a;

	for (a = 0; a <= ID_ATTEMPTS_MAX; a++)
		if (still_there(c, SPOOL_CUR, id_file(file, id, a, ID_NONE)))
			return 1;
	return 0;
}

/* A worker keeps the file in cur/, or the lock of a dead letter, until all has been done that follows. */
int
spool_check_over(const struct spool_checking *c, const char *id, struct spool_job *job)
{
	if (spool_find(c->q, id, job) == -1) {
		job->dir = SPOOL_DIRS;
		return errno == ENOENT;
	}
	if (job->dir == SPOOL_DONE)
		return !in_cur(c, id);
	return job->dir == SPOOL_FAILED && !spool_claimed(c->q, job);
}

int
spool_check_unlink(const struct spool_checking *c, const struct spool_thing *t, const char *id)
{
	struct spool_job job;
	int fd = -1, r = -1;

	if (!spool_check_over(c, id, &job))
		return -1;
	if (job.dir != SPOOL_FAILED || spool_take(c->q, &job, &fd) == 1)
		r = spool_unlink(c->q, t->dir, t->file);
	(void)io_close(&fd);
	return r;
}

/* --- one file */

static const char *
judge_content(struct spool_checking *c, const struct spool_thing *t)
{
	int fd = spool_open_file(c->q, t->dir, t->file, O_RDONLY);
	const char *why = NULL;
	struct job_header h;

	if (fd == -1) {
		if (errno == ENOENT)
			return NULL;
		(void)snprintf(c->why, sizeof(c->why), "%s", strerror(errno));
		return c->why;
	}
	if (job_read(fd, &h, &why) == 0)
		why = NULL;
	else if (errno != EBADMSG)
		why = strerror(errno);
	(void)io_close(&fd);
	if (why == NULL || !still_there(c, t->dir, t->file))
		return NULL;
	(void)snprintf(c->why, sizeof(c->why), "%s", why);
	return c->why;
}

/* A worker would bury it, too. It is kept, in failed/. */
static int
mend_content(struct spool_checking *c, const struct spool_thing *t)
{
	char line[sizeof(c->why) + 16];
	struct id_name name;
	struct job_header h;
	const char *why;
	int fd, r = -1;

	if ((t->dir != SPOOL_NEW && t->dir != SPOOL_LATER) || id_parse(t->file, &name) == -1 ||
	    (fd = spool_open_file(c->q, t->dir, t->file, O_RDONLY)) == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && spool_same(c->q, t->dir, t->file, fd) == 1 &&
	    job_read(fd, &h, &why) == -1 && errno == EBADMSG) {
		(void)snprintf(line, sizeof(line), "malformed: %s", why);
		r = spool_bury(c->q, t->dir, t->file, &name, ID_MALFORMED, line);
	}
	(void)io_close(&fd);
	return r;
}

/* In failed/ without a reason it would, put back, come with its attempts counted; and wqw-status does not find it. */
static const char *
judge_name(struct spool_checking *c, const struct spool_thing *t)
{
	struct id_name name;

	if (id_parse(t->file, &name) == -1)
		return still_there(c, t->dir, t->file) ? "is not the name of a job" : NULL;
	if (t->dir == SPOOL_FAILED && name.reason == ID_NONE && still_there(c, t->dir, t->file))
		return "a dead letter whose name has no reason";
	if ((t->dir == SPOOL_DONE || t->dir == SPOOL_LOG) && (name.attempts != 0 || name.reason != ID_NONE))
		return "its name has what is no part of an ID";
	return NULL;
}

static int
mend_name(struct spool_checking *c, const struct spool_thing *t)
{
	char dead[ID_NAME_MAX + 1];
	struct id_name name;

	if (t->dir != SPOOL_FAILED || id_parse(t->file, &name) == -1)
		return -1;
	return spool_move(c->q, t->dir, t->file, t->dir, id_file(dead, name.id, name.attempts, ID_LOST));
}

/* A claim that has no owner. Twice: it may have gone and been claimed again in between. */
static const char *
judge_claim(struct spool_checking *c, const struct spool_thing *t)
{
	struct spool_job job = { .dir = SPOOL_CUR };

	if (id_parse(t->file, &job.name) == -1 || spool_claimed(c->q, &job) || !still_there(c, SPOOL_CUR, t->file) ||
	    spool_claimed(c->q, &job) || !still_there(c, SPOOL_CUR, t->file))
		return NULL;
	return "abandoned: its worker has died";
}

static int
mend_claim(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_recover(c->q, t->file, c->p) == 1 ? 0 : -1;
}

static const char *
judge_empty(struct spool_checking *c, const struct spool_thing *t)
{
	struct spool_job job;
	struct stat st;

	if (spool_stat(c->q, SPOOL_LOG, t->file, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size != 0 ||
	    spool_check_lives(c, t->file) || !spool_check_over(c, t->file, &job))
		return NULL;
	return still_there(c, SPOOL_LOG, t->file) ? "an empty log of a job that has ended" : NULL;
}

static int
mend_empty(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_check_unlink(c, t, t->file);
}

/* --- all of them */

static int
check_entry(void *arg, const char *file)
{
	struct spool_checking *c = arg;
	char path[SPOOL_PATH_MAX];
	struct spool_thing t = { .path = path, .dir = c->dir, .file = file, .type = S_IFREG };
	struct id_name name;
	struct stat st;

	(void)spool_path(path, c->dir, file);
	if (id_parse(file, &name) == 0 && note(c, file, name.id) == -1)
		return -1;
	if (!spool_check_wanted(c, path))
		return 0;
	spool_check_thing(c, &t, judge_name, mend_name);
	if (id_parse(file, &name) == -1)
		return 0;
	spool_check_shape(c, &t);
	if (spool_stat(c->q, c->dir, file, &st) == -1 || !S_ISREG(st.st_mode))
		return 0;
	/* What is in failed/ for being malformed is as it should be. */
	if (c->dir != SPOOL_LOG && (c->dir != SPOOL_FAILED || name.reason != ID_MALFORMED))
		spool_check_thing(c, &t, judge_content, mend_content);
	if (c->dir == SPOOL_CUR)
		spool_check_thing(c, &t, judge_claim, mend_claim);
	return 0;
}

int
spool_check_jobs(struct spool_checking *c)
{
	/* As a job moves: one that moves meanwhile is rather seen twice than not at all. */
	static const enum spool_dir dirs[] = { SPOOL_LATER, SPOOL_NEW, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED, SPOOL_LOG };
	size_t i;
	int r = 0, error = 0;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		c->dir = dirs[i];
		/* A directory that is missing has been told of. */
		if (spool_scan(c->q, dirs[i], check_entry, c) == -1 && errno != ENOENT) {
			r = -1;
			error = errno;
		}
	}
	if (c->n > 0)
		qsort(c->entry, c->n, sizeof(*c->entry), compare);
	errno = error;
	return r;
}

/* --- what belongs together */

static void
tell(struct spool_checking *c, const struct spool_entry *e, const char *what)
{
	char path[SPOOL_PATH_MAX];

	if (spool_check_sure(c, spool_path(path, e->dir, e->file), what))
		c->found(c->arg, path, what, SPOOL_FOUND);
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

static void
check_log(struct spool_checking *c, const struct spool_entry *e, int alone)
{
	char path[SPOOL_PATH_MAX];
	const struct spool_thing t = { .path = spool_path(path, SPOOL_LOG, e->file), .dir = SPOOL_LOG, .file = e->file };
	struct stat st;

	if (spool_stat(c->q, SPOOL_LOG, e->file, &st) == -1)
		return;
	if (st.st_size == 0 && strcmp(e->file, e->id) == 0)
		spool_check_thing(c, &t, judge_empty, mend_empty);
	else if (alone)
		tell(c, e, "the log of a job that is nowhere; keep-log removes it");
}

/* The entries of one job: logs first, then the records, then the rest. */
static void
check_job(struct spool_checking *c, const struct spool_entry *e, size_t n)
{
	size_t i, first = 0;

	while (first < n && e[first].dir == SPOOL_LOG)
		first++;
	for (i = 0; i < first; i++)
		check_log(c, &e[i], first == n);
	for (i = first + 1; i < n; i++)
		if (are_both(c, &e[i], &e[first]))
			tell(c, &e[i], is_record(&e[i]) ? "there are two records of this job's end" :
			    is_record(&e[first]) ? "the end of this job is on record; a worker drops it" :
			    "there are two files of this job");
}

void
spool_check_pairs(struct spool_checking *c)
{
	size_t i, j;

	for (i = 0; i < c->n; i = j) {
		for (j = i + 1; j < c->n && strcmp(c->entry[j].id, c->entry[i].id) == 0; j++)
			;
		check_job(c, &c->entry[i], j - i);
	}
}
