#include "await.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "io.h"

/* Without a doorbell, and with one: what is lost when it is missed, or a job is removed by hand. */
static const int64_t poll_every = 1000000, look_every = 60000000, tick_every = 1000000;

int
await_open(struct await *a)
{
	*a = (struct await){ 0 };
	return watch_open(&a->watch);
}

void
await_close(struct await *a)
{
	size_t i;

	for (i = 0; i < a->n_jobs; i++)
		free(a->jobs[i]);
	for (i = 0; i < a->n_queues; i++)
		spool_close(&a->queues[i].q);
	free(a->jobs);
	free(a->queues);
	watch_close(&a->watch);
}

/* Grows an array by one when its length is a power of two. */
static void *
grow(void *array, size_t n, size_t size)
{
	return n == 0 || (n & (n - 1)) == 0 ? reallocarray(array, n == 0 ? 1 : n * 2, size) : array;
}

static int
add_queue(struct await *a, const char *word)
{
	struct await_queue *grown = grow(a->queues, a->n_queues, sizeof(*grown));

	if (grown == NULL)
		return -1;
	a->queues = grown;
	a->queues[a->n_queues] = (struct await_queue){ .done = -1, .failed = -1 };
	if (spool_open(&a->queues[a->n_queues].q, word) == -1)
		return -1;
	a->n_queues++;
	return 0;
}

int
await_add(struct await *a, const char *queue, const char *id)
{
	size_t len = strlen(id) + 1, k;
	struct await_job *job, **grown;

	/* From the last one on: addresses of one queue mostly come together. */
	for (k = a->n_queues; k > 0 && strcmp(a->queues[k - 1].q.word, queue) != 0; k--)
		;
	if (k == 0) {
		if (add_queue(a, queue) == -1)
			return -1;
		k = a->n_queues;
	}
	if ((grown = grow(a->jobs, a->n_jobs, sizeof(struct await_job *))) == NULL)
		return -1;
	a->jobs = grown;
	if ((job = malloc(sizeof(*job) + len)) == NULL)
		return -1;
	*job = (struct await_job){ .queue = k - 1, .end = AWAIT_PENDING };
	memcpy(job->id, id, len);
	a->jobs[a->n_jobs++] = job;
	return 0;
}

struct key {
	size_t queue;
	const char *id;
};

static int
compare_key(const void *x, const void *y)
{
	const struct key *key = x;
	const struct await_job *const *job = y;

	if (key->queue != (*job)->queue)
		return key->queue < (*job)->queue ? -1 : 1;
	return strcmp(key->id, (*job)->id);
}

static int
compare(const void *x, const void *y)
{
	const struct await_job *const *job = x;
	struct key key = { (*job)->queue, (*job)->id };

	return compare_key(&key, y);
}

/* Sorted, so that an event finds its job, and each only once. */
static void
sort(struct await *a)
{
	size_t i, n = 0;

	if (a->n_jobs > 0)
		qsort(a->jobs, a->n_jobs, sizeof(struct await_job *), compare);
	for (i = 0; i < a->n_jobs; i++)
		if (n > 0 && compare(&a->jobs[n - 1], &a->jobs[i]) == 0)
			free(a->jobs[i]);
		else
			a->jobs[n++] = a->jobs[i];
	a->n_jobs = n;
}

/* -1 where the directory may not be read. */
static int
watch_dir(struct await *a, const struct spool *q, enum spool_dir d)
{
	int fd = spool_open_dir(q, d), number;

	if (fd == -1)
		return -1;
	number = watch_add(&a->watch, fd, WATCH_CAME);
	(void)io_close(&fd);
	return number;
}

static void
end(struct await *a, struct await_job *job, enum await_end how, enum id_reason reason)
{
	if (job->end != AWAIT_PENDING)
		return;
	job->end = how;
	job->reason = reason;
	a->pending--;
	a->done += how == AWAIT_DONE;
	a->failed += how == AWAIT_FAILED;
	a->unknown += how == AWAIT_UNKNOWN;
	if (a->ended != NULL)
		a->ended(a->arg, a->queues[job->queue].q.word, job);
}

