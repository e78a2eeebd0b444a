#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch.h"
#include "spool_batch_idle.h"
#include "spool_batch_make.h"
#include "spool_check_part.h"
#include "spool_outbox.h"
#include "spool_path.h"

static int
mend_batches(struct spool_checking *c, const struct spool_thing *t)
{
	(void)t;
	if ((c->recovered & SPOOL_CHECK_BATCHES) == 0 && spool_batch_recover(c->q) == -2)
		c->recovered |= SPOOL_CHECK_FAILED;
	c->recovered |= SPOOL_CHECK_BATCHES;
	return 0;
}

/* --- members */

/* Its submitter keeps the entry locked until the member is in new/. What ended a moment ago a worker is about to see to. */
static const char *
judge_member(struct spool_checking *c, const struct spool_thing *t)
{
	const char *id = t->rest[0] == '.' ? t->rest + 1 : t->rest;
	const char *what = NULL;
	struct spool_job job;
	struct stat st;

	if (spool_check_lives(c, id) || spool_check_stat(c, t->path, &st) == -1 || spool_check_locked(c, t->path))
		return NULL;
	if (t->rest[0] == '.')
		what = "of a submitter that has died";
	else if (!spool_check_over(c, id, &job))
		return NULL;
	else if (job.dir != SPOOL_DIRS)
		what = job.st.st_ctim.tv_sec < io_now() / 1000000 - SPOOL_CHECK_SOON ? "a member that has ended" : NULL;
	else if (spool_exists(c->q, SPOOL_TMP, id) == 1)
		what = "a member whose submitter has died";
	else if (spool_check_older(&st, SPOOL_CHECK_CUT))
		what = "a member that is nowhere: it counts as failed";
	return what != NULL && spool_check_is_there(c, t->path) ? what : NULL;
}

static int
check_member(struct spool_checking *c, const char *open, const char *name)
{
	char path[SPOOL_CHECK_PATH];
	const struct spool_thing t = { .path = path, .dir = SPOOL_KEYS, .file = "", .rest = name, .type = S_IFREG };

	(void)snprintf(path, sizeof(path), "%s/%s", open, name);
	if (strcmp(name, strrchr(BATCH_MORE, '/') + 1) == 0)
		return 0;
	if (!id_valid(name[0] == '.' ? name + 1 : name)) {
		spool_check_stranger(c, path);
		return 0;
	}
	spool_check_shape(c, &t);
	spool_check_thing(c, &t, judge_member, mend_batches);
	return 0;
}

static int
check_ended(struct spool_checking *c, const char *ended, const char *name)
{
	const char *comma = strrchr(name, ',');
	char path[SPOOL_CHECK_PATH];
	struct spool_thing t = { .path = path, .dir = SPOOL_KEYS, .file = "", .type = S_IFREG };

	(void)snprintf(path, sizeof(path), "%s/%s", ended, name);
	if (comma == NULL || (strcmp(comma, ",done") != 0 && strcmp(comma, ",failed") != 0))
		spool_check_stranger(c, path);
	else
		spool_check_shape(c, &t);
	return 0;
}

/* --- a batch */

