#include "worker_state.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "io.h"
#include "spool_event.h"
#include "spool_group.h"
#include "spool_settle.h"
#include "spool_stage.h"

enum { SECOND = 1000000, HOLD_MAX = 60 * SECOND, HANDLER_WORDS = 128, WHAT_MAX = ID_NAME_MAX + 1 };

int
slots_start(struct worker *w)
{
	int i;

	w->slot = calloc((size_t)w->o->slots, sizeof(*w->slot));
	w->claim = calloc((size_t)w->o->slots, sizeof(*w->claim));
	w->ends.claims = calloc((size_t)w->o->slots + WORKER_ENDS_SPARE, sizeof(*w->ends.claims));
	w->cancelled = calloc((size_t)w->o->slots, 1);
	if (w->slot == NULL || w->claim == NULL || w->ends.claims == NULL || w->cancelled == NULL)
		return -1;
	for (i = 0; i < w->o->slots; i++) {
		w->slot[i] = (struct slot){ .pid = -1, .fd = -1 };
		w->claim[i] = &w->ends.claims[i];
	}
	if (limit_start(w) == -1)
		return -1;
	for (i = 0; i < w->o->slots; i++)
		if (slot_start(&w->slot[i]) == -1)
			return -1;
	return ends_start(w);
}

/* After a fault of ours: trying again at once would only burn what it has burnt. */
void
slots_hold(struct worker *w, const char *what)
{
	warn("%s: %s", w->q.word, what);
	w->hold = w->hold == 0 ? SECOND : w->hold * 2 > HOLD_MAX ? HOLD_MAX : w->hold * 2;
	w->hold_until = io_clock() + w->hold;
	w->scan_at = w->hold_until;
}

/* The command's words; those of queue.conf are cut out of `line`. */
static char *const *
command(const struct worker *w, char line[POLICY_HANDLER_MAX], char *word[HANDLER_WORDS + 1])
{
	char *rest = line, *next;
	size_t n = 0;

	if (w->o->command != NULL)
		return w->o->command;
	memcpy(line, w->p.handler, POLICY_HANDLER_MAX);
	while (n < HANDLER_WORDS && (next = strsep(&rest, " \t")) != NULL)
		if (*next != '\0')
			word[n++] = next;
	word[n] = NULL;
	return word;
}

/* -1: `what` says what was at fault. */
static int
run(struct worker *w, int i, char what[WHAT_MAX])
{
	struct spool_claim *c = w->claim[i];
	char line[POLICY_HANDLER_MAX], *word[HANDLER_WORDS + 1];
	struct attempt_env env;
	struct slot_attempt a;
	int keep = w->o->persistent, r = -1;
	struct stat st;
	const char *event;
	char *told = NULL;

	if (spool_event_check(&w->q, &w->p, &event) == -1) {
		(void)snprintf(what, WHAT_MAX, WORKER_NO_WAY, event);
		return -1;
	}
	(void)snprintf(what, WHAT_MAX, "%s", c->file);
	if (spool_stage(c, &w->p, w->name) == -1 || fstat(c->log, &st) == -1 ||
	    attempt_env(&env, keep ? NULL : c, &w->p, w->dir) == -1)
		return -1;
	if (keep && (told = attempt_line(c, &w->p, w->dir)) == NULL)
		goto out;
	a = (struct slot_attempt){
		.in = c->fd, .out = c->result, .err = c->log,
		.argv = command(w, line, word), .envp = env.var, .line = told,
		.timeout = w->p.timeout, .kill_after = w->p.kill_after,
		.max_out = c->start + w->p.max_result, .max_err = st.st_size + w->p.max_log
	};
	limit_give(w, i, &a);
	r = slot_run(&w->slot[i], &a);
out:
	free(told);
	attempt_env_free(&env);
	return r;
}

/* Finds a job for an idle slot: 1: it runs; 0: there is none. */
static int
fill(struct worker *w, int i)
{
	struct spool_claim *c = w->claim[i];
	const struct window_entry *e;
	char what[WHAT_MAX];
	int r;

	while ((e = cursor_next(w)) != NULL) {
		r = group_claim(w, e->file, c);
		if (r == -1)
			slots_hold(w, e->file);
		else if (r == 2)
			scan_aside(w, e->file);
		else if (r == 3)
			slots_refuse(w, e->file);
		window_pop(&w->ready);
		group_move_on(w, r == 1);
		if (r == -1 || w->broken)
			return 0;
		if (r != 1)
			continue;
		if (run(w, i, what) == 0) {
			spool_enroll_slot(&w->enrolled, i, c->name.id);
			limit_started(w);
			w->cancelled[i] = 0;
			w->running++;
			return 1;
		}
		slots_hold(w, what);
		c->outcome = SPOOL_PUT_BACK;
		(void)spool_settle(&c, 1);
		return 0;
	}
	return 0;
}

