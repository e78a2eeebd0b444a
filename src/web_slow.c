#include "web_slow.h"

#include <pthread.h>
#include <stdlib.h>

#include "io.h"

enum { LINES_MAX = 4 };   /* kinds of answers */

struct line {
	struct web_slow_lines *all;
	void (*kind)(struct web *w);   /* NULL: of none so far */
	struct web_slow_item *first, **last;
	int runs;                      /* it has a thread */
};

struct web_slow_lines {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct line line[LINES_MAX];
	int threads, stop;
};

/* Until nothing is left to do. */
static void *
run(void *arg)
{
	struct line *l = arg;
	struct web_slow_lines *s = l->all;
	struct web_slow_item *item;
	int stop;

	(void)pthread_mutex_lock(&s->lock);
	while ((item = l->first) != NULL) {
		if ((l->first = item->next) == NULL)
			l->last = &l->first;
		stop = s->stop;
		(void)pthread_mutex_unlock(&s->lock);
		if (stop) {
			item->w->slow = NULL;
			web_refuse(item->w->req, item->w->reply, 503, "The server ends. Ask again.");
		} else
			web_slow(item->w);
		item->done(item->arg);
		(void)pthread_mutex_lock(&s->lock);
	}
	l->runs = 0;
	if (--s->threads == 0)
		(void)pthread_cond_signal(&s->idle);
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

int64_t
web_slow_until(int64_t began)
{
	static const int64_t least = 200000, most = 5000000;
	int64_t now = io_clock(), good = (now - began) * 10;

	return now + (good < least ? least : good > most ? most : good);
}

struct web_slow_lines *
web_slow_new(void)
{
	struct web_slow_lines *s = calloc(1, sizeof(*s));
	size_t i;

	if (s == NULL)
		return NULL;
	for (i = 0; i < LINES_MAX; i++) {
		s->line[i].all = s;
		s->line[i].last = &s->line[i].first;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->idle, NULL);
	return s;
}

/* With the lock held, as the one below. NULL: there are too many kinds. */
static struct line *
find_line(struct web_slow_lines *s, void (*kind)(struct web *w))
{
	size_t i;

	for (i = 0; i < LINES_MAX; i++)
		if (s->line[i].kind == NULL || s->line[i].kind == kind) {
			s->line[i].kind = kind;
			return &s->line[i];
		}
	return NULL;
}

static int
start_thread(struct line *l)
{
	pthread_attr_t detached;
	pthread_t thread;

	if (l->runs)
		return 0;
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	l->runs = pthread_create(&thread, &detached, run, l) == 0;
	(void)pthread_attr_destroy(&detached);
	l->all->threads += l->runs;
	return l->runs ? 0 : -1;
}

int
web_slow_put(struct web_slow_lines *s, struct web_slow_item *item)
{
	struct line *l;
	int r = -1;

	if (s == NULL)
		return -1;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->stop && (l = find_line(s, item->w->slow)) != NULL && start_thread(l) == 0) {
		item->next = NULL;
		*l->last = item;
		l->last = &item->next;
		r = 0;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}

void
web_slow_stop(struct web_slow_lines *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->stop = 1;
	while (s->threads > 0)
		(void)pthread_cond_wait(&s->idle, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}

void
web_slow_free(struct web_slow_lines *s)
{
	(void)pthread_cond_destroy(&s->idle);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
