#include "web_wait.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "watch.h"

enum { EVENTS = 64, TRIES = 8 };

/* Without a doorbell, and with one: what is lost where an event is. Microseconds. */
static const int64_t poll_every = 1000000, look_every = 60000000;

struct room {
	struct watch watch;
	int epoll, wake;                 /* wake: readable when there is something else to do */
	struct web_wait_item *first;
};

struct web_wait {
	struct room room;
	pthread_t thread;
	pthread_mutex_t lock;
	struct web_wait_item *incoming;
	int started, stop;
};

static void
listen_to(const struct room *r, int fd, uint32_t events, void *what)
{
	struct epoll_event e = { .events = events, .data.ptr = what };

	/* What cannot be heard, as a file that takes a CGI program's output, has nobody behind it. */
	(void)epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int
open_room(struct room *r, int wake)
{
	*r = (struct room){ .watch = { .fd = -1 }, .wake = wake };
	if ((r->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return -1;
	/* Of these a user may have so many; the jobs are then looked for by name. */
	if (watch_open(&r->watch) == 0)
		listen_to(r, r->watch.fd, EPOLLIN, &r->watch);
	if (wake != -1)
		listen_to(r, wake, EPOLLIN, &r->wake);
	return 0;
}

static void
close_room(struct room *r)
{
	watch_close(&r->watch);
	(void)io_close(&r->epoll);
}

static void
unwatch(struct room *r, int number)
{
	const struct web_wait_item *i;

	for (i = r->first; i != NULL; i = i->next)
		if (i->number == number)
			return;
	watch_remove(&r->watch, number);
}

static void
watch_job(struct room *r, struct web_wait_item *item, const struct spool_job *job)
{
	int fd = r->watch.fd == -1 ? -1 : spool_open_job(item->q, job), old = item->number;
	struct stat st;

	item->number = -1;
	if (fd != -1 && fstat(fd, &st) == 0) {
		item->dev = st.st_dev;
		item->ino = st.st_ino;
		item->number = watch_add_file(&r->watch, fd);
	}
	(void)io_close(&fd);
	if (old != -1 && old != item->number)
		unwatch(r, old);
}

/* 1: the job has ended, or is nowhere. */
static int
look(struct room *r, struct web_wait_item *item)
{
	struct spool_job job;
	int i;

	item->look = 0;
	item->look_at = io_clock() + poll_every;
	for (i = 0; i < TRIES; i++) {
		if (spool_find(item->q, item->id, &job) == -1)
			return errno == ENOENT;
		if (job.dir == SPOOL_DONE || job.dir == SPOOL_FAILED)
			return 1;
		/* Looked at once more after the watch was set: it may have moved before. */
		if (item->number != -1 && item->dev == job.st.st_dev && item->ino == job.st.st_ino)
			break;
		watch_job(r, item, &job);
	}
	if (item->number != -1)
		item->look_at += look_every - poll_every;
	return 0;
}

static void
take(struct room *r, struct web_wait_item *item)
{
	item->number = -1;
	item->look = 1;
	item->over = 0;
	item->ino = 0;
	item->next = r->first;
	r->first = item;
	if (item->client != -1)
		listen_to(r, item->client, item->hangup, item);
}

static void
finish(struct room *r, struct web_wait_item **at)
{
	struct web_wait_item *item = *at;

	*at = item->next;
	if (item->client != -1)
		(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, item->client, NULL);
	if (item->number != -1)
		unwatch(r, item->number);
	if (item->done != NULL)
		item->done(item->arg);
}

/* Ends what has ended. Returns the microseconds until the next look; -1: nobody waits. */
static int64_t
sweep(struct room *r)
{
	struct web_wait_item **at = &r->first, *item;
	int64_t now = io_clock(), next = -1, left;

	while ((item = *at) != NULL) {
		if (item->over || now >= item->until || ((item->look || now >= item->look_at) && look(r, item))) {
			finish(r, at);
			continue;
		}
		left = (item->until < item->look_at ? item->until : item->look_at) - now;
		if (next == -1 || left < next)
			next = left;
		at = &item->next;
	}
	return next == -1 || next > 0 ? next : 0;
}

static void
heard(void *arg, int number, unsigned what, const char *name)
{
	struct room *r = arg;
	struct web_wait_item *i;

	(void)what;
	(void)name;
	for (i = r->first; i != NULL; i = i->next)
		if (number == -1 || i->number == number) {
			i->look = 1;
			/* The watch may be gone with the file. */
			i->ino = 0;
		}
}

/* Waits for news. 1: it was woken. */
static int
rest(struct room *r, int64_t us)
{
	struct epoll_event events[EVENTS];
	int ms = us < 0 ? -1 : (int)(us / 1000 + 1), n = epoll_wait(r->epoll, events, EVENTS, ms), i, woken = 0;

	for (i = 0; i < n; i++)
		if (events[i].data.ptr == &r->wake)
			woken = 1;
		else if (events[i].data.ptr == &r->watch)
			(void)watch_drain(&r->watch, heard, r);
		else
			((struct web_wait_item *)events[i].data.ptr)->over = 1;
	return woken;
}

void
web_wait_one(struct web_wait_item *item, int stop)
{
	struct room r;
	int64_t next;

	if (open_room(&r, stop) == -1)
		return;
	take(&r, item);
	while ((next = sweep(&r)) != -1)
		if (rest(&r, next))
			break;
	close_room(&r);
}

/* --- many */

/* Takes who has come. 0: the end. */
static int
let_in(struct web_wait *w)
{
	struct web_wait_item *item, *next;
	uint64_t count;
	int stop;

	(void)io_read(w->room.wake, &count, sizeof(count));
	(void)pthread_mutex_lock(&w->lock);
	item = w->incoming;
	w->incoming = NULL;
	stop = w->stop;
	(void)pthread_mutex_unlock(&w->lock);
	for (; item != NULL; item = next) {
		next = item->next;
		take(&w->room, item);
	}
	return !stop;
}

static void *
run(void *arg)
{
	struct web_wait *w = arg;

	while (let_in(w))
		(void)rest(&w->room, sweep(&w->room));
	while (w->room.first != NULL)
		finish(&w->room, &w->room.first);
	return NULL;
}

struct web_wait *
web_wait_new(void)
{
	struct web_wait *w = calloc(1, sizeof(*w));
	int wake;

	if (w == NULL)
		return NULL;
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake == -1 || open_room(&w->room, wake) == -1) {
		(void)io_close(&wake);
		free(w);
		return NULL;
	}
	(void)pthread_mutex_init(&w->lock, NULL);
	return w;
}

static void
ring(const struct web_wait *w)
{
	uint64_t one = 1;

	(void)io_write(w->room.wake, &one, sizeof(one));
}

int
web_wait_put(struct web_wait *w, struct web_wait_item *item)
{
	int r = -1;

	(void)pthread_mutex_lock(&w->lock);
	if (!w->stop && !w->started)
		w->started = pthread_create(&w->thread, NULL, run, w) == 0;
	if (!w->stop && w->started) {
		item->next = w->incoming;
		w->incoming = item;
		r = 0;
	}
	(void)pthread_mutex_unlock(&w->lock);
	if (r == 0)
		ring(w);
	return r;
}

void
web_wait_stop(struct web_wait *w)
{
	int started;

	(void)pthread_mutex_lock(&w->lock);
	started = w->started && !w->stop;
	w->stop = 1;
	(void)pthread_mutex_unlock(&w->lock);
	if (started) {
		ring(w);
		(void)pthread_join(w->thread, NULL);
	}
}

void
web_wait_free(struct web_wait *w)
{
	(void)io_close(&w->room.wake);
	close_room(&w->room);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}
