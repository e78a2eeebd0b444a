#include "spool_clean.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_claim.h"
#include "spool_key.h"
#include "spool_path.h"

static const int64_t draft_age = INT64_C(36) * 3600 * 1000000;

/* 1 where the job has a file of its own in one of these; 0; -1: it cannot be told. */
static int
lives(const struct spool *q, const char *id)
{
	static const enum spool_dir dirs[] = { SPOOL_NEW, SPOOL_LATER, SPOOL_CUR };
	char file[ID_NAME_MAX + 1];
	enum id_reason x;
	size_t i;
	int a, r;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		for (a = 0; a <= ID_ATTEMPTS_MAX; a++)
			for (x = ID_NONE; x < (dirs[i] == SPOOL_CUR ? ID_NONE + 1 : ID_REASONS); x++)
				if ((r = spool_exists(q, dirs[i], id_file(file, id, a, x))) != 0)
					return r;
	return 0;
}

static int64_t
micros(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

static int
note(struct spool_cleaning *c, const char *file)
{
	char **p;

	if (c->n == c->room) {
		c->room = c->room == 0 ? 1024 : c->room * 2;
		if ((p = reallocarray(c->file, c->room, sizeof(*p))) == NULL)
			return -1;
		c->file = p;
	}
	return (c->file[c->n] = strdup(file)) == NULL ? -1 : (c->n++, 0);
}

static void
removed(const struct spool_cleaning *c, enum spool_dir d, const char *file)
{
	if (c->removed != NULL)
		c->removed(c->arg, spool_dir_name(d), file);
}

static int64_t
keep(const struct spool_cleaning *c, enum spool_dir d)
{
	return d == SPOOL_DONE ? c->p->keep_done : d == SPOOL_FAILED ? c->p->keep_failed : c->p->keep_log;
}

/* What a file of a job that has ended is old enough for. A dead letter's mtime is that of its submission. */
static int
is_old(const struct spool_cleaning *c, enum spool_dir d, const struct stat *st)
{
	int64_t at = micros(d == SPOOL_FAILED ? &st->st_ctim : &st->st_mtim);

	return keep(c, d) != 0 && at <= c->now && c->now - at >= keep(c, d);
}

static int
choose(void *arg, const char *file)
{
	struct spool_cleaning *c = arg;
	struct id_name name;
	struct stat st;
	int r;

	if (id_parse(file, &name) == -1)
		return 0;
	if (spool_stat(c->q, c->dir, file, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!is_old(c, c->dir, &st))
		return 0;
	if ((r = lives(c->q, name.id)) != 0)
		return r == -1 ? -1 : 0;
	return note(c, file);
}

/* With its record goes the log, unless the policy keeps that longer. */
static int
remove_log(const struct spool_cleaning *c, const char *id)
{
	struct stat st;

	if (c->p->keep_log != 0 && (spool_stat(c->q, SPOOL_LOG, id, &st) == -1 || !is_old(c, SPOOL_LOG, &st)))
		return 0;
	if (c->dry ? spool_exists(c->q, SPOOL_LOG, id) != 1 : spool_unlink(c->q, SPOOL_LOG, id) == -1)
		return c->dry || errno == ENOENT ? 0 : -1;
	removed(c, SPOOL_LOG, id);
	return 0;
}

static int
remove_one(struct spool_cleaning *c, const char *file)
{
	struct id_name name;

	if (id_parse(file, &name) == -1)
		return 0;
	if (!c->dry && spool_unlink(c->q, c->dir, file) == -1)
		return errno == ENOENT ? 0 : -1;
	removed(c, c->dir, file);
	return c->dir == SPOOL_LOG ? 0 : remove_log(c, name.id);
}

/* That the jobs of these records are nowhere was seen before; now it is durable. */
static int
sync_jobs(const struct spool_cleaning *c)
{
	static const enum spool_dir dirs[] = { SPOOL_DONE, SPOOL_FAILED, SPOOL_NEW, SPOOL_LATER, SPOOL_CUR };
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (spool_sync(c->q, dirs[i], -1) == -1)
			return -1;
	return 0;
}

static int
clean_dir(struct spool_cleaning *c, enum spool_dir d)
{
	int r = 0, error = 0;
	size_t i;

	c->dir = d;
	c->n = 0;
	if (keep(c, d) == 0)
		return 0;
	if (spool_scan(c->q, d, choose, c) == -1 || (c->n > 0 && !c->dry && sync_jobs(c) == -1)) {
		r = -1;
		error = errno;
	}
	for (i = 0; i < c->n; i++) {
		if (r == 0 && remove_one(c, c->file[i]) == -1) {
			r = -1;
			error = errno;
		}
		free(c->file[i]);
	}
	errno = error;
	return r;
}

/* --- keys/ */

/* 1: nobody needs it any more. */
static int
key_is_over(const struct spool_cleaning *c, const char *file)
{
	char id[ID_MAX + 1];
	struct spool_job job;
	struct stat st;
	int64_t age;

	if (spool_stat(c->q, SPOOL_KEYS, file, &st) == -1 || spool_key_holder(c->q, file, id) == -1)
		return 0;
	if ((age = c->now - micros(&st.st_mtim)) < 0)
		return 0;
	if (spool_find(c->q, id, &job) == 0)
		return (job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED) && c->p->keep_keys != 0 && age >= c->p->keep_keys;
	/* Its submitter may not have come further than the key. */
	return errno == ENOENT && age >= draft_age && spool_exists(c->q, SPOOL_TMP, id) == 0;
}

static int
choose_key(void *arg, const char *file)
{
	struct spool_cleaning *c = arg;

	return key_is_over(c, file) ? note(c, file) : 0;
}

/* Under the lock nobody takes a key over that is free. */
static int
remove_keys(struct spool_cleaning *c)
{
	int lock = spool_key_lock(c->q), r = lock == -1 ? -1 : 0, error;
	size_t i;

	for (i = 0; r == 0 && i < c->n; i++) {
		if (!key_is_over(c, c->file[i]))
			continue;
		if (spool_unlink(c->q, SPOOL_KEYS, c->file[i]) == 0)
			removed(c, SPOOL_KEYS, c->file[i]);
		else if (errno != ENOENT)
			r = -1;
	}
	error = errno;
	(void)io_close(&lock);
	errno = error;
	return r;
}

static int
clean_keys(struct spool_cleaning *c)
{
	int r, error;
	size_t i;

	c->n = 0;
	r = spool_scan(c->q, SPOOL_KEYS, choose_key, c);
	if (r == 0 && c->n > 0 && !c->dry)
		r = remove_keys(c);
	error = errno;
	for (i = 0; i < c->n; i++) {
		if (r == 0 && c->dry)
			removed(c, SPOOL_KEYS, c->file[i]);
		free(c->file[i]);
	}
	errno = error;
	return r;
}

int
spool_clean(struct spool_cleaning *c)
{
	static const enum spool_dir dirs[] = { SPOOL_DONE, SPOOL_FAILED, SPOOL_LOG };
	int r = 0, error = 0;
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (clean_dir(c, dirs[i]) == -1) {
			r = -1;
			error = errno;
		}
	if (clean_keys(c) == -1 || (!c->dry && spool_sweep(c->q) == -1)) {
		r = -1;
		error = errno;
	}
	free(c->file);
	c->file = NULL;
	c->room = 0;
	errno = error;
	return r;
}
