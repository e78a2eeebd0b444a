#include "spool_event.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "spool_outbox.h"
#include "spool_path.h"
#include "spool_stage.h"
#include "units.h"

enum { NOTIFY_MAX = 1024 };

struct end {
	const struct spool *q;
	const struct id_name *name;
	const struct job_header *head;   /* NULL: the job has none that can be read */
	enum id_reason reason;           /* ID_NONE: done */
	int64_t started, finished;
};

static const char *
group(const struct id_name *name)
{
	return name->group[0] == '\0' ? NULL : name->group;
}

static int
carry(struct job_header *to, const struct job_header *from, const char *field)
{
	char value[JOB_VALUE_MAX + 1];

	return from == NULL || job_get(from, field, value, sizeof(value)) == NULL ? 0 : job_put(to, field, value);
}

static int
put_length(struct job_header *h, off_t length)
{
	char text[JOB_NUMBER_WIDTH + 1];

	(void)snprintf(text, sizeof(text), "%jd", (intmax_t)length);
	return job_put(h, "Content-Length", text);
}

/* --- events */

static int
set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value);
}

/* All of it, or NULL. */
static json_t *
event_data(const struct end *e, const char *queue)
{
	char when[UNITS_TIME_MAX];
	json_t *data = json_object();
	int bad = set(data, "queue", json_string(queue)) | set(data, "id", json_string(e->name->id)) |
	    set(data, "state", json_string(e->reason == ID_NONE ? "done" : "failed")) |
	    set(data, "attempts", json_integer(e->name->attempts));

	if (e->reason != ID_NONE)
		bad |= set(data, "reason", json_string(id_reason_name(e->reason)));
	if (e->started != 0)
		bad |= set(data, "started", json_string(units_time(when, e->started)));
	bad |= set(data, "finished", json_string(units_time(when, e->finished)));
	if (!bad)
		return data;
	json_decref(data);
	return NULL;
}

/* Where the submitter wants to be told, as a CloudEvents extension, for the handler that may. 1: it could not be added. */
static int
set_notify(json_t *event, const struct job_header *head)
{
	char value[NOTIFY_MAX + 1];
	json_t *url;

	if (head == NULL || job_get(head, "Notify", value, sizeof(value)) == NULL || *value == '\0' ||
	    (url = json_string(value)) == NULL)
		return 0;
	return set(event, "notifyurl", url) != 0;
}

static char *
event_text(const struct end *e, const char *queue, const char *id)
{
	char when[UNITS_TIME_MAX], source[ID_NAME_MAX + 2], *text = NULL;
	json_t *event = json_object(), *data = event_data(e, queue);

	(void)snprintf(source, sizeof(source), "/%s", queue);
	if (data != NULL && !(set(event, "specversion", json_string("1.0")) | set(event, "id", json_string(id)) |
	    set(event, "source", json_string(source)) |
	    set(event, "type", json_string(e->reason == ID_NONE ? "org.wqw.job.done" : "org.wqw.job.failed")) |
	    set(event, "subject", json_string(e->name->id)) |
	    set(event, "time", json_string(units_time(when, e->finished))) |
	    set(event, "datacontenttype", json_string("application/json")) | set(event, "data", json_incref(data)) |
	    set_notify(event, e->head)))
		text = json_dumps(event, JSON_COMPACT);
	json_decref(data);
	json_decref(event);
	if (text == NULL)
		errno = ENOMEM;
	return text;
}

static int
write_event(int fd, const struct end *e, const char *text)
{
	struct job_header h = { .len = 0 };

	if (put_length(&h, (off_t)strlen(text)) == -1 ||
	    job_put(&h, "Content-Type", "application/cloudevents+json; charset=utf-8") == -1 ||
	    carry(&h, e->head, "Traceparent") == -1 || carry(&h, e->head, "Tracestate") == -1 || job_end(&h) == -1)
		return -1;
	return io_write(fd, h.text, h.len) == -1 ? -1 : io_write(fd, text, strlen(text));
}

static int
add_event(int out, const struct spool *to, const struct end *e)
{
	char id[ID_MAX + 1], what[64], *path = spool_real_path(e->q), *text = NULL;
	int fd = -1, r = -1;

	/* A job that fails, is put back by hand and fails again has failed twice. */
	(void)snprintf(what, sizeof(what), "event %s %jd", id_reason_name(e->reason),
	    e->reason == ID_NONE ? (intmax_t)0 : (intmax_t)e->finished);
	if (path == NULL || id_derive(id, e->name->id, what, e->finished - e->name->time, e->name->priority, NULL) == -1 ||
	    (text = event_text(e, strrchr(path, '/') + 1, id)) == NULL || (fd = spool_outbox_create(out, to, id)) == -1)
		goto out;
	if (write_event(fd, e, text) == 0 && spool_outbox_put(out, to, SPOOL_NEW, id) == 0)
		r = 0;
out:
	(void)io_close(&fd);
	free(text);
	free(path);
	return r;
}

/* 1: it is to be told; 0: nobody listens, or only the queue itself, which would never end; -1. */
static int
open_listener(struct spool *to, const struct spool *q, const struct policy *p)
{
	struct stat a, b;

	*to = (struct spool){ .fd = -1 };
	if (p->events[0] == '\0')
		return 0;
	if (spool_open_beside(to, q, p->events) == -1)
		return -1;
	if (fstat(to->fd, &a) == 0 && fstat(q->fd, &b) == 0)
		return a.st_ino != b.st_ino || a.st_dev != b.st_dev;
	return -1;
}