static void
fill_idle(struct worker *w)
{
	int i, r;

	for (i = 0; i < w->o->slots && w->running < w->o->slots; i++) {
		if (w->stopping || w->paused || w->broken || w->scan_at == 0 || io_clock() < w->hold_until)
			return;
		if (w->slot[i].busy)
			continue;
		if (w->slot[i].pid == -1 && slot_start(&w->slot[i]) == -1) {
			slots_hold(w, "starting a supervisor");
			return;
		}
		if ((r = limit_pass(w, i)) == -1)
			slots_hold(w, spool_dir_name(SPOOL_STAT));
		if (r != 1 || !fill(w, i))
			return;
	}
}

void
slots_fill(struct worker *w)
{
	limit_begin(w);
	fill_idle(w);
	limit_end(w);
}

/* 1: the others of its group wait for it beyond this attempt, and must do so after a power cut. */
static int
holds_group(const struct worker *w, const struct spool_claim *c)
{
	return *c->name.group != '\0' && (c->outcome == SPOOL_RETRY || (c->outcome == SPOOL_DEAD && w->p.group_failure));
}

/* What the end of one attempt means. */
static void
judge(struct worker *w, int i, const struct slot_result *r)
{
	struct spool_claim *c = w->claim[i];
	char note[256];

	attempt_judge(c, r, &w->p, note, sizeof(note));
	if (w->cancelled[i] && c->outcome != SPOOL_SUCCESS) {
		c->outcome = SPOOL_DEAD;
		c->reason = ID_CANCELLED;
		(void)snprintf(note, sizeof(note), "attempt %d of %d: cancelled", c->name.attempts, (int)w->p.max_attempts);
	}
	if (holds_group(w, c) && spool_group_sync(&w->q, c->name.group) == -1) {
		slots_hold(w, c->name.group);
		c->outcome = SPOOL_PUT_BACK;
		return;
	}
	if (*note != '\0')
		(void)spool_note(c, note);
	if (r->end == SLOT_NO_EXEC) {
		(void)snprintf(note, sizeof(note), "starting the handler '%.200s'", w->o->command != NULL ? w->o->command[0] :
		    w->p.handler);
		errno = r->code;
		slots_hold(w, note);
	}
}

void
slots_refuse(struct worker *w, const char *file)
{
	warnx("%s/%s: the disk did not take its end; it stays claimed until this worker has ended", w->q.word, file);
	w->broken = EX_IOERR;
}

void
slots_collect(struct worker *w)
{
	struct slot_result r;
	int i, any = 0;

	for (i = 0; i < w->o->slots; i++) {
		if (!w->slot[i].busy || slot_result(&w->slot[i], &r) != 1)
			continue;
		limit_ended(w, i, &r);
		judge(w, i, &r);
		w->claim[i] = ends_put(w, w->claim[i], w->cancelled[i]);
		spool_enroll_slot(&w->enrolled, i, NULL);
		w->running--;
		any = 1;
	}
	/* The next ones run while the disk takes the ends of these; but not as long as it has faults. */
	if (any && w->hold == 0) {
		/* Others leave to this one what it does not know of yet. */
		scan_hear(w);
		slots_fill(w);
	}
	if (any)
		w->ends.newest = io_clock();
	ends_settle(w);
}

void
slots_kill(struct worker *w)
{
	int i;

	for (i = 0; i < w->o->slots; i++)
		if (w->slot[i].busy && slot_kill(&w->slot[i]) == -1)
			warn("killing what runs");
}

int
slots_cancel(struct worker *w, const char *id)
{
	int i;

	for (i = 0; i < w->o->slots; i++) {
		if (!w->slot[i].busy || strcmp(w->claim[i]->name.id, id) != 0)
			continue;
		/* A second kill would leave it no time to end by itself. */
		if (!w->cancelled[i] && slot_kill(&w->slot[i]) == -1)
			warn("%s/%s: cancelling it", w->q.word, id);
		w->cancelled[i] = 1;
		return 1;
	}
	return 0;
}

void
slots_stop(struct worker *w)
{
	int i;

	for (i = 0; w->slot != NULL && i < w->o->slots; i++)
		slot_stop(&w->slot[i]);
	limit_stop(w);
	ends_stop(w);
	free(w->slot);
	free(w->claim);
	free(w->ends.claims);
	free(w->cancelled);
}

int
slots_handler(struct worker *w)
{
	if (w->o->command != NULL || w->p.handler[0] != '\0')
		return 1;
	warnx("%s: no handler: give one after --, or set `handler` in its queue.conf", w->q.word);
	return 0;
}
