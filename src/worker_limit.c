#include "worker_limit.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "io.h"
#include "spool_cell.h"
#include "spool_limit.h"
#include "worker_state.h"

enum { SECOND = 1000000, SOON = SECOND / 50 };

/* Before there are supervisors, for these start where this process is. */
static void
take_group(struct worker *w)
{
	struct worker_limits *l = &w->limits;
	int i;

	if (w->p.max_memory == 0 && w->p.max_processes == 0)
		return;
	if ((l->leaf = calloc((size_t)w->o->slots, sizeof(*l->leaf))) == NULL)
		return;
	for (i = 0; i < w->o->slots; i++)
		l->leaf[i] = (struct cgroup_leaf){ .dir = -1, .procs = -1 };
	(void)cgroup_open(&l->group, cgroup_own());
}

static void
leave_group(struct worker *w)
{
	struct worker_limits *l = &w->limits;
	int i;

	for (i = 0; l->leaf != NULL && i < w->o->slots; i++)
		cgroup_remove(&l->group, &l->leaf[i]);
	cgroup_close(&l->group);
}

int
limit_start(struct worker *w)
{
	take_group(w);
	w->limits.token = calloc((size_t)w->o->slots, sizeof(*w->limits.token));
	w->limits.number = calloc((size_t)w->o->slots, sizeof(*w->limits.number));
	limit_renew(w);
	return w->limits.token == NULL || w->limits.number == NULL ? -1 : 0;
}

void
limit_stop(struct worker *w)
{
	spool_cell_close(&w->limits.rate, 1);
	leave_group(w);
	free(w->limits.leaf);
	free(w->limits.token);
	free(w->limits.number);
}

void
limit_renew(struct worker *w)
{
	w->limits.above = 1;
	w->limits.token_at = w->limits.rate_at = 0;
	spool_cell_close(&w->limits.rate, 1);
}

void
limit_begin(struct worker *w)
{
	w->limits.starved = w->limits.early = 0;
}

static void
drop(struct worker *w, int i)
{
	if (w->limits.token[i] == 0)
		return;
	(void)io_close(&w->limits.token[i]);
	w->limits.token[i] = 0;
	w->limits.tokens--;
}

/* 1: slot i has one, its own from the attempt before or that of another that is idle. */
static int
have_token(struct worker *w, int i)
{
	struct worker_limits *l = &w->limits;
	int j, idle;

	for (j = 0; l->tokens > 0 && j < w->o->slots; j++) {
		idle = l->token[j] != 0 && !w->slot[j].busy;
		if (idle && (l->above || l->number[j] >= w->p.max_running))
			drop(w, j);
		else if (idle && l->token[i] == 0) {
			l->token[i] = l->token[j];
			l->number[i] = l->number[j];
			l->token[j] = 0;
		}
	}
	return l->token[i] != 0;
}

static int
take_token(struct worker *w, int i)
{
	struct worker_limits *l = &w->limits;
	int64_t now;
	int fd, r;

	if (have_token(w, i))
		return 1;
	l->starved = 1;
	if ((now = io_clock()) < l->token_at)
		return 0;
	r = spool_token_take(&w->q, w->p.max_running, &l->above, &fd, &l->number[i]);
	if (r == 0 && !l->hears) {
		/* One that was given up before this worker listened. */
		l->hears = 1;
		scan_hear_tokens(w);
		r = spool_token_take(&w->q, w->p.max_running, &l->above, &fd, &l->number[i]);
	}
	if (r == 1) {
		l->token[i] = fd;
		l->tokens++;
		l->starved = 0;
	} else
		l->token_at = now + (r == 2 ? SOON : SECOND);
	return r == 2 ? 0 : r;
}

static int
take_start(struct worker *w)
{
	struct worker_limits *l = &w->limits;
	int64_t ns;

	if (l->granted)
		return 1;
	if (l->rate == NULL && spool_rate_open(&w->q, &l->rate) == -1)
		return -1;
	if ((ns = spool_rate_take(l->rate, &w->p, spool_rate_clock(), &l->before)) == 0) {
		l->granted = 1;
		return 1;
	}
	l->early = 1;
	l->rate_at = io_clock() + ns / 1000 + 1;
	return 0;
}

int
limit_pass(struct worker *w, int i)
{
	int r = 1;

	if (w->p.max_running == 0 && w->p.rate == 0)
		return 1;
	if (window_least(&w->ready) == NULL)
		return 0;
	/* First, for a token that comes to nothing wakes whoever waits for one. */
	if (w->p.rate != 0 && io_clock() < w->limits.rate_at) {
		w->limits.early = 1;
		return 0;
	}
	if (w->p.max_running != 0)
		r = take_token(w, i);
	return r == 1 && w->p.rate != 0 ? take_start(w) : r;
}

/* Of the whole attempt where there is a group for it, else of each process. */
static void
give_group(struct worker *w, int i, struct slot_attempt *a)
{
	struct worker_limits *l = &w->limits;

	/* A handler that is kept would stay in the group of its first attempt. */
	if (w->o->persistent || l->group.own == -1 || (w->p.max_memory == 0 && w->p.max_processes == 0))
		return;
	if (cgroup_limit(&l->group, &l->leaf[i], i, w->p.max_memory, w->p.max_processes) == -1) {
		warn("%s: max-memory and max-processes are now of each process: %s", w->q.word, l->leaf[i].name);
		cgroup_close(&l->group);
		return;
	}
	a->cgroup = l->leaf[i].procs;
	if (l->group.memory)
		a->limits.memory = 0;
	if (l->group.pids)
		a->limits.processes = 0;
}

void
limit_give(struct worker *w, int i, struct slot_attempt *a)
{
	const struct policy *p = &w->p;

	a->token = w->limits.token[i];
	a->limits = (struct slot_limits){
		.memory = p->max_memory, .files = p->max_files, .processes = p->max_processes,
		.cpu = (p->max_cpu + SECOND - 1) / SECOND, .cpu_grace = p->kill_after / SECOND + 1
	};
	give_group(w, i, a);
}

void
limit_ended(struct worker *w, int i, struct slot_result *r)
{
	if (w->limits.leaf != NULL)
		r->oom = cgroup_oom(&w->limits.leaf[i]);
}

void
limit_started(struct worker *w)
{
	w->limits.granted = 0;
}

void
limit_end(struct worker *w)
{
	struct worker_limits *l = &w->limits;
	int i;

	if (l->granted)
		spool_rate_return(l->rate, &w->p, l->before);
	l->granted = 0;
	for (i = 0; l->tokens > 0 && i < w->o->slots; i++)
		if (!w->slot[i].busy)
			drop(w, i);
}

void
limit_hear(struct worker *w, const char *file)
{
	if (spool_token_name(file))
		w->limits.token_at = 0;
}

int64_t
limit_next(const struct worker *w)
{
	const struct worker_limits *l = &w->limits;
	int64_t at = INT64_MAX;

	if (l->starved)
		at = l->token_at;
	if (l->early && (!l->starved || l->rate_at > at))
		at = l->rate_at;
	return at;
}
