#include "web_checker.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS_MAX = 8 };

struct web_checker {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct web_checker_item *first, **last;
	int threads, stop;
};

/* Until nothing is left to do. */
static void *
run(void *arg)
{
	struct web_checker *c = arg;
	struct web_checker_item *item;
	int stop;

	(void)pthread_mutex_lock(&c->lock);
	while ((item = c->first) != NULL) {
		if ((c->first = item->next) == NULL)
			c->last = &c->first;
		stop = c->stop;
		(void)pthread_mutex_unlock(&c->lock);
		item->ok = !stop && web_check(item->w);
		if (stop)
			web_refuse(item->w->req, item->w->reply, 503, "The server ends. Nothing was accepted; send it again.");
		item->done(item->arg);
		(void)pthread_mutex_lock(&c->lock);
	}
	if (--c->threads == 0)
		(void)pthread_cond_signal(&c->idle);
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct web_checker *
web_checker_new(void)
{
	struct web_checker *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->last = &c->first;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->idle, NULL);
	return c;
}

/* With the lock held. -1: there is none at all. */
static int
start_thread(struct web_checker *c)
{
	pthread_attr_t detached;
	pthread_t thread;
	int r;

	if (c->threads == THREADS_MAX)
		return 0;
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &detached, run, c);
	(void)pthread_attr_destroy(&detached);
	c->threads += r == 0;
	return c->threads > 0 ? 0 : -1;
}

int
web_checker_put(struct web_checker *c, struct web_checker_item *item)
{
	int r = -1;

	(void)pthread_mutex_lock(&c->lock);
	if (!c->stop && start_thread(c) == 0) {
		item->next = NULL;
		*c->last = item;
		c->last = &item->next;
		r = 0;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

void
web_checker_stop(struct web_checker *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->stop = 1;
	while (c->threads > 0)
		(void)pthread_cond_wait(&c->idle, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
}

void
web_checker_free(struct web_checker *c)
{
	(void)pthread_cond_destroy(&c->idle);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}
