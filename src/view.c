#include "view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "io.h"
#include "job.h"
#include "tool.h"
#include "units.h"
#include "units_when.h"

const char *
view_state_name(enum view_state s)
{
	static const char *const names[VIEW_STATES] = {
		[VIEW_LATER] = "later", [VIEW_HELD] = "held", [VIEW_NEW] = "new", [VIEW_RUNNING] = "running",
		[VIEW_ABANDONED] = "abandoned", [VIEW_DONE] = "done", [VIEW_FAILED] = "failed"
	};

	return names[s];
}

char *
view_address(const struct view *v, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", v->queue, v->name.id);
	return buf;
}

/* Running, or abandoned. A claim that seems to have no owner may have just ended: -1 with ENOENT. */
static int
claimed(const struct spool *q, const struct spool_job *job)
{
	char file[ID_NAME_MAX + 1];
	struct stat st;

	if (spool_claimed(q, job))
		return VIEW_RUNNING;
	(void)id_file(file, job->name.id, job->name.attempts, job->name.reason);
	return spool_stat(q, job->dir, file, &st) == -1 ? -1 : VIEW_ABANDONED;
}

/* What the directory, the name and the file's times tell. -1 with ENOENT where no job is there any more. */
static int
from_job(const struct spool *q, const struct spool_job *job, struct view *v)
{
	int state;

	*v = (struct view){ .queue = q->word, .name = job->name, .attempts = job->name.attempts,
	    .submitted = job->name.time, .due = -1, .started = -1, .finished = -1, .progress = { .percent = -1 } };
	/* A dead letter that was put back: its name tells what was. */
	if ((job->dir == SPOOL_NEW || job->dir == SPOOL_LATER) && job->name.reason != ID_NONE) {
		v->attempts = 0;
		v->name.reason = ID_NONE;
	}
	switch (job->dir) {
	case SPOOL_NEW:
		v->state = VIEW_NEW;
		/* A name given by hand does not tell the time; the worker, too, goes by the file's. */
		if (v->submitted == -1)
			v->submitted = io_time(job->st.st_mtim);
		break;
	case SPOOL_LATER:
		v->state = spool_held(&job->st) ? VIEW_HELD : VIEW_LATER;
		if (v->state == VIEW_LATER)
			v->due = io_time(job->st.st_mtim);
		break;
	case SPOOL_CUR:
		if ((state = claimed(q, job)) == -1)
			return -1;
		v->state = (enum view_state)state;
		v->started = io_time(job->st.st_ctim);
		if (v->state == VIEW_RUNNING)
			spool_progress(q, job->name.id, &v->progress);
		break;
	case SPOOL_DONE:
		v->state = VIEW_DONE;
		v->attempts = -1;
		v->finished = io_time(job->st.st_ctim);
		break;
	case SPOOL_FAILED:
		v->state = VIEW_FAILED;
		v->finished = io_time(job->st.st_ctim);
		break;
	default:
		errno = ENOENT;
		return -1;
	}
	return 0;
}

/* A time of a result's header, or `otherwise`. */
static int64_t
header_time(const struct job_header *h, const char *name, int64_t otherwise)
{
	char text[UNITS_TIME_MAX];
	int64_t us;

	return job_get(h, name, text, sizeof(text)) == NULL || units_when(text, &us) == -1 ? otherwise : us;
}

/* The header knows better than the file's times, which a copy of the spool does not keep. Nothing else depends on it. */
static void
from_result(const struct spool *q, struct view *v)
{
	struct job_header h;
	int fd = spool_open_result(q, v->name.id);
	int64_t attempt;

	if (fd == -1)
		return;
	if (job_read(fd, &h, NULL) == 0) {
		attempt = job_number(&h, "Attempt");
		v->attempts = attempt > 0 && attempt <= ID_ATTEMPTS_MAX ? (int)attempt : -1;
		v->started = header_time(&h, "Started", v->started);
		v->finished = header_time(&h, "Finished", v->finished);
	}
	(void)io_close(&fd);
}

