#include "web_commit.h"

#include <sys/stat.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "spool_commit.h"

enum {
	ROUND_MAX = 256,   /* drafts; more than one request has */
	THREADS = 2        /* so that a queue on a slow disk does not keep all others waiting */
};

/* A round of one queue. Once they are done its items are their callers' again, who may free them. */
struct stage {
	struct web_commit_item *item[ROUND_MAX];
	size_t n;   /* 0: none */
	dev_t dev;
	ino_t ino;
	struct spool_draft *draft[ROUND_MAX];
	struct spool_commit_round round;
};

/* What a thread has on its way: the names of one round, and the files of the next. */
struct line {
	struct web_commit *commit;
	pthread_t thread;
	struct stage stage[2], *placed, *begun;
};

struct web_commit {
	struct line line[THREADS];
	int threads;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct web_commit_item *first, **last;   /* in the order in which they came */
	int stop;
};

static int
is_of(const struct stage *s, const struct web_commit_item *item)
{
	return s->n > 0 && s->dev == item->dev && s->ino == item->ino;
}

/* Two threads in one queue would only wait for each other. With the lock held. */
static int
is_served(const struct web_commit *c, const struct line *own, const struct web_commit_item *item)
{
	const struct line *l;
	int i;

	for (i = 0; i < THREADS; i++) {
		l = &c->line[i];
		if (l != own && (is_of(&l->stage[0], item) || is_of(&l->stage[1], item)))
			return 1;
	}
	return 0;
}

/* Takes the oldest drafts that no other thread sees to, and those of the same queue behind them, off the list. With the lock held. */
static void
take_round(struct web_commit *c, struct line *l)
{
	struct web_commit_item **at = &c->first, *item;
	struct stage *s = l->begun;
	size_t drafts = 0;

	while ((item = *at) != NULL && s->n < ROUND_MAX) {
		if (s->n > 0 ? !is_of(s, item) || drafts + item->n > ROUND_MAX : is_served(c, l, item)) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		if (c->last == &item->next)
			c->last = at;
		memcpy(s->draft + drafts, item->drafts, item->n * sizeof(*s->draft));
		s->item[s->n++] = item;
		s->dev = item->dev;
		s->ino = item->ino;
		drafts += item->n;
	}
	s->round = (struct spool_commit_round){ .d = s->draft, .n = drafts };
}

/* One step of both: without the lock. */
static void
advance(struct line *l)
{
	struct stage *placed = l->placed, *begun = l->begun;
	size_t i;

	if (placed->n > 0)
		spool_commit_place(&placed->round);
	if (placed->n > 0 && begun->n > 0 && placed->dev != begun->dev) {
		struct spool_commit_round none = { .n = 0 };

		spool_commit_sync(&placed->round, &none);
		spool_commit_sync(&none, &begun->round);
	} else
		spool_commit_sync(&placed->round, &begun->round);
	if (placed->n > 0)
		(void)spool_commit_end(&placed->round);
	for (i = 0; i < placed->n; i++)
		placed->item[i]->done(placed->item[i]->arg);
}

static void *
run(void *arg)
{
	struct line *l = arg;
	struct web_commit *c = l->commit;
	struct stage *free;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		take_round(c, l);
		if (l->placed->n == 0 && l->begun->n == 0) {
			if (c->stop)
				break;
			(void)pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&c->lock);
		advance(l);
		(void)pthread_mutex_lock(&c->lock);
		free = l->placed;
		free->n = free->round.n = 0;
		l->placed = l->begun;
		l->begun = free;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

static int
start(struct web_commit *c, struct line *l)
{
	*l = (struct line){ .commit = c, .placed = &l->stage[0], .begun = &l->stage[1] };
	return pthread_create(&l->thread, NULL, run, l);
}

struct web_commit *
web_commit_start(void)
{
	struct web_commit *c = calloc(1, sizeof(*c));
	int error;

	if (c == NULL)
		return NULL;
	c->last = &c->first;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->wake, NULL);
	error = 0;
	(void)pthread_mutex_lock(&c->lock);
	while (c->threads < THREADS && (error = start(c, &c->line[c->threads])) == 0)
		c->threads++;
	(void)pthread_mutex_unlock(&c->lock);
	if (c->threads == 0) {
		free(c);
		errno = error;
		return NULL;
	}
	return c;
}

int
web_commit_put(struct web_commit *c, struct web_commit_item *item)
{
	struct spool_commit_round own;
	struct stat st = { 0 };
	int r = -1;

	spool_commit_begin(&own, item->drafts, item->n);
	/* A queue is known by its directory: one that was made anew under an old name is another. */
	(void)fstat(item->drafts[0]->q->fd, &st);
	item->dev = st.st_dev;
	item->ino = st.st_ino;
	item->next = NULL;
	(void)pthread_mutex_lock(&c->lock);
	if (!c->stop) {
		*c->last = item;
		c->last = &item->next;
		/* Else its thread will look. */
		if (!is_served(c, NULL, item))
			(void)pthread_cond_signal(&c->wake);
		r = 0;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

void
web_commit_stop(struct web_commit *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->stop = 1;
	(void)pthread_cond_broadcast(&c->wake);
	(void)pthread_mutex_unlock(&c->lock);
	while (c->threads > 0)
		(void)pthread_join(c->line[--c->threads].thread, NULL);
}

void
web_commit_free(struct web_commit *c)
{
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}
