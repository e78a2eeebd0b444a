#include "spool_batch.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_batch_end.h"
#include "spool_batch_idle.h"
#include "spool_batch_make.h"
#include "spool_outbox.h"
#include "spool_path.h"

enum { LOST_HOURS = 36 };

struct recovery {
	const struct spool *q;
	int dir;
};

static int
is_old(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_mtim.tv_sec < io_now() / 1000000 - LOST_HOURS * 3600;
}

/* One whose submitter has died is no member if it is a draft still; in new/ it is accepted, whoever has heard of it. */
static int
recover_entry(const struct recovery *r, const char *id, const char *path, int fd)
{
	struct spool_job job;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		if (spool_find(r->q, id, &job) == 0)
			return job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED ? spool_batch_end_entry(r->dir, id, job.dir == SPOOL_DONE) : 0;
		if (errno != ENOENT)
			return -1;
		if (tries == 0 && spool_unlink(r->q, SPOOL_TMP, id) == 0)
			return unlinkat(r->dir, path, 0) == -1 && errno != ENOENT ? -1 : 0;
	}
	/* One that waits in an outbox is nowhere yet; one that somebody has removed never will be. */
	return is_old(fd) ? spool_batch_end_entry(r->dir, id, 0) : 0;
}

static int
recover_member(void *arg, const char *file)
{
	const struct recovery *r = arg;
	char path[BATCH_PATH_MAX];
	struct stat st, now;
	int fd, result = 0;

	(void)snprintf(path, sizeof(path), "open/%s", file);
	if (strcmp(path, BATCH_MORE) == 0 || !id_valid(file[0] == '.' ? file + 1 : file))
		return 0;
	if ((fd = openat(r->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return errno == ENOENT ? 0 : -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		result = errno == EWOULDBLOCK ? 0 : -1;
	else if (fstat(fd, &st) == -1 || fstatat(r->dir, path, &now, AT_SYMLINK_NOFOLLOW) == -1)
		result = errno == ENOENT ? 0 : -1;
	else if (now.st_ino != st.st_ino)
		result = 0;
	else if (file[0] == '.')
		result = unlinkat(r->dir, path, 0);
	else
		result = recover_entry(r, file, path, fd);
	(void)io_close(&fd);
	return result;
}

/* One that cannot be finished keeps none of the others waiting. */
struct all {
	const struct spool *q;
	int worst, error;
};

static int
recover_batch(void *arg, const char *batch)
{
	struct all *all = arg;
	const struct spool *q = all->q;
	struct recovery r = { .q = q };
	int open, result = 0;

	if (!id_valid_word(batch) || (r.dir = spool_batch_open(q, batch)) == -1)
		return 0;
	if ((open = spool_batch_open_dir(r.dir, "open")) != -1)
		result = spool_outbox_each(open, recover_member, &r);
	else if (errno != ENOENT)
		result = -1;
	(void)io_close(&open);
	if (result == 0)
		result = faccessat(r.dir, "then", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? spool_batch_no_more(q, r.dir, batch) :
		    spool_batch_finish(q, r.dir, batch);
	if (result < all->worst) {
		all->worst = result;
		all->error = errno;
	}
	(void)io_close(&r.dir);
	return 0;
}

int
spool_batch_recover(const struct spool *q)
{
	struct all all = { .q = q };
	int r = spool_batch_scan(q, recover_batch, &all);

	if (r == 0 && all.worst != 0)
		errno = all.error;
	return r == 0 ? all.worst : r;
}
