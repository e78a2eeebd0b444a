#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "io.h"
#include "spool_cancel.h"
#include "spool_check_part.h"
#include "spool_count.h"
#include "spool_group.h"
#include "spool_path.h"
#include "spool_ring.h"

/* --- marks of wqw-cancel, in cur/ */

static const char *
judge_mark(struct spool_checking *c, const struct spool_thing *t)
{
	struct spool_job job;

	if (spool_find(c->q, t->rest, &job) == 0 && (job.dir == SPOOL_CUR || job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED) &&
	    !spool_check_over(c, t->rest, &job))
		return NULL;
	return spool_check_is_there(c, t->path) ? "cancelled, and not running any more" : NULL;
}

static int
mend_mark(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_cancel_mend(c->q, t->rest) == 1 ? 0 : -1;
}

int
spool_check_mark(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_mark, mend_mark);
	return 0;
}

/* --- workers */

static const char *
judge_worker(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	if (spool_check_stat(c, t->path, &st) == -1)
		return NULL;
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	if (spool_check_locked(c, t->path))
		return NULL;
	return spool_check_is_there(c, t->path) ? "of a worker that has died" : NULL;
}

static int
mend_worker(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	return spool_check_stat(c, t->path, &st) == 0 && S_ISREG(st.st_mode) ? spool_unlink(c->q, t->dir, t->file) : -1;
}

int
spool_check_worker(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_worker, mend_worker);
	return 0;
}

/* --- counters */

static const char *
judge_count(struct spool_checking *c, const struct spool_thing *t)
{
	struct spool_counts counts;

	(void)t;
	return spool_count_read(c->q, &counts) == -1 && errno == EINVAL ? "counters of another version, or cut short" : NULL;
}

/* As a worker does that starts. */
static int
mend_count(struct spool_checking *c, const struct spool_thing *t)
{
	struct spool copy = *c->q;

	(void)t;
	if (spool_count_open(&copy) == -1)
		return -1;
	spool_count_close(&copy);
	return 0;
}

int
spool_check_count(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_count, mend_count);
	return 0;
}

/* --- samples */

static const char *
judge_ring(struct spool_checking *c, const struct spool_thing *t)
{
	enum spool_ring_kind kind = strcmp(t->file, ".ring.hour") == 0 ? SPOOL_RING_HOUR : SPOOL_RING_DAY;

	return spool_ring_ours(c->q, kind) == 0 ? "samples of another version, or cut short" : NULL;
}

/* The next worker begins it anew. */
static int
mend_ring(struct spool_checking *c, const struct spool_thing *t)
{
	(void)t;
	return spool_ring_mend(c->q);
}

int
spool_check_ring(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_ring, mend_ring);
	return 0;
}

/* --- ordering groups */

static const char *
judge_group(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;
	int r = spool_group_check(c->q, t->rest);

	if (r == 1)
		return "has rows that are no jobs";
	/* Workers drop such rows, in their time. */
	if (r != 2 || spool_check_stat(c, t->path, &st) == -1 || !spool_check_older(&st, SPOOL_CHECK_CUT))
		return NULL;
	return "names a job that is nowhere";
}

static int
mend_group(struct spool_checking *c, const struct spool_thing *t)
{
	(void)t;
	if ((c->recovered & SPOOL_CHECK_GROUPS) == 0)
		(void)spool_group_sweep(c->q, c->p);
	c->recovered |= SPOOL_CHECK_GROUPS;
	return 0;
}

int
spool_check_group(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_group, mend_group);
	return 0;
}

/* --- progress and checkpoints */

static const char *
judge_aside(struct spool_checking *c, const struct spool_thing *t)
{
	struct spool_job job;

	if (spool_check_lives(c, t->rest) || !spool_check_over(c, t->rest, &job))
		return NULL;
	return spool_check_is_there(c, t->path) ? "of a job that has ended" : NULL;
}

static int
mend_aside(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_check_unlink(c, t, t->rest);
}

int
spool_check_aside(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_aside, mend_aside);
	return 0;
}
