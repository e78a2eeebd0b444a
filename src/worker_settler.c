#include "worker_settler.h"

#include <sys/eventfd.h>

#include <errno.h>

#include "io.h"

static void *
run(void *arg)
{
	struct worker_settler *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->busy && !s->stop)
			(void)pthread_cond_wait(&s->turn, &s->lock);
		if (!s->busy)
			break;
		(void)pthread_mutex_unlock(&s->lock);
		spool_settle_step(&s->disk, &s->last, &s->next);
		(void)pthread_mutex_lock(&s->lock);
		s->busy = 0;
		(void)pthread_cond_signal(&s->turn);
		(void)eventfd_write(s->fd, 1);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

int
settler_start(struct worker_settler *s)
{
	int error;

	if ((s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		return -1;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->turn, NULL);
	if ((error = pthread_create(&s->thread, NULL, run, s)) == 0) {
		s->lives = 1;
		return 0;
	}
	(void)io_close(&s->fd);
	errno = error;
	return -1;
}

void
settler_stop(struct worker_settler *s)
{
	if (!s->lives)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = 1;
	(void)pthread_cond_signal(&s->turn);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->thread, NULL);
	(void)pthread_cond_destroy(&s->turn);
	(void)pthread_mutex_destroy(&s->lock);
	(void)io_close(&s->fd);
	s->lives = 0;
}

void
settler_step(struct worker_settler *s, struct spool_settle_round last, struct spool_settle_round next)
{
	(void)pthread_mutex_lock(&s->lock);
	s->last = last;
	s->next = next;
	s->busy = 1;
	(void)pthread_cond_signal(&s->turn);
	(void)pthread_mutex_unlock(&s->lock);
}

int
settler_done(struct worker_settler *s)
{
	eventfd_t n;
	int busy;

	(void)pthread_mutex_lock(&s->lock);
	busy = s->busy;
	(void)pthread_mutex_unlock(&s->lock);
	if (!busy)
		(void)eventfd_read(s->fd, &n);
	return !busy;
}

void
settler_wait(struct worker_settler *s)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->busy)
		(void)pthread_cond_wait(&s->turn, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}
