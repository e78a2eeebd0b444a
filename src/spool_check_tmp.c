#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "job.h"
#include "spool_check_part.h"
#include "spool_outbox.h"
#include "spool_path.h"

enum { MAKING = 60 };   /* seconds: the outbox of a dead letter that is younger may be in the making, and is left in peace */

static const char to_suffix[] = ",to";

/* --- drafts */

static const char *
judge_draft(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	if (spool_check_stat(c, t->path, &st) == -1 || !spool_check_older(&st, SPOOL_CHECK_CUT))
		return NULL;
	if (S_ISREG(st.st_mode) && spool_check_locked(c, t->path))
		return NULL;
	return spool_check_is_there(c, t->path) ? "cut short more than 36 hours ago" : NULL;
}

static int
mend_draft(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	if (spool_check_stat(c, t->path, &st) == -1)
		return -1;
	/* A directory only where it is empty. */
	return unlinkat(c->q->fd, t->path, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

int
spool_check_draft(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_draft, mend_draft);
	return 0;
}

/* --- outboxes */

/*
 * One of a success goes before its job leaves cur/. One for a dead letter is locked by who makes or delivers it, unless it
 * has just been made, so that a look at the lock would be in the way.
 */
static const char *
judge_outbox(struct spool_checking *c, const struct spool_thing *t)
{
	struct stat st;

	if (strncmp(t->file, ".out,", 5) == 0) {
		if (spool_exists(c->q, SPOOL_CUR, t->rest) != 0 || !spool_check_is_there(c, t->path) ||
		    spool_exists(c->q, SPOOL_CUR, t->rest) != 0)
			return NULL;
		return spool_check_is_there(c, t->path) ? "the outbox of an attempt that has ended" : NULL;
	}
	if (spool_check_stat(c, t->path, &st) == -1 || !spool_check_older(&st, MAKING) || spool_check_locked(c, t->path))
		return NULL;
	return spool_check_is_there(c, t->path) ? "the outbox of a dead letter, whose worker has died" : NULL;
}

static int
mend_outbox(struct spool_checking *c, const struct spool_thing *t)
{
	(void)t;
	if ((c->recovered & SPOOL_CHECK_OUTBOXES) == 0 && spool_outbox_recover(c->q) == -2)
		c->recovered |= SPOOL_CHECK_FAILED;
	c->recovered |= SPOOL_CHECK_OUTBOXES;
	return 0;
}

/* --- what is in them */

static const char *
judge_link(struct spool_checking *c, const struct spool_thing *t)
{
	char target[PATH_MAX], *slash;
	ssize_t n = readlinkat(c->q->fd, t->path, target, sizeof(target) - 1);
	struct stat st;

	if (n == -1)
		return NULL;
	target[n] = '\0';
	slash = strrchr(target, '/');
	if (slash == NULL || slash == target || (strcmp(slash + 1, spool_dir_name(SPOOL_NEW)) != 0 &&
	    strcmp(slash + 1, spool_dir_name(SPOOL_LATER)) != 0))
		return spool_check_is_there(c, t->path) ? "does not lead to new/ or later/ of a queue" : NULL;
	if (stat(target, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return NULL;
	return spool_check_is_there(c, t->path) ? "leads to a queue that is not there; its jobs cannot be delivered" : NULL;
}

static const char *
judge_child(struct spool_checking *c, const struct spool_thing *t)
{
	int fd = openat(c->q->fd, t->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char link[SPOOL_CHECK_PATH];
	const char *why = NULL;
	struct job_header h;

	if (fd == -1)
		return NULL;
	if (job_read(fd, &h, &why) == 0 || errno != EBADMSG)
		why = NULL;
	(void)io_close(&fd);
	(void)snprintf(link, sizeof(link), "%s%s", t->path, to_suffix);
	if (why == NULL && !spool_check_is_there(c, link))
		why = "is for no queue, and will not be delivered";
	if (why == NULL || !spool_check_is_there(c, t->path))
		return NULL;
	(void)snprintf(c->why, sizeof(c->why), "%s", why);
	return c->why;
}

static const char *
judge_stray(struct spool_checking *c, const struct spool_thing *t)
{
	return spool_check_is_there(c, t->path) ? "is in an outbox, and is no job" : NULL;
}

static int
is_link_name(const char *name)
{
	size_t n = strlen(name), tail = sizeof(to_suffix) - 1;
	char id[ID_MAX + 1];

	if (n <= tail || n - tail > ID_MAX || strcmp(name + n - tail, to_suffix) != 0)
		return 0;
	memcpy(id, name, n - tail);
	id[n - tail] = '\0';
	return id_valid(id);
}

static int
check_in(struct spool_checking *c, const char *outbox, const char *name)
{
	char path[SPOOL_CHECK_PATH];
	struct spool_thing t = { .path = path, .dir = SPOOL_TMP, .file = name, .type = S_IFREG };

	(void)snprintf(path, sizeof(path), "%s/%s", outbox, name);
	if (is_link_name(name)) {
		t.type = S_IFLNK;
		spool_check_shape(c, &t);
		spool_check_thing(c, &t, judge_link, NULL);
	} else if (id_valid(name)) {
		spool_check_shape(c, &t);
		spool_check_thing(c, &t, judge_child, NULL);
	} else if (name[0] != '.' || (strcmp(name, ".count") != 0 && !id_valid(name + 1)))
		spool_check_thing(c, &t, judge_stray, NULL);
	return 0;
}

int
spool_check_jobs_in(struct spool_checking *c, const char *outbox)
{
	return spool_check_each(c, outbox, check_in);
}

int
spool_check_outbox(struct spool_checking *c, const struct spool_thing *t)
{
	spool_check_thing(c, t, judge_outbox, mend_outbox);
	return spool_check_jobs_in(c, t->path);
}
