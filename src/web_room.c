#include "web_room.h"

#include <sys/epoll.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

enum { EVENTS = 64, TRIES = 8 };

/* Without a doorbell, and with one: what is lost where an event is. Microseconds. */
static const int64_t poll_every = 1000000, look_every = 60000000;

/* What a queue's doorbells say is heard this long after they begin to ring, and not more often. */
static const int64_t calm_first = 10000, calm_every = 250000;

static void
listen_to(const struct web_room *r, int fd, uint32_t events, void *what)
{
	struct epoll_event e = { .events = events, .data.ptr = what };

	/* What cannot be heard, as a file that takes a CGI program's output, has nobody behind it. */
	(void)epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e);
}

int
web_room_open(struct web_room *r, int wake, size_t names_max)
{
	*r = (struct web_room){ .watch = { .fd = -1 }, .wake = wake, .names_max = names_max };
	(void)pthread_mutex_init(&r->lock, NULL);
	if ((r->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return -1;
	/* Of these a user may have so many; the jobs are then looked for by name. */
	if (watch_open(&r->watch) == 0)
		listen_to(r, r->watch.fd, EPOLLIN, &r->watch);
	if (wake != -1)
		listen_to(r, wake, EPOLLIN, &r->wake);
	return 0;
}

void
web_room_close(struct web_room *r)
{
	watch_close(&r->watch);
	if (r->warded)
		web_wards_close(&r->wards);
	(void)io_close(&r->epoll);
	(void)pthread_mutex_destroy(&r->lock);
}

/* What it wants beside the end needs the queue's doorbells. */
static void
enter_ward(struct web_room *r, struct web_wait_item *item)
{
	if (!r->warded) {
		r->warded = 1;
		web_wards_open(&r->wards, r->names_max);
		/* Once, and again when it has been heard: so that what rings often wakes nobody. */
		if (r->wards.watch.fd != -1)
			listen_to(r, r->wards.watch.fd, EPOLLIN | EPOLLONESHOT, &r->wards);
	}
	item->ward = web_ward_enter(&r->wards, item->q);
}

static void
progressed(void *arg, const struct web_ward *ward, const char *id)
{
	struct web_room *r = arg;
	struct web_wait_item *i;

	for (i = r->first; i != NULL; i = i->next)
		if (i->ward == ward && (*id == '\0' || strcmp(i->id, id) == 0))
			i->look = 1;
}

static void
hear_wards(struct web_room *r, int64_t now)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = &r->wards };

	if (r->hear_at == 0 || now < r->hear_at)
		return;
	r->hear_at = 0;
	r->heard_at = now;
	web_wards_hear(&r->wards, progressed, r);
	(void)epoll_ctl(r->epoll, EPOLL_CTL_MOD, r->wards.watch.fd, &e);
}

static void
find_places(struct web_room *r, int64_t now)
{
	struct web_wait_item *i;

	for (i = r->first; i != NULL; i = i->next)
		if (i->waiting) {
			(void)web_ward_look(&r->wards, i->ward, i->q, now);
			if (web_ward_place(i->ward, i->key) != i->place)
				i->look = 1;
		}
}

static void
unwatch(struct web_room *r, int number)
{
	const struct web_wait_item *i;

	for (i = r->first; i != NULL; i = i->next)
		if (i->number == number)
			return;
	watch_remove(&r->watch, number);
}

static void
watch_job(struct web_room *r, struct web_wait_item *item, const struct spool_job *job)
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

static void
take_place(struct web_room *r, struct web_wait_item *item, const struct spool_job *job)
{
	item->waiting = item->ward != NULL && job->dir == SPOOL_NEW;
	item->place = item->waiting ? web_ward_find(&r->wards, item->ward, item->q, job, &item->key) : -1;
}

