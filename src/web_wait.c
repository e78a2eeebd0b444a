#include "web_wait.h"

#include <sys/eventfd.h>

#include <pthread.h>
#include <stdlib.h>

#include "io.h"
#include "web_room.h"

enum { NAMES_ONE = 20000, NAMES_MANY = 200000 };   /* of a queue that is longer nobody is told their place */

struct web_wait {
	struct web_room room;
	pthread_t thread;
	struct web_wait_item *incoming;
	int started, stop;
};

void
web_wait_one(struct web_wait_item *item, int stop)
{
	struct web_room r;
	int64_t next;

	if (web_room_open(&r, stop, NAMES_ONE) == -1)
		return;
	item->over = 0;
	web_room_take(&r, item);
	while ((next = web_room_sweep(&r)) != -1)
		if (web_room_rest(&r, next))
			break;
	web_room_close(&r);
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
	(void)pthread_mutex_lock(&w->room.lock);
	item = w->incoming;
	w->incoming = NULL;
	stop = w->stop;
	(void)pthread_mutex_unlock(&w->room.lock);
	for (; item != NULL; item = next) {
		next = item->next;
		web_room_take(&w->room, item);
	}
	return !stop;
}

static void *
run(void *arg)
{
	struct web_wait *w = arg;

	while (let_in(w))
		(void)web_room_rest(&w->room, web_room_sweep(&w->room));
	while (w->room.first != NULL)
		web_room_finish(&w->room, &w->room.first);
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
	if (wake == -1 || web_room_open(&w->room, wake, NAMES_MANY) == -1) {
		(void)io_close(&wake);
		free(w);
		return NULL;
	}
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

	(void)pthread_mutex_lock(&w->room.lock);
	if (!w->stop && !w->started)
		w->started = pthread_create(&w->thread, NULL, run, w) == 0;
	if (!w->stop && w->started) {
		item->in = 1;
		item->over = 0;
		item->next = w->incoming;
		w->incoming = item;
		r = 0;
	}
	(void)pthread_mutex_unlock(&w->room.lock);
	if (r == 0)
		ring(w);
	return r;
}

void
web_wait_drop(struct web_wait *w, struct web_wait_item *item)
{
	int in;

	(void)pthread_mutex_lock(&w->room.lock);
	if ((in = item->in)) {
		web_room_mute(&w->room, item);
		item->over = 1;
	}
	(void)pthread_mutex_unlock(&w->room.lock);
	if (in)
		ring(w);
}

void
web_wait_stop(struct web_wait *w)
{
	int started;

	(void)pthread_mutex_lock(&w->room.lock);
	started = w->started && !w->stop;
	w->stop = 1;
	(void)pthread_mutex_unlock(&w->room.lock);
	if (started) {
		ring(w);
		(void)pthread_join(w->thread, NULL);
	}
}

void
web_wait_free(struct web_wait *w)
{
	(void)io_close(&w->room.wake);
	web_room_close(&w->room);
	free(w);
}
