#include <sys/inotify.h>
#include <sys/ioctl.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "watch.h"

enum { BUFFER = 65536 };

static const uint32_t start_again = IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF;

static const struct {
	unsigned what;
	uint32_t mask;
} kinds[] = {
	{ WATCH_CAME, IN_MOVED_TO | IN_CREATE },
	{ WATCH_GONE, IN_MOVED_FROM | IN_DELETE },
	{ WATCH_CLOSED, IN_CLOSE_WRITE | IN_CLOSE_NOWRITE },
	{ WATCH_TOUCHED, IN_ATTRIB },
	{ WATCH_WRITTEN, IN_CLOSE_WRITE },
	{ WATCH_MODIFIED, IN_MODIFY }
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

int
watch_open(struct watch *w)
{
	w->fd = -1;
	if ((w->buf = malloc(BUFFER)) == NULL)
		return -1;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd == -1) {
		int error = errno;

		watch_close(w);
		errno = error;
		return -1;
	}
	return 0;
}

void
watch_close(struct watch *w)
{
	io_close(&w->fd);
	free(w->buf);
	w->buf = NULL;
}

static int
add(struct watch *w, int fd, uint32_t mask)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(w->fd, path, mask | IN_DELETE_SELF | IN_MOVE_SELF);
}

int
watch_add(struct watch *w, int dirfd, unsigned what)
{
	/* Who ends a job removes it before it gives up the lock: that is nobody's news. */
	uint32_t mask = IN_ONLYDIR | IN_EXCL_UNLINK;
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (what & kinds[i].what)
			mask |= kinds[i].mask;
	return add(w, dirfd, mask);
}

int
watch_add_file(struct watch *w, int fd)
{
	return add(w, fd, IN_ATTRIB);
}

void
watch_remove(struct watch *w, int number)
{
	(void)inotify_rm_watch(w->fd, number);
}

static unsigned
event_what(const struct inotify_event *e)
{
	unsigned what = 0;
	size_t i;

	/* Without a name it befell what is watched itself, and of a directory that is nothing. */
	if ((e->mask & start_again) != 0 || (e->len == 0 && (e->mask & (IN_ATTRIB | IN_ISDIR)) == IN_ATTRIB))
		return WATCH_AGAIN;
	/* A directory itself is closed after each scan of it. */
	for (i = 0; e->len > 0 && i < KINDS; i++)
		if (e->mask & kinds[i].mask)
			what |= kinds[i].what;
	return what;
}

/* Reads once; returns the bytes, 0 where nothing is pending. */
static ssize_t
drain_once(struct watch *w, void (*each)(void *arg, int number, unsigned what, const char *name), void *arg)
{
	ssize_t got = io_read(w->fd, w->buf, BUFFER), at;
	const struct inotify_event *e;
	unsigned what;

	if (got == -1)
		return errno == EAGAIN ? 0 : -1;
	for (at = 0; at < got; at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const void *)(w->buf + at);
		if ((what = event_what(e)) != 0)
			each(arg, e->wd, what, what == WATCH_AGAIN ? "" : e->name);
	}
	return got;
}

int
watch_drain(struct watch *w, void (*each)(void *arg, int number, unsigned what, const char *name), void *arg)
{
	int pending;

	/* Only what is there by now, so that a busy directory can't hold the caller for ever. */
	if (ioctl(w->fd, FIONREAD, &pending) == -1)
		return -1;
	while (pending > 0) {
		ssize_t got = drain_once(w, each, arg);

		if (got <= 0)
			return (int)got;
		pending -= (int)got;
	}
	return 0;
}

int
watch_wait(struct watch *w, int64_t us)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	struct timespec t = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 };
	int n = ppoll(&p, 1, us < 0 ? NULL : &t, NULL);

	if (n == -1)
		return errno == EINTR ? 0 : -1;
	return n > 0;
}