/* --- the next queue */

static int
write_next(int fd, const struct spool_claim *c)
{
	struct job_header h = { .len = 0 };
	struct stat st;

	if (fstat(c->result, &st) == -1 || put_length(&h, st.st_size - c->start) == -1 ||
	    carry(&h, &c->made, "Content-Type") == -1 || carry(&h, &c->head, "Filename") == -1 ||
	    carry(&h, &c->head, "Traceparent") == -1 || carry(&h, &c->head, "Tracestate") == -1 || job_end(&h) == -1)
		return -1;
	if (io_write(fd, h.text, h.len) == -1 || lseek(c->result, c->start, SEEK_SET) == -1)
		return -1;
	return io_copy(c->result, fd, INT64_MAX) == -1 ? -1 : 0;
}

static int
add_next(const struct spool_claim *c, const struct spool *to)
{
	char id[ID_MAX + 1];
	int fd, r;

	if (id_derive(id, c->name.id, "next", 0, c->name.priority, group(&c->name)) == -1 ||
	    (fd = spool_outbox_create(c->follow, to, id)) == -1)
		return -1;
	r = write_next(fd, c);
	(void)io_close(&fd);
	return r == -1 ? -1 : spool_outbox_put(c->follow, to, SPOOL_NEW, id);
}

static int
is_absent(int error)
{
	return error == ENOENT || error == EINVAL || error == ENOTDIR || error == EACCES || error == EPERM || error == ELOOP;
}

/*
 * 1: there is one; 0: none; 2: the job names one that is not there. A job may name a queue beside its own only: whoever
 * may submit need not know, or reach, more.
 */
static int
open_next(struct spool *to, const struct spool_claim *c)
{
	char word[JOB_VALUE_MAX + 1];

	*to = (struct spool){ .fd = -1 };
	if (job_get(&c->head, "Next", word, sizeof(word)) != NULL) {
		if (id_valid_word(word) && spool_open_beside(to, c->q, word) == 0)
			return 1;
		return id_valid_word(word) && !is_absent(errno) ? -1 : 2;
	}
	if (c->p->next[0] == '\0')
		return 0;
	return spool_open_beside(to, c->q, c->p->next) == -1 ? -1 : 1;
}

/* --- */

static int
check_queue(const struct spool *q, const char *word, int self)
{
	struct spool to;
	struct stat a, b;
	int r;

	if (word[0] == '\0')
		return 0;
	if (spool_open_beside(&to, q, word) == -1)
		return -1;
	r = fstat(to.fd, &a) == -1 || fstat(q->fd, &b) == -1 ? -1 : 0;
	spool_close(&to);
	if (r == 0 && !self && a.st_ino == b.st_ino && a.st_dev == b.st_dev) {
		errno = ELOOP;
		r = -1;
	}
	return r;
}

int
spool_event_check(const struct spool *q, const struct policy *p, const char **what)
{
	*what = "next";
	if (check_queue(q, p->next, 0) == -1)
		return -1;
	*what = "events";
	return check_queue(q, p->events, 1);
}

static int
open_outbox(struct spool_claim *c, int need)
{
	c->follow = need ? spool_outbox_make(c->q, SPOOL_IF_DONE, &c->name) :
	    spool_outbox_open(c->q, SPOOL_IF_DONE, &c->name);
	return c->follow == -1 && (need || errno != ENOENT) ? -1 : 0;
}

int
spool_event_done(struct spool_claim *c)
{
	const struct end e = { .q = c->q, .name = &c->name, .head = &c->head, .started = c->started, .finished = io_now() };
	struct spool next, events;
	int has_next = open_next(&next, c), has_events = open_listener(&events, c->q, c->p), r = -1;

	if (has_next == 2) {
		c->outcome = SPOOL_DEAD;
		c->reason = ID_MALFORMED;
		(void)spool_note(c, "malformed: Next is not the name of a queue that is there");
		r = 0;
	} else if (has_next != -1 && has_events != -1 && open_outbox(c, has_next || has_events) == 0)
		r = (has_next && add_next(c, &next) == -1) ||
		    (has_events && add_event(c->follow, &events, &e) == -1) ? -1 : 0;
	spool_close(&next);
	spool_close(&events);
	return r;
}

int
spool_event_dead(const struct spool *q, const struct policy *p, const struct id_name *name,
    const struct job_header *head, enum id_reason reason, int64_t started, int *out)
{
	const struct end e = { .q = q, .name = name, .head = head, .reason = reason, .started = started,
	    .finished = io_now() };
	struct policy own;
	struct spool events;
	char why[256];
	int r;

	*out = -1;
	if (p == NULL && spool_policy(q, &own, why, sizeof(why)) == -1)
		return -1;
	if ((r = open_listener(&events, q, p == NULL ? &own : p)) != 1)
		goto out;
	r = -1;
	if ((*out = spool_outbox_make(q, SPOOL_IF_FAILED, name)) != -1 && spool_outbox_clear(*out) == 0 &&
	    add_event(*out, &events, &e) == 0 && spool_outbox_seal(q, *out) == 0)
		r = 0;
	if (r == -1)
		(void)io_close(out);
out:
	spool_close(&events);
	return r;
}
