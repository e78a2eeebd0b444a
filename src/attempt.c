#include "attempt.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "spool_outbox.h"
#include "spool_progress.h"
#include "spool_stage.h"
#include "trace.h"
#include "units.h"

enum { EXIT_FOR_GOOD = 100 };

static int add(struct attempt_env *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int
add(struct attempt_env *e, const char *format, ...)
{
	va_list ap;
	int r;

	if (e->n == ATTEMPT_VARIABLES) {
		errno = E2BIG;
		return -1;
	}
	va_start(ap, format);
	r = vasprintf(&e->var[e->n], format, ap);
	va_end(ap);
	if (r == -1) {
		e->var[e->n] = NULL;
		return -1;
	}
	e->n++;
	return 0;
}

static int
add_own(struct attempt_env *e, const char *name, const char *fallback)
{
	const char *value = getenv(name);

	if (value == NULL)
		value = fallback;
	return value == NULL ? 0 : add(e, "%s=%s", name, value);
}

/* A variable for a field of the job, where it has one. */
static int
add_field(struct attempt_env *e, const char *variable, const struct job_header *h, const char *field)
{
	char value[JOB_VALUE_MAX + 1];

	return job_get(h, field, value, sizeof(value)) == NULL ? 0 : add(e, "%s=%s", variable, value);
}

/* What is the same for all jobs of a queue. */
static int
add_common(struct attempt_env *e, const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return add_own(e, "PATH", "/usr/local/bin:/usr/bin:/bin") == -1 || add_own(e, "LANG", NULL) == -1 ||
	    add_own(e, "HOME", NULL) == -1 || add(e, "WQW_QUEUE=%s", slash == NULL ? dir : slash + 1) == -1 ||
	    add(e, "WQW_SPOOL=%.*s", slash == NULL ? 0 : (int)(slash - dir), dir) == -1 ? -1 : 0;
}

static int
add_place(struct attempt_env *e, const struct spool_claim *c, const char *dir)
{
	char outbox[SPOOL_OUTBOX_MAX];

	return add(e, "WQW_JOB=%s/%s/%s", dir, spool_dir_name(SPOOL_CUR), c->file) == -1 ||
	    add(e, "WQW_OUTBOX=%s/%s", dir, spool_outbox_path(outbox, SPOOL_IF_DONE, &c->name)) == -1 ? -1 : 0;
}

/* Where the handler may say how far it is, keep what its next attempt can go on from, and say when that should be. */
static int
add_aside(struct attempt_env *e, const struct spool_claim *c, const char *dir)
{
	char progress[SPOOL_ASIDE_MAX], checkpoint[SPOOL_ASIDE_MAX], retry[SPOOL_ASIDE_MAX];

	return add(e, "WQW_PROGRESS=%s/%s", dir, spool_progress_path(progress, c->name.id)) == -1 ||
	    add(e, "WQW_CHECKPOINT=%s/%s", dir, spool_checkpoint_path(checkpoint, c->name.id)) == -1 ||
	    add(e, "WQW_RETRY=%s/%s", dir, spool_retry_path(retry, c->name.id)) == -1 ? -1 : 0;
}

/* A file may say anything; a handler is told what is valid, and as the standard has it no state without a parent. */
static int
add_trace(struct attempt_env *e, const struct job_header *h)
{
	char parent[JOB_VALUE_MAX + 1], state[JOB_VALUE_MAX + 1];

	if (job_get(h, "Traceparent", parent, sizeof(parent)) == NULL || !trace_valid_parent(parent))
		return 0;
	if (add(e, "TRACEPARENT=%s", parent) == -1)
		return -1;
	if (job_get(h, "Tracestate", state, sizeof(state)) == NULL || !trace_valid_state(state))
		return 0;
	return add(e, "TRACESTATE=%s", state);
}

static int
add_job(struct attempt_env *e, const struct spool_claim *c, const struct policy *p, const char *dir)
{
	const struct job_header *h = &c->head;

	return add_place(e, c, dir) == -1 || add_aside(e, c, dir) == -1 ||
	    add(e, "WQW_ID=%s", c->name.id) == -1 ||
	    add(e, "WQW_ATTEMPT=%d", c->name.attempts) == -1 ||
	    add(e, "WQW_MAX_ATTEMPTS=%d", (int)p->max_attempts) == -1 ||
	    add(e, "WQW_HEADER=%.*s", (int)h->len - 1, h->text) == -1 ||
	    add_field(e, "WQW_CONTENT_TYPE", h, "Content-Type") == -1 ||
	    add_field(e, "WQW_CONTENT_LENGTH", h, "Content-Length") == -1 ||
	    add_field(e, "WQW_FILENAME", h, "Filename") == -1 ||
	    add_trace(e, h) == -1 ? -1 : 0;
}

int
attempt_env(struct attempt_env *e, const struct spool_claim *c, const struct policy *p, const char *dir)
{
	*e = (struct attempt_env){ .n = 0 };
	if (add_common(e, dir) == 0 && (c == NULL || add_job(e, c, p, dir) == 0))
		return 0;
	attempt_env_free(e);
	return -1;
}

/* The path of what the handler reads, that of what it writes, and the variables that fit into a line. */
char *
attempt_line(const struct spool_claim *c, const struct policy *p, const char *dir)
{
	struct attempt_env e = { .n = 0 };
	char staged[SPOOL_STAGED_MAX], *line = NULL;
	size_t size = 0, i;
	FILE *f = NULL;
	int bad = 1;

	if (add_job(&e, c, p, dir) == -1 || (f = open_memstream(&line, &size)) == NULL)
		goto out;
	fprintf(f, "%s/%s/%s\t%jd\t%s/%s", dir, spool_dir_name(SPOOL_CUR), c->file, (intmax_t)c->head.len, dir,
	    spool_staged_path(staged, c));
	for (i = 0; i < e.n; i++)
		if (strpbrk(e.var[i], "\t\n") == NULL)
			fprintf(f, "\t%s", e.var[i]);
	bad = ferror(f);
out:
	if ((f != NULL && fclose(f) != 0) || bad) {
		free(line);
		line = NULL;
	}
	attempt_env_free(&e);
	return line;
}

void
attempt_env_free(struct attempt_env *e)
{
	int saved = errno;

	while (e->n > 0)
		free(e->var[--e->n]);
	errno = saved;
}

/*
 * A shell tells of a signal that ended its child by 128 and the signal's number. SIGKILL may have come from anybody; the
 * kernel counts the time for its limit in other ways than that which it reports, hence no more than half.
 */
static int
out_of_cpu(const struct slot_result *r, const struct policy *p)
{
	int sig = r->end == SLOT_SIGNALED ? r->code : r->end == SLOT_EXITED ? r->code - 128 : 0;

	return p->max_cpu != 0 && (sig == SIGXCPU || (sig == SIGKILL && r->cpu >= p->max_cpu / 2));
}

static enum id_reason
describe(const struct slot_result *r, const struct policy *p, char *words, size_t size)
{
	if (r->oom && (r->end == SLOT_SIGNALED || r->end == SLOT_EXITED)) {
		(void)snprintf(words, size, "used more than max-memory");
		return ID_LIMIT;
	}
	if (out_of_cpu(r, p)) {
		(void)snprintf(words, size, "used more than max-cpu");
		return ID_LIMIT;
	}
	switch (r->end) {
	case SLOT_EXITED:
		(void)snprintf(words, size, "exit %d", r->code);
		return ID_EXIT;
	case SLOT_SIGNALED:
		(void)snprintf(words, size, "killed by signal %d (%s)", r->code, strsignal(r->code));
		return ID_SIGNAL;
	case SLOT_TIMEDOUT:
		(void)snprintf(words, size, "took longer than the timeout");
		return ID_TIMEOUT;
	case SLOT_OVERFLOW:
		(void)snprintf(words, size, "wrote more than max-result or max-log");
		return ID_LIMIT;
	case SLOT_STOPPED:
		(void)snprintf(words, size, "stopped with its worker");
		return ID_NONE;
	case SLOT_NO_EXEC:
		(void)snprintf(words, size, "the handler could not be started: %s", strerror(r->code));
		return ID_NONE;
	case SLOT_LOST:
		(void)snprintf(words, size, "its supervisor was killed");
		return ID_LOST;
	}
	return ID_NONE;
}

/* By the policy, or later where the handler wants that; `more` says so in words. */
static int64_t
delay(const struct spool_claim *c, const struct slot_result *r, const struct policy *p, const char **more)
{
	int64_t pause = r->end == SLOT_LOST ? 0 : policy_delay(p, c->name.attempts), now = io_now(), when;
	int asked = spool_retry_wish(c->q, c->name.id, c->started, now, &when);

	*more = "";
	if (asked == -1)
		*more = "; what is in $WQW_RETRY is neither a duration nor a time";
	if (asked != 1 || when - now <= pause)
		return pause;
	*more = ", as the handler wants";
	return when - now;
}

/* As an age, but less than a second is something, too. */
static const char *
in_words(char text[UNITS_AGE_MAX], int64_t pause)
{
	if (pause <= 0 || pause >= 1000000)
		return units_age(text, pause);
	(void)snprintf(text, UNITS_AGE_MAX, "%dms", (int)((pause + 999) / 1000));
	return text;
}

void
attempt_judge(struct spool_claim *c, const struct slot_result *r, const struct policy *p, char *note, size_t size)
{
	char words[128], wait[UNITS_AGE_MAX];
	const char *more;
	int64_t pause;

	*note = '\0';
	c->outcome = SPOOL_SUCCESS;
	c->reason = describe(r, p, words, sizeof(words));
	if (r->end == SLOT_EXITED && r->code == 0) {
		if (spool_staged_there(c) != 0)
			return;
		(void)snprintf(words, sizeof(words), "the result's file was removed or replaced, not written to");
	}
	if (c->reason == ID_NONE) {
		c->outcome = SPOOL_PUT_BACK;
		(void)snprintf(note, size, "attempt not counted: %s", words);
	} else if (c->name.attempts >= p->max_attempts || (r->end == SLOT_EXITED && r->code == EXIT_FOR_GOOD)) {
		c->outcome = SPOOL_DEAD;
		(void)snprintf(note, size, "attempt %d of %d: %s; failed for good", c->name.attempts, (int)p->max_attempts, words);
	} else {
		pause = delay(c, r, p, &more);
		c->outcome = SPOOL_RETRY;
		c->due = io_now() + pause;
		(void)snprintf(note, size, "attempt %d of %d: %s; next in %s%s", c->name.attempts, (int)p->max_attempts,
		    words, in_words(wait, pause), more);
	}
}