int
view_find(const struct spool *q, const char *id, struct view *v)
{
	struct spool_job job;
	int tries = 0;

	do
		if (tries++ == 3 || spool_find(q, id, &job) == -1)
			return -1;
	while (from_job(q, &job, v) == -1);
	if (v->state == VIEW_DONE)
		from_result(q, v);
	return 0;
}

int
view_file(const struct spool *q, enum spool_dir d, const char *file, struct view *v)
{
	struct spool_job job = { .dir = d };

	if (id_parse(file, &job.name) == -1)
		return -1;
	/* The time of submission is the only one of a job in new/, and its name has it. */
	if ((d != SPOOL_NEW || job.name.time == -1) && spool_stat(q, d, file, &job.st) == -1)
		return -1;
	return from_job(q, &job, v);
}

static void __attribute__((format(printf, 2, 3)))
add(char buf[VIEW_WORDS_MAX], const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	if (n > 0 && n < VIEW_WORDS_MAX - 3) {
		memcpy(buf + n, ", ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	(void)vsnprintf(buf + n, VIEW_WORDS_MAX - n, fmt, ap);
	va_end(ap);
}

static void
add_attempts(char buf[VIEW_WORDS_MAX], int attempts)
{
	if (attempts > 0)
		add(buf, attempts == 1 ? "%d attempt" : "%d attempts", attempts);
}

/* How long ago, or for how long. */
static void
add_age(char buf[VIEW_WORDS_MAX], const char *before, int64_t us, const char *after)
{
	char age[UNITS_AGE_MAX];

	add(buf, "%s%s%s", before, units_age(age, us), after);
}

static void
add_progress(char buf[VIEW_WORDS_MAX], const struct spool_progress *p)
{
	char clean[VIEW_WORDS_MAX / 2];
	const char *gap = *p->words == '\0' ? "" : " ";

	(void)tool_clean(clean, sizeof(clean), p->words);
	if (p->percent != -1)
		add(buf, "%d%%%s%s", p->percent, gap, clean);
	else if (*clean != '\0')
		add(buf, "%s", clean);
}

static void
add_state(const struct view *v, int64_t now, char buf[VIEW_WORDS_MAX])
{
	switch (v->state) {
	case VIEW_NEW:
		add_age(buf, "submitted ", now - v->submitted, " ago");
		add_attempts(buf, v->attempts);
		break;
	case VIEW_LATER:
		add_attempts(buf, v->attempts);
		add_age(buf, v->due > now ? "due in " : "due for ", v->due > now ? v->due - now : now - v->due, "");
		break;
	case VIEW_HELD:
		add(buf, "until it is released");
		add_attempts(buf, v->attempts);
		break;
	case VIEW_RUNNING:
		add(buf, "attempt %d", v->attempts > 0 ? v->attempts : 1);
		add_age(buf, "for ", now - v->started, "");
		add_progress(buf, &v->progress);
		break;
	case VIEW_ABANDONED:
		add(buf, "attempt %d", v->attempts > 0 ? v->attempts : 1);
		add(buf, "its worker has died, the next one takes it over");
		break;
	default:
		if (v->state == VIEW_FAILED)
			add(buf, "%s", v->name.reason == ID_NONE ? "no reason given" : id_reason_name(v->name.reason));
		add_attempts(buf, v->attempts);
		if (v->started != -1 && v->finished != -1)
			add_age(buf, "took ", v->finished - v->started, "");
		add_age(buf, "", now - v->finished, " ago");
	}
}

char *
view_words(const struct view *v, int64_t now, char buf[VIEW_WORDS_MAX])
{
	buf[0] = '\0';
	add_state(v, now, buf);
	if (v->name.priority != ID_PRIORITY_DEFAULT)
		add(buf, "priority %d", v->name.priority);
	if (v->name.group[0] != '\0')
		add(buf, "group %s", v->name.group);
	return buf;
}