static int
look_for(struct await *a, struct await_job *job)
{
	struct spool_job found;

	if (spool_find(&a->queues[job->queue].q, job->id, &found) == -1) {
		if (errno != ENOENT)
			return -1;
		end(a, job, AWAIT_UNKNOWN, ID_NONE);
	} else if (found.dir == SPOOL_DONE || found.dir == SPOOL_FAILED)
		end(a, job, found.dir == SPOOL_DONE ? AWAIT_DONE : AWAIT_FAILED, found.name.reason);
	return 0;
}

static int
look(struct await *a)
{
	int64_t began = io_clock();
	size_t i;

	for (i = 0; i < a->n_jobs; i++)
		if (a->jobs[i]->end == AWAIT_PENDING && look_for(a, a->jobs[i]) == -1)
			return -1;
	a->looked = io_clock();
	a->took = a->looked - began;
	return 0;
}

int
await_start(struct await *a)
{
	size_t i;

	sort(a);
	a->pending = a->n_jobs;
	for (i = 0; i < a->n_queues; i++) {
		a->queues[i].done = watch_dir(a, &a->queues[i].q, SPOOL_DONE);
		a->queues[i].failed = watch_dir(a, &a->queues[i].q, SPOOL_FAILED);
	}
	return look(a);
}

struct news {
	struct await *a;
	int again;   /* events were lost */
};

static void
came(struct await *a, size_t queue, const char *id, enum await_end how, enum id_reason reason)
{
	struct key key = { queue, id };
	struct await_job **job = bsearch(&key, a->jobs, a->n_jobs, sizeof(*job), compare_key);

	if (job != NULL)
		end(a, *job, how, reason);
}

/* A directory that was taken away is no longer watched. */
static void
lost(struct news *n, int number)
{
	size_t i;

	for (i = 0; i < n->a->n_queues; i++) {
		struct await_queue *k = &n->a->queues[i];

		if (number != -1 && (k->done == number || k->failed == number))
			k->done = k->failed = -1;
	}
	n->again = 1;
}

static void
heard(void *arg, int number, unsigned what, const char *file)
{
	struct news *n = arg;
	struct await *a = n->a;
	struct id_name name;
	size_t i;

	if (what & WATCH_AGAIN)
		lost(n, number);
	if ((what & WATCH_CAME) == 0 || id_parse(file, &name) == -1)
		return;
	/* All of them: two words may lead to one queue. */
	for (i = 0; i < a->n_queues; i++)
		if (a->queues[i].done == number)
			came(a, i, name.id, AWAIT_DONE, ID_NONE);
		else if (a->queues[i].failed == number)
			came(a, i, name.id, AWAIT_FAILED, name.reason);
}

/* Until the next look. Looking for very many jobs takes long, and must not take all the time there is. */
static int64_t
patience(const struct await *a)
{
	int64_t every = look_every, left;
	size_t i;

	for (i = 0; i < a->n_queues; i++)
		if (a->queues[i].done == -1 || a->queues[i].failed == -1)
			every = poll_every;
	if (every < 10 * a->took)
		every = 10 * a->took;
	left = a->looked + every - io_clock();
	return left > 0 ? left : 0;
}

/* Waits for news for `us` microseconds at most. */
static int
step(struct await *a, int64_t us)
{
	struct news n = { .a = a };
	int64_t left = patience(a);
	int rang;

	if ((rang = watch_wait(&a->watch, us < 0 || us > left ? left : us)) == -1)
		return -1;
	if (rang && watch_drain(&a->watch, heard, &n) == -1)
		return -1;
	return n.again || patience(a) == 0 ? look(a) : 0;
}

int
await_run(struct await *a, int64_t us, int any)
{
	int64_t until = us < 0 ? -1 : io_clock() + us, left = -1;

	while (a->pending > 0 && !(any && a->done + a->failed > 0)) {
		if (a->tick != NULL)
			a->tick(a->arg, a);
		if (until != -1 && (left = until - io_clock()) <= 0)
			break;
		if (a->tick != NULL && (left == -1 || left > tick_every))
			left = tick_every;
		if (step(a, left) == -1)
			return -1;
	}
	return 0;
}

int
await_code(const struct await *a)
{
	if (a->pending > 0)
		return EX_TEMPFAIL;
	if (a->unknown > 0)
		return EX_NOINPUT;
	return a->failed > 0 ? EX_UNAVAILABLE : EX_OK;
}
