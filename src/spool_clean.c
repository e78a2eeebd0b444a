#include "spool_clean.h"

#include <errno.h>

#include "io.h"
#include "spool_clean_part.h"
#include "spool_path.h"
#include "spool_progress.h"

void
spool_clean_removed(const struct spool_cleaning *c, enum spool_dir d, const char *file)
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
	int64_t at = io_time(d == SPOOL_FAILED ? st->st_ctim : st->st_mtim);

	return keep(c, d) != 0 && at <= c->now && c->now - at >= keep(c, d);
}

/* 1; 0: it has gone, or is young; -1: it cannot be told. */
static int
is_old_file(const struct spool_cleaning *c, enum spool_dir d, const char *file)
{
	struct stat st;

	if (spool_stat(c->q, d, file, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	return is_old(c, d, &st);
}

/* With its record goes the log, unless the policy keeps that longer. */
static int
remove_log(const struct spool_cleaning *c, const char *id)
{
	if (c->p->keep_log != 0 && is_old_file(c, SPOOL_LOG, id) != 1)
		return 0;
	if (c->dry ? spool_exists(c->q, SPOOL_LOG, id) != 1 : spool_unlink(c->q, SPOOL_LOG, id) == -1)
		return c->dry || errno == ENOENT ? 0 : -1;
	spool_clean_removed(c, SPOOL_LOG, id);
	return 0;
}

static int
remove_one(struct spool_cleaning *c, const struct spool_sought *job)
{
	int r;

	/* What was put back may have failed once more, or be at work, under the same name. */
	if (c->dir != SPOOL_DONE && (r = is_old_file(c, c->dir, job->file)) != 1)
		return r;
	if (!c->dry && spool_unlink(c->q, c->dir, job->file) == -1)
		return errno == ENOENT ? 0 : -1;
	spool_clean_removed(c, c->dir, job->file);
	return c->dir == SPOOL_LOG ? 0 : remove_log(c, job->id);
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

/*
 * A file of a job whose end is on record moves forward only, from later/ to new/, so that one look finds it. An outbox
 * waits for a record, and is delivered by it.
 */
static int
remove_chosen(struct spool_cleaning *c)
{
	static const enum spool_dir dirs[] = { SPOOL_LATER, SPOOL_NEW, SPOOL_CUR };
	size_t i, n = 0;

	if (c->old.n == 0)
		return 0;
	if (spool_sought_look(c->q, &c->old, dirs, sizeof(dirs) / sizeof(*dirs)) == -1)
		return -1;
	for (i = 0; i < c->old.n; i++)
		n += c->old.job[i].where == 0;
	if (n > 0 && !c->dry && sync_jobs(c) == -1)
		return -1;
	for (i = 0; i < c->old.n; i++)
		if (c->old.job[i].where == 0 && remove_one(c, &c->old.job[i]) == -1)
			return -1;
	spool_sought_clear(&c->old);
	return 0;
}

static int
choose(void *arg, const char *file)
{
	struct spool_cleaning *c = arg;
	struct id_name name;
	int r;

	if (id_parse(file, &name) == -1)
		return 0;
	if ((r = is_old_file(c, c->dir, file)) != 1)
		return r;
	if (spool_sought_add(&c->old, name.id, file) == -1)
		return -1;
	return spool_sought_full(&c->old) ? remove_chosen(c) : 0;
}

static int
clean_dir(struct spool_cleaning *c, enum spool_dir d)
{
	int r;

	if (keep(c, d) == 0)
		return 0;
	c->dir = d;
	if ((r = spool_scan(c->q, d, choose, c)) == 0)
		r = remove_chosen(c);
	spool_sought_clear(&c->old);
	return r;
}

static int
clean_results(struct spool_cleaning *c)
{
	return clean_dir(c, SPOOL_DONE);
}

static int
clean_dead(struct spool_cleaning *c)
{
	return clean_dir(c, SPOOL_FAILED);
}

static int
clean_logs(struct spool_cleaning *c)
{
	return clean_dir(c, SPOOL_LOG);
}

static int
clean_aside(struct spool_cleaning *c)
{
	return c->dry ? 0 : spool_progress_sweep(c->q);
}

int
spool_clean(struct spool_cleaning *c)
{
	static int (*const parts[])(struct spool_cleaning *) = {
		clean_results, clean_dead, clean_logs, spool_clean_keys, spool_clean_batches, spool_clean_tmp, clean_aside
	};
	int r = 0, error = 0;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i](c) == -1) {
			r = -1;
			error = errno;
		}
	errno = error;
	return r;
}