static int
has(const struct spool_checking *c, const char *batch, const char *part)
{
	char path[SPOOL_CHECK_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", batch, part);
	return spool_check_is_there(c, path);
}

static int
is_member(struct spool_checking *c, const char *path, const char *name)
{
	(void)c;
	(void)path;
	return strcmp(name, strrchr(BATCH_MORE, '/') + 1) != 0;
}

static const char *
judge_batch(struct spool_checking *c, const struct spool_thing *t)
{
	char open[SPOOL_CHECK_PATH];
	int64_t since, age;
	int idle = spool_batch_idle(c->q, t->rest, &since);

	if (idle == -1 || (age = io_now() - since) < SPOOL_CHECK_SOON * INT64_C(1000000) || !spool_check_is_there(c, t->path))
		return NULL;
	(void)snprintf(open, sizeof(open), "%s/open", t->path);
	if (t->rest[0] == '.') {
		if (age < SPOOL_CHECK_CUT * INT64_C(1000000))
			return NULL;
		return idle ? "a batch that nobody has finished making" : "a batch without a name, and with members";
	}
	if (!has(c, t->path, "ended") && (has(c, t->path, "open") || has(c, t->path, "then")))
		return "has no ended/, which its members need";
	if (has(c, t->path, "then"))
		return has(c, t->path, BATCH_MORE) || spool_check_each(c, open, is_member) == 0 ?
		    "its callback was left half-way" : NULL;
	if (!has(c, t->path, "open") || (idle && !has(c, t->path, BATCH_MORE)))
		return "its end was left half-way";
	return idle && age >= SPOOL_CHECK_CUT * INT64_C(1000000) ?
	    "all have left it, and it has no callback; keep-keys removes it" : NULL;
}

/* Members that ended without it are on record, and recovered then. */
static int
mend_batch(struct spool_checking *c, const struct spool_thing *t)
{
	char ended[SPOOL_CHECK_PATH];

	if (t->rest[0] == '.')
		return spool_batch_forget(c->q, t->rest) == 1 ? 0 : -1;
	(void)snprintf(ended, sizeof(ended), "%s/ended", t->path);
	if (!spool_check_is_there(c, ended) && (has(c, t->path, "open") || has(c, t->path, "then")) &&
	    spool_batch_make_dir(c->q, ended) == -1)
		return -1;
	c->recovered &= ~SPOOL_CHECK_BATCHES;
	return mend_batches(c, t);
}

/* --- its parts */

static const char *
judge_staged(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	return spool_check_stat(c, t->path, &st) == 0 && spool_check_older(&st, SPOOL_CHECK_CUT) ?
	    "of a submitter that has died" : NULL;
}

static int
mend_staged(struct spool_checking *c, const struct spool_thing *t)
{
	int fd = openat(c->q->fd, t->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd == -1)
		return -1;
	r = spool_outbox_clear(fd);
	(void)io_close(&fd);
	return r == -1 ? -1 : unlinkat(c->q->fd, t->path, AT_REMOVEDIR);
}

static int
check_part(struct spool_checking *c, const char *batch, const char *name)
{
	char path[SPOOL_CHECK_PATH];
	const struct spool_thing t = { .path = path, .dir = SPOOL_KEYS, .file = "", .rest = name, .type = S_IFDIR };

	(void)snprintf(path, sizeof(path), "%s/%s", batch, name);
	if (strcmp(name, "open") != 0 && strcmp(name, "ended") != 0 && strcmp(name, "then") != 0 &&
	    (strncmp(name, ".then.", 6) != 0 || !id_valid(name + 6))) {
		spool_check_stranger(c, path);
		return 0;
	}
	spool_check_shape(c, &t);
	if (name[0] == '.')
		spool_check_thing(c, &t, judge_staged, mend_staged);
	return name[0] == 'o' ? spool_check_each(c, path, check_member) :
	    name[0] == 'e' ? spool_check_each(c, path, check_ended) : spool_check_jobs_in(c, path);
}

static int
check_batch(struct spool_checking *c, const char *all, const char *name)
{
	char path[SPOOL_CHECK_PATH];
	const struct spool_thing t = { .path = path, .dir = SPOOL_KEYS, .file = "", .rest = name, .type = S_IFDIR };
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", all, name);
	if (!id_valid_word(name) && (name[0] != '.' || !id_valid(name + 1))) {
		spool_check_stranger(c, path);
		return 0;
	}
	spool_check_shape(c, &t);
	r = spool_check_each(c, path, check_part);
	spool_check_thing(c, &t, judge_batch, mend_batch);
	return r;
}

int
spool_check_batches(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_check_each(c, t->path, check_batch);
}
