#include "web_commit.h"

#include <sys/stat.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROUND_MAX = 256,   /* drafts; more than one request has */
	THREADS = 2        /* while one waits for its directory, the other's files go to disk by the same commit of the journal */
};

struct web_commit {
	pthread_t thread[THREADS];
	int threads;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct web_commit_item *first, **last;   /* in the order in which they came */
	int stop;
};

/* Takes the oldest drafts and those of the same queue behind them off the list. With the lock held. */
static size_t
take_round(struct web_commit *c, struct web_commit_item *round[ROUND_MAX])
{
	struct web_commit_item **at = &c->first, *item;
	size_t n = 0, drafts = 0;

	while ((item = *at) != NULL && n < ROUND_MAX) {
		if (n > 0 && (item->dev != round[0]->dev || item->ino != round[0]->ino || drafts + item->n > ROUND_MAX)) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		if (c->last == &item->next)
			c->last = at;
		round[n++] = item;
		drafts += item->n;
	}
	return n;
}

static void
commit_round(struct web_commit_item *const *round, size_t n)
{
	struct spool_draft *drafts[ROUND_MAX];
	size_t i, used;

	for (i = used = 0; i < n; used += round[i++]->n)
		memcpy(drafts + used, round[i]->drafts, round[i]->n * sizeof(*drafts));
	(void)spool_commit(drafts, used);
	for (i = 0; i < n; i++)
		round[i]->done(round[i]->arg);
}

static void *
run(void *arg)
{
	struct web_commit_item *round[ROUND_MAX];
	struct web_commit *c = arg;
	size_t n;

	(void)pthread_mutex_lock(&c->lock);
	while (c->first != NULL || !c->stop) {
		if (c->first == NULL) {
			(void)pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		n = take_round(c, round);
		(void)pthread_mutex_unlock(&c->lock);
		commit_round(round, n);
		(void)pthread_mutex_lock(&c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
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
	while (c->threads < THREADS && (error = pthread_create(&c->thread[c->threads], NULL, run, c)) == 0)
		c->threads++;
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
	struct stat st = { 0 };
	int r = -1;

	/* A queue is known by its directory: one that was made anew under an old name is another. */
	(void)fstat(item->drafts[0]->q->fd, &st);
	item->dev = st.st_dev;
	item->ino = st.st_ino;
	item->next = NULL;
	(void)pthread_mutex_lock(&c->lock);
	if (!c->stop) {
		*c->last = item;
		c->last = &item->next;
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
		(void)pthread_join(c->thread[--c->threads], NULL);
}

void
web_commit_free(struct web_commit *c)
{
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}
