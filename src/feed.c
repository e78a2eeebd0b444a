#include "feed.h"

#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "feed_field.h"
#include "feed_type.h"
#include "io.h"

int
feed_signals(sigset_t *old)
{
	static const int fatal[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	/* One that is ignored, as under nohup(1), would be heard if it were blocked. */
	for (i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaddset(&set, fatal[i]);
	if (sigprocmask(SIG_BLOCK, &set, old) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
feed_stopped(const struct feed *f)
{
	struct pollfd p = { .fd = f->stop, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Waits for bytes or for a signal, which goes first. */
static int
ready(const struct feed *f)
{
	struct pollfd p[2] = { { .fd = f->stop, .events = POLLIN }, { .fd = f->fd, .events = POLLIN } };

	while (poll(p, 2, -1) == -1)
		if (errno != EINTR)
			return -1;
	if (p[0].revents != 0) {
		errno = EINTR;
		return -1;
	}
	return 0;
}

/* As io_read; what comes from a descriptor that does not block is waited for. */
static ssize_t
get(struct feed *f, size_t n)
{
	ssize_t got = -1;

	f->fault = FEED_READING;
	do {
		if (ready(f) == -1)
			return -1;
		got = io_read(f->fd, f->piece + f->have, n);
	} while (got == -1 && errno == EAGAIN);
	return got;
}

/* Reads up to `want` bytes into an empty feed, fewer only at the end. */
static int
look(struct feed *f, size_t want)
{
	ssize_t got;

	while (f->have < want) {
		if ((got = get(f, want - f->have)) == -1)
			return -1;
		if (got == 0)
			break;
		f->have += (size_t)got;
	}
	return 0;
}

static int
put_header(struct feed *f, struct spool_draft *d, const struct feed_job *job)
{
	char guessed[FEED_TYPE_MAX];
	const char *type = job->type;

	if (type != NULL && strcmp(type, "guess") == 0) {
		if (look(f, FEED_TYPE_LOOK) == -1)
			return -1;
		f->fault = FEED_GUESSING;
		if ((type = feed_type(f->piece, f->have, guessed)) == NULL)
			return -1;
	}
	f->fault = FEED_WRITING;
	if (feed_copy(&d->head, job->fields) == -1 || (type != NULL && job_put(&d->head, "Content-Type", type) == -1))
		return -1;
	return job->path == NULL || feed_has(job->fields, "Filename") ? 0 : feed_filename(&d->head, job->path);
}

int
feed_draft(struct feed *f, struct spool_draft *d, const struct feed_job *job)
{
	ssize_t got;

	feed_rewind(f);
	if (put_header(f, d, job) == -1)
		return -1;
	got = (ssize_t)f->have;
	do {
		f->fault = FEED_WRITING;
		if (got > 0 && spool_draft_write(d, f->piece, (size_t)got) == -1)
			return -1;
		f->have = 0;
		if ((got = get(f, FEED_PIECE)) == -1)
			return -1;
	} while (got > 0);
	return 0;
}

/* --- lines */

void
feed_rewind(struct feed *f)
{
	f->at = f->have = 0;
}

static int
would_wait(const struct feed *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* More bytes into an empty feed. 0: there are none. */
static ssize_t
refill(struct feed *f)
{
	ssize_t got;

	feed_rewind(f);
	if ((got = get(f, FEED_PIECE)) > 0)
		f->have = (size_t)got;
	return got;
}

static void
skip(struct feed *f, size_t n)
{
	f->at += n;
	f->have -= n;
}

int
feed_more(struct feed *f, int end, int wait)
{
	ssize_t got;

	for (;;) {
		for (; f->have > 0 && f->piece[f->at] == (char)end; f->line++)
			skip(f, 1);
		if (f->have > 0 && (wait || memchr(f->piece + f->at, end, f->have) != NULL))
			return 1;
		if (!wait && would_wait(f))
			return 2;
		if (f->have > 0)
			return 1;
		if ((got = refill(f)) <= 0)
			return (int)got;
	}
}

int
feed_line(struct feed *f, struct spool_draft *d, const struct feed_job *job, int end)
{
	const char *stop = NULL;
	ssize_t got = 1;
	size_t n;

	if (put_header(f, d, job) == -1)
		return -1;
	while (stop == NULL && got > 0) {
		stop = memchr(f->piece + f->at, end, f->have);
		n = stop == NULL ? f->have : (size_t)(stop - (f->piece + f->at));
		f->fault = FEED_WRITING;
		if (n > 0 && spool_draft_write(d, f->piece + f->at, n) == -1)
			return -1;
		skip(f, stop == NULL ? n : n + 1);
		f->line += stop != NULL;
		if (stop == NULL && (got = refill(f)) == -1)
			return -1;
	}
	return 0;
}