/* 1: the job has ended, or is nowhere. */
static int
follow(struct web_room *r, struct web_wait_item *item)
{
	struct spool_job job;
	int i;

	item->waiting = 0;
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
	take_place(r, item, &job);
	if (item->number != -1 && (item->news == NULL || (item->ward != NULL && item->ward->progress != -1)))
		item->look_at += look_every - poll_every;
	return 0;
}

/* 1: the wait is over. */
static int
look(struct web_room *r, struct web_wait_item *item, int64_t now)
{
	int over;
	int64_t next;

	item->look = 0;
	item->look_at = now + poll_every;
	over = follow(r, item);
	if (item->news == NULL)
		return over;
	if ((next = item->news(item, now)) == -1)
		return 1;
	if (next < item->look_at)
		item->look_at = next;
	return 0;
}

void
web_room_take(struct web_room *r, struct web_wait_item *item)
{
	item->number = -1;
	item->place = -1;
	item->look = 1;
	item->waiting = 0;
	item->ino = 0;
	item->ward = NULL;
	item->next = r->first;
	r->first = item;
	(void)pthread_mutex_lock(&r->lock);
	if (item->client != -1)
		listen_to(r, item->client, item->hangup, item);
	(void)pthread_mutex_unlock(&r->lock);
	if (item->news != NULL)
		enter_ward(r, item);
}

void
web_room_mute(const struct web_room *r, struct web_wait_item *item)
{
	if (item->client != -1)
		(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, item->client, NULL);
	item->client = -1;
}

void
web_room_finish(struct web_room *r, struct web_wait_item **at)
{
	struct web_wait_item *item = *at;

	*at = item->next;
	(void)pthread_mutex_lock(&r->lock);
	web_room_mute(r, item);
	item->in = 0;
	(void)pthread_mutex_unlock(&r->lock);
	if (item->number != -1)
		unwatch(r, item->number);
	if (item->ward != NULL)
		web_ward_leave(&r->wards, item->ward);
	if (item->done != NULL)
		item->done(item->arg);
}

/* When there is something to do for one. */
static int64_t
due(const struct web_wait_item *item)
{
	int64_t at = item->until < item->look_at ? item->until : item->look_at;

	return item->waiting && item->ward->changed && item->ward->scan_at < at ? item->ward->scan_at : at;
}

int64_t
web_room_sweep(struct web_room *r)
{
	struct web_wait_item **at = &r->first, *item;
	int64_t now = io_clock(), next = INT64_MAX;

	hear_wards(r, now);
	find_places(r, now);
	while ((item = *at) != NULL) {
		if (item->over || now >= item->until || ((item->look || now >= item->look_at) && look(r, item, now))) {
			web_room_finish(r, at);
			continue;
		}
		if (due(item) < next)
			next = due(item);
		at = &item->next;
	}
	if (r->first == NULL)
		return -1;
	if (r->hear_at != 0 && r->hear_at < next)
		next = r->hear_at;
	return next > now ? next - now : 0;
}

static void
heard(void *arg, int number, unsigned what, const char *name)
{
	struct web_room *r = arg;
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

static void
ringing(struct web_room *r)
{
	int64_t now = io_clock();

	r->hear_at = now + calm_first;
	if (r->hear_at < r->heard_at + calm_every)
		r->hear_at = r->heard_at + calm_every;
}

int
web_room_rest(struct web_room *r, int64_t us)
{
	struct epoll_event events[EVENTS];
	int ms = us < 0 ? -1 : (int)(us / 1000 + 1), n = epoll_wait(r->epoll, events, EVENTS, ms), i, woken = 0;

	for (i = 0; i < n; i++)
		if (events[i].data.ptr == &r->wake)
			woken = 1;
		else if (events[i].data.ptr == &r->watch)
			(void)watch_drain(&r->watch, heard, r);
		else if (events[i].data.ptr == &r->wards)
			ringing(r);
		else
			((struct web_wait_item *)events[i].data.ptr)->over = 1;
	return woken;
}
