#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "http_form.h"
#include "http_value.h"
#include "page_form.h"
#include "web_allow.h"
#include "web_ask.h"
#include "web_check.h"
#include "web_policy.h"
#include "web_reply.h"
#include "web_route.h"
#include "web_upload.h"

#define FORM_TYPE "multipart/form-data"
#define LINES_TYPE "application/x-ndjson"

/* What a form may have around its files. */
enum { FORM_ROOM = 1 << 18 };

static enum web_next
give_up(struct web *w, int status, const char *kind, const char *detail)
{
	web_problem(w, status, kind, NULL, "%s", detail);
	return WEB_REPLY;
}

static int
no_key(struct web *w)
{
	(void)give_up(w, 400, "key-required", "This queue takes no submission without an Idempotency-Key, or ?key=: a string that "
	    "is another one for each job, and the same where one is sent again.");
	return -1;
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

/* A field that came before the file and asks for something: one that is empty does not. */
static int
end_field(struct web *w)
{
	struct web_upload *u = w->upload;
	const char *why;

	if (u->field[0] == '\0' || u->value[0] == '\0')
		return 0;
	if (feed_ask_set(&u->ask, u->field, u->value, &why) == 0)
		return 0;
	web_problem(w, 400, NULL, NULL, "The form's %s: %s.", u->field, why);
	return -1;
}

static int
begin_file(struct web *w, const char *type, const char *filename)
{
	const struct web_upload *u = w->upload;

	if (w->policy.require_key && u->ask.key[0] == '\0')
		return no_key(w);
	return web_upload_begin(w, type, filename);
}

static int
form_part(void *arg, const struct http_part *p)
{
	static const char *const fields[] = { "priority", "delay", "key" };
	struct web *w = arg;
	struct web_upload *u = w->upload;
	size_t i;

	if (end_field(w) == -1)
		return -1;
	u->field = "";
	u->value[0] = '\0';
	u->writes = 0;
	u->pastes = p->filename[0] == '\0' && strcmp(p->name, PAGE_FORM_TEXT) == 0;
	if (p->filename[0] != '\0')
		return begin_file(w, p->type, p->filename);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (u->n == 0 && strcmp(p->name, fields[i]) == 0)
			u->field = fields[i];
	return 0;
}

/* A field of the form that is no file. What is pasted is a job of its own as soon as there is any of it. */
static int
form_data(void *arg, const void *buf, size_t n)
{
	struct web *w = arg;
	struct web_upload *u = w->upload;
	size_t len = strlen(u->value);

	if (u->pastes) {
		u->pastes = 0;
		u->writes = 1;
		if (begin_file(w, w->policy.json ? "application/json" : "text/plain; charset=utf-8", NULL) == -1)
			return -1;
	}
	if (u->form.at.filename[0] != '\0' || u->writes)
		return web_upload_write(w, buf, n);
	if (u->field[0] == '\0')
		return 0;
	if (n > sizeof(u->value) - 1 - len)
		return give_up(w, 400, NULL, "A field of the form is too long.") == WEB_REPLY ? -1 : 0;
	memcpy(u->value + len, buf, n);
	u->value[len + n] = '\0';
	return 0;
}

static enum web_next
begin_form(struct web *w)
{
	struct http_form *form = &w->upload->form;

	if (http_form_open(form, w->req->field[HTTP_CONTENT_TYPE]) == -1)
		return give_up(w, 400, NULL, "The form has no boundary in its Content-Type.");
	w->upload->field = "";
	form->part = form_part;
	form->data = form_data;
	form->arg = w;
	return WEB_BODY;
}

static int
line_begins(void *arg)
{
	return web_upload_begin(arg, "application/json", NULL);
}

static int
line_data(void *arg, const void *buf, size_t n)
{
	return web_upload_write(arg, buf, n);
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

/* What the queue asks of a request. -1: the reply says what is missing. */
static int
open_policy(struct web *w)
{
	const struct web_upload *u = w->upload;

	if (w->misread != 0) {
		web_policy_fault(w);
		return -1;
	}
	/* A form may have it as a field. */
	if (w->policy.require_key && u->ask.key[0] == '\0' && u->kind != WEB_FORM)
		return no_key(w);
	return web_check_fields(w);
}

/* How long a body can be at the most without a payload in it that is too large. */
static int64_t
longest(const struct web *w)
{
	int64_t max = w->policy.max_size;

	if (w->upload->kind == WEB_ONE || max > (INT64_MAX - FORM_ROOM) / WEB_DRAFTS_MAX)
		return max;
	return max * WEB_DRAFTS_MAX + FORM_ROOM;
}

static int
next_is_there(struct web *w, const struct feed_ask *ask)
{
	char why[256];

	if (ask->next[0] != '\0' && web_may_pass_on(w, ask->next) == -1)
		return -1;
	if (feed_ask_there(ask, &w->q, why, sizeof(why)) == 0)
		return 0;
	web_problem(w, 400, NULL, NULL, "The query's next: %s.", why);
	return -1;
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
	u->kind = type == NULL ? WEB_ONE : http_is_type(type, FORM_TYPE) ? WEB_FORM :
	    http_is_type(type, LINES_TYPE) ? WEB_LINES : WEB_ONE;
	if (web_ask_find(w, &u->ask) == -1 || open_policy(w) == -1 || next_is_there(w, &u->ask) == -1)
		return WEB_REPLY;
	if (w->req->length > longest(w)) {
		(void)web_upload_too_large(w);
		return WEB_REPLY;
	}
	if (u->kind == WEB_FORM)
		return begin_form(w);
	if (u->kind == WEB_LINES) {
		u->lines = (struct http_lines){ .line = line_begins, .data = line_data, .arg = w };
		return WEB_BODY;
	}
	if (find_filename(w, filename) == -1 || web_upload_begin(w, type, filename) == -1)
		return WEB_REPLY;
	return WEB_BODY;
}

enum web_next
web_body(struct web *w, const void *buf, size_t n)
{
	struct web_upload *u = w->upload;
	int r;

	u->got += (int64_t)n;
	r = u->kind == WEB_FORM ? http_form_push(&u->form, buf, n) : u->kind == WEB_LINES ?
	    http_lines_push(&u->lines, buf, n) : web_upload_write(w, buf, n);
	if (r == 0)
		return WEB_BODY;
	web_upload_abort(w);
	/* Else the calls have made the reply. */
	if (w->reply->text == NULL)
		(void)give_up(w, 400, NULL, "The form is malformed.");
	return WEB_REPLY;
}

size_t
web_end(struct web *w, struct spool_draft *const **drafts)
{
	struct web_upload *u = w->upload;
	const char *wrong = NULL;

	if (w->req->length >= 0 && u->got != w->req->length)
		wrong = "The body is not as long as its Content-Length says. Nothing was accepted; send it again.";
	else if (u->kind == WEB_FORM && !http_form_ended(&u->form))
		wrong = "The form ends before its last boundary. Nothing was accepted; send it again.";
	else if (u->n == 0)
		wrong = u->kind == WEB_FORM ? "The form has no file." : "There is no line with anything in it.";
	*drafts = u->draft;
	if (wrong != NULL)
		(void)give_up(w, 400, NULL, wrong);
	else if (web_check_piece_end(w) == 0)
		return u->n;
	web_upload_abort(w);
	return 0;
}

void
web_close(struct web *w)
{
	web_upload_free(w);
	spool_close(&w->q);
}
