#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "feed_ask.h"
#include "http_form.h"
#include "http_value.h"
#include "io.h"
#include "job.h"
#include "trace.h"
#include "units.h"
#include "view_json.h"
#include "web.h"
#include "web_reply.h"
#include "web_route.h"

#define FORM_TYPE "multipart/form-data"

/* What a form may have around its file. */
enum { FORM_ROOM = 65536, WHY_MAX = 256 };

struct web_upload {
	struct policy policy;
	struct spool_draft draft;
	int64_t got;            /* bytes of the body */
	int is_form, files;
	struct http_form form;
};

static enum web_next
give_up(struct web *w, int status, const char *kind, const char *detail)
{
	web_problem(w, status, kind, NULL, "%s", detail);
	return WEB_REPLY;
}

static enum web_next
too_large(struct web *w)
{
	web_problem(w, 413, "too-large", json_pack("{s:I}", "max-size", (json_int_t)w->upload->policy.max_size),
	    "Queue '%s' takes payloads of at most %" PRId64 " bytes: max-size in its queue.conf.", w->queue,
	    w->upload->policy.max_size);
	return WEB_REPLY;
}

/* What the draft has failed with. */
static enum web_next
draft_fault(struct web *w, int error)
{
	spool_draft_abort(&w->upload->draft);
	if (error == EFBIG)
		return too_large(w);
	if (error == E2BIG || error == EINVAL)
		return give_up(w, 400, NULL, "A header field of the request is too long, or has control characters.");
	web_fault(w, error, "The job cannot be written");
	return WEB_REPLY;
}

/* A header field for the job: what is not there, or empty, is left out. */
static int
put(struct web *w, const char *name, const char *value)
{
	return value == NULL || *value == '\0' ? 0 : job_put(&w->upload->draft.head, name, value);
}

static int
put_trace(struct web *w)
{
	const char *parent = w->req->field[HTTP_TRACEPARENT], *state = w->req->field[HTTP_TRACESTATE];

	if (parent == NULL || !trace_valid_parent(parent))
		return 0;
	if (put(w, "Traceparent", parent) == -1)
		return -1;
	return state != NULL && trace_valid_state(state) ? put(w, "Tracestate", state) : 0;
}

/*
 * Begins the job's file, so that a queue that cannot be written is known before the client sends anything large. Nothing
 * of the request but these fields goes into a job.
 */
static enum web_next
begin_draft(struct web *w, const char *type, const char *filename)
{
	struct web_upload *u = w->upload;

	if (put(w, "Content-Type", type) == -1 || put(w, "Filename", filename) == -1 ||
	    put(w, "Remote-User", w->req->user) == -1 || put(w, "Remote-Addr", w->req->client) == -1 ||
	    put_trace(w) == -1 || spool_draft_write(&u->draft, "", 0) == -1)
		return draft_fault(w, errno);
	return WEB_BODY;
}

/* The file's name: of the query, else of a Content-Disposition. -1: the reply says what is wrong. */
static int
find_filename(struct web *w, char name[HTTP_FILENAME_MAX + 1])
{
	const char *disposition = w->req->field[HTTP_CONTENT_DISPOSITION];
	int r = http_query(w->req->query, "filename", name, HTTP_FILENAME_MAX + 1);

	if (r == 1 && !http_filename_clean(name))
		r = -1;
	if (r == 0 && disposition != NULL)
		r = http_filename(disposition, name);
	if (r == 1)
		return 0;
	name[0] = '\0';
	if (r == 0)
		return 0;
	(void)give_up(w, 400, NULL, "The file name is broken: it is at most 255 bytes of UTF-8 without control characters, "
	    "percent-encoded in a query, quoted in a Content-Disposition.");
	return -1;
}

static int
form_part(void *arg, const struct http_part *p)
{
	struct web *w = arg;

	if (p->filename[0] == '\0')
		return 0;
	if (++w->upload->files > 1) {
		(void)give_up(w, 415, "one-file", "A form submits one file at a time.");
		return -1;
	}
	return begin_draft(w, p->type, p->filename) == WEB_BODY ? 0 : -1;
}

