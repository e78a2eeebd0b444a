#include "view_log.h"

#include <sys/inotify.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "io.h"

/* A log that is not there yet, and a job's end, are looked for now and then. */
enum { LOOK_MS = 500 };

struct follow {
	const struct spool *q;
	const char *id;
	int log, bell;   /* -1: none */
};

/* watch.h watches directories for names; here it is the bytes of one file. Without it, there is LOOK_MS. */
static void
open_log(struct follow *f)
{
	char path[32];

	if ((f->log = spool_open_log(f->q, f->id)) == -1)
		return;
	f->bell = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->log);
	if (f->bell != -1 && inotify_add_watch(f->bell, path, IN_MODIFY | IN_CLOSE_WRITE) == -1)
		(void)io_close(&f->bell);
}

static void
wait_for_news(const struct follow *f)
{
	struct pollfd p = { .fd = f->bell, .events = POLLIN };
	char events[4096];

	if (poll(&p, 1, LOOK_MS) == 1)
		while (read(f->bell, events, sizeof(events)) > 0)
			;
}

/* 1 where the job will not write any more. */
static int
has_ended(const struct follow *f)
{
	struct spool_job job;

	if (spool_find(f->q, f->id, &job) == -1)
		return errno == ENOENT ? 1 : -1;
	return job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED;
}

int
view_log_follow(const struct spool *q, const char *id, int to)
{
	struct follow f = { .q = q, .id = id, .log = -1, .bell = -1 };
	int ended;

	for (;;) {
		/* First the end, then the bytes: whatever was written before the end is then copied. */
		if ((ended = has_ended(&f)) == -1)
			break;
		if (f.log == -1)
			open_log(&f);
		if (f.log == -1 && errno != ENOENT) {
			ended = -1;
			break;
		}
		if (f.log != -1 && io_copy(f.log, to, INT64_MAX) == -1)
			ended = -1;
		if (ended != 0)
			break;
		wait_for_news(&f);
	}
	(void)io_close(&f.log);
	(void)io_close(&f.bell);
	return ended == -1 ? -1 : 0;
}