/* Fields that are not files say nothing yet. */
static int
form_data(void *arg, const void *buf, size_t n)
{
	struct web *w = arg;

	if (w->upload->form.at.filename[0] == '\0' || spool_draft_write(&w->upload->draft, buf, n) == 0)
		return 0;
	(void)draft_fault(w, errno);
	return -1;
}

static enum web_next
begin_form(struct web *w)
{
	struct http_form *form = &w->upload->form;

	if (http_form_open(form, w->req->field[HTTP_CONTENT_TYPE]) == -1)
		return give_up(w, 400, NULL, "The form has no boundary in its Content-Type.");
	form->part = form_part;
	form->data = form_data;
	form->arg = w;
	return WEB_BODY;
}

/* What can be refused without knowing the queue's policy. */
static enum web_next
check_request(struct web *w)
{
	const char *coding = w->req->field[HTTP_CONTENT_ENCODING];

	if (w->req->length == HTTP_LENGTH_NONE)
		return give_up(w, 411, NULL, "A submission says how long it is: Content-Length, or Transfer-Encoding: chunked.");
	if (coding != NULL && *coding != '\0' && strcasecmp(coding, "identity") != 0) {
		(void)http_reply_field(w->reply, "Accept-Encoding", "identity");
		return give_up(w, 415, NULL, "A payload is stored as it comes and must not have a Content-Encoding; say what it "
		    "is by its Content-Type.");
	}
	return WEB_BODY;
}

/* What the query asks for the job. -1: the reply says what is wrong. */
static int
find_asked(struct web *w, struct feed_ask *ask)
{
	char value[FEED_ASK_MAX], detail[FEED_ASK_MAX];
	const char *name, *why;
	size_t i;
	int r;

	feed_ask_init(ask);
	for (i = 0; (name = feed_ask_name(i)) != NULL; i++) {
		if ((r = http_query(w->req->query, name, value, sizeof(value))) == 0)
			continue;
		if (r == 1 && feed_ask_set(ask, name, value, &why) == 0)
			continue;
		if (r != 1)
			why = "too long, or not percent-encoded as it should be";
		(void)snprintf(detail, sizeof(detail), "The query's %s: %s.", name, why);
		(void)give_up(w, 400, NULL, detail);
		return -1;
	}
	return 0;
}

static int
open_draft(struct web *w)
{
	struct web_upload *u = w->upload;
	struct feed_ask ask;
	char why[WHY_MAX];

	if (find_asked(w, &ask) == -1)
		return -1;
	if (spool_policy(&w->q, &u->policy, why, sizeof(why)) == -1) {
		web_fault(w, errno, "The queue's configuration cannot be read");
		(void)strlcat(w->reply->note, ": ", sizeof(w->reply->note));
		(void)strlcat(w->reply->note, why, sizeof(w->reply->note));
		return -1;
	}
	if (feed_ask_open(&u->draft, &w->q, &u->policy, &ask) == -1) {
		(void)draft_fault(w, errno);
		return -1;
	}
	return 0;
}

enum web_next
web_submit(struct web *w)
{
	const char *type = w->req->field[HTTP_CONTENT_TYPE];
	char filename[HTTP_FILENAME_MAX + 1];
	struct web_upload *u;

	if (check_request(w) == WEB_REPLY)
		return WEB_REPLY;
	if ((u = w->upload = calloc(1, sizeof(*u))) == NULL) {
		web_fault(w, errno, "The job cannot be written");
		return WEB_REPLY;
	}
	u->draft.fd = -1;
	u->is_form = type != NULL && http_is_type(type, FORM_TYPE);
	if (open_draft(w) == -1)
		return WEB_REPLY;
	if (w->req->length > u->policy.max_size &&
	    (!u->is_form || w->req->length - FORM_ROOM > u->policy.max_size))
		return too_large(w);
	if (u->is_form)
		return begin_form(w);
	if (find_filename(w, filename) == -1)
		return WEB_REPLY;
	return begin_draft(w, type, filename);
}

enum web_next
web_body(struct web *w, const void *buf, size_t n)
{
	struct web_upload *u = w->upload;

	u->got += (int64_t)n;
	if (!u->is_form)
		return spool_draft_write(&u->draft, buf, n) == 0 ? WEB_BODY : draft_fault(w, errno);
	if (http_form_push(&u->form, buf, n) == 0)
		return WEB_BODY;
	spool_draft_abort(&u->draft);
	/* Else the calls have made the reply. */
	if (w->reply->text == NULL)
		(void)give_up(w, 400, NULL, "The form is malformed.");
	return WEB_REPLY;
}

struct spool_draft *
web_end(struct web *w)
{
	struct web_upload *u = w->upload;
	const char *wrong = NULL;

	if (w->req->length >= 0 && u->got != w->req->length)
		wrong = "The body is not as long as its Content-Length says. Nothing was accepted; send it again.";
	else if (u->is_form && !http_form_ended(&u->form))
		wrong = "The form ends before its last boundary. Nothing was accepted; send it again.";
	else if (u->is_form && u->files == 0)
		wrong = "The form has no file.";
	if (wrong == NULL)
		return &u->draft;
	spool_draft_abort(&u->draft);
	(void)give_up(w, 400, NULL, wrong);
	return NULL;
}

static json_t *
accepted(const struct web *w)
{
	struct view v = { .queue = w->q.word, .state = VIEW_NEW, .submitted = -1, .due = -1, .started = -1, .finished = -1 };
	const struct spool_draft *d = &w->upload->draft;

	if (d->again && view_find(&w->q, d->id, &v) == 0)
		return web_job(w, &v);
	if (id_parse(d->id, &v.name) == -1)
		return NULL;
	if (d->due > 0) {
		v.state = VIEW_LATER;
		v.due = d->due;
	}
	v.submitted = v.name.time;
	return web_job(w, &v);
}

/* The rename was done, and whether it lasts nobody knows: to send the job again could run it twice. */
static void
unknown(struct web *w, const char *link)
{
	(void)http_reply_field(w->reply, "Location", "%s", link);
	(void)snprintf(w->reply->note, sizeof(w->reply->note), "%s/%s: the directory cannot be made durable: %s", w->queue,
	    w->upload->draft.id, strerror(w->upload->draft.error));
	web_problem(w, 500, "state-unknown", json_pack("{s:s, s:s}", "id", w->upload->draft.id, "location", link),
	    "The disk failed while job %s/%s was made durable: it may or may not have been accepted. Look at its address "
	    "before sending it again.", w->queue, w->upload->draft.id);
}

void
web_committed(struct web *w)
{
	struct spool_draft *d = &w->upload->draft;
	struct page page = { .title = "Accepted", .refresh = 1 };
	char *link = web_link(w, d->id, "");

	if (d->unknown)
		unknown(w, link != NULL ? link : "");
	else if (d->error == ENOTUNIQ)
		web_problem(w, 422, "key-reused", json_pack("{s:s, s:s}", "id", d->id, "location", link != NULL ? link : ""),
		    "Job %s/%s was submitted with this key, and another payload. Nothing was accepted.", w->queue, d->id);
	else if (d->error != 0)
		(void)draft_fault(w, d->error);
	else {
		page.to = link;
		(void)http_reply_field(w->reply, "Location", "%s", link != NULL ? link : "");
		(void)http_reply_field(w->reply, "Retry-After", "%d", page.refresh);
		web_document(w, 202, accepted(w), &page);
	}
	free(link);
}

void
web_close(struct web *w)
{
	if (w->upload != NULL) {
		spool_draft_abort(&w->upload->draft);
		free(w->upload);
		w->upload = NULL;
	}
	spool_close(&w->q);
}
