#include "web_reply.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "io.h"
#include "view_json.h"

#define PATH_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~!$&'()*+,;=:@"

enum { DETAIL_MAX = 1024, SOON = 5, LATER = 60 };

int
web_wants_page(const struct http_request *req)
{
	const char *accept = req->field[HTTP_ACCEPT];
	int html, json, problem;

	if (accept == NULL)
		return 0;
	html = http_quality(accept, "text/html");
	json = http_quality(accept, "application/json");
	problem = http_quality(accept, "application/problem+json");
	return html > 0 && html > json && html > problem;
}

/* A memory stream's text becomes the body. */
static void
take_text(struct web *w, FILE *f, char **text, size_t *size, const char *type)
{
	int bad = ferror(f);

	if (fclose(f) != 0 || bad) {
		free(*text);
		w->reply->status = 503;
		return;
	}
	w->reply->text = *text;
	w->reply->size = (off_t)*size;
	(void)http_reply_field(w->reply, "Content-Type", "%s", type);
}

static void
render(struct web *w, json_t *doc, const struct page *page, const char *type)
{
	struct page p = *page;
	size_t size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL || doc == NULL) {
		if (f != NULL)
			(void)fclose(f);
		free(text);
		w->reply->status = 503;
		return;
	}
	if (web_wants_page(w->req)) {
		p.facts = doc;
		p.base = w->req->base;
		p.queue = w->queue;
		p.id = w->id;
		page_write(f, &p);
		type = "text/html; charset=utf-8";
		(void)http_reply_field(w->reply, "Content-Security-Policy", "%s", page_policy);
		/* With none at all, the Origin of what a form of the page sends would be "null". */
		(void)http_reply_field(w->reply, "Referrer-Policy", "same-origin");
	} else {
		(void)json_dumpf(doc, f, JSON_INDENT(2));
		fputc('\n', f);
	}
	take_text(w, f, &text, &size, type);
}

static void
reply(struct web *w, int status, json_t *doc, const struct page *page, const char *type)
{
	w->reply->status = status;
	(void)http_reply_field(w->reply, "Cache-Control", "no-store");
	(void)http_reply_field(w->reply, "Vary", w->preferable ? "Accept, Prefer" : "Accept");
	(void)http_reply_field(w->reply, "X-Content-Type-Options", "nosniff");
	render(w, doc, page, type);
	json_decref(doc);
}

void
web_document(struct web *w, int status, json_t *doc, const struct page *page)
{
	reply(w, status, doc, page, "application/json");
}

/* A link to what was asked for, where it can stand in a URI as it is. */
static json_t *
instance(const struct http_request *req)
{
	if (req->path == NULL || req->path[strspn(req->path, PATH_CHARS)] != '\0' || *req->path == '\0')
		return NULL;
	return json_sprintf("%s%s", req->base, req->path);
}

/* "no-such-job" for programs is "No such job" for people; without a kind the status has a title. */
static void
make_title(char *buf, size_t size, const char *kind, int status)
{
	char *p;

	(void)strlcpy(buf, kind != NULL ? kind : http_reason(status), size);
	if (kind == NULL)
		return;
	buf[0] = (char)toupper((unsigned char)buf[0]);
	for (p = buf; (p = strchr(p, '-')) != NULL; )
		*p = ' ';
}

void
web_problem(struct web *w, int status, const char *kind, json_t *more, const char *fmt, ...)
{
	char detail[DETAIL_MAX], title[48], heading[64];
	struct page page = { .title = heading };
	json_t *doc;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	make_title(title, sizeof(title), kind, status);
	if (status == 200)
		(void)strlcpy(heading, title, sizeof(heading));
	else
		(void)snprintf(heading, sizeof(heading), "%d %s", status, title);
	doc = json_pack("{s:o, s:s, s:i, s:o, s:o*}",
	    "type", kind == NULL ? json_string("about:blank") : json_sprintf("urn:wqw:problem:%s", kind),
	    "title", title,
	    "status", status,
	    "detail", view_json_text(detail),
	    "instance", instance(w->req));
	if (more != NULL) {
		(void)json_object_update_missing(doc, more);
		json_decref(more);
	}
	reply(w, status, doc, &page, "application/problem+json");
}

void
web_fault(struct web *w, int error, const char *what)
{
	int retry = LATER, status = 503;
	const char *why = "The operator finds the reason in the server's log.";

	switch (error) {
	case ENOSPC:
	case EDQUOT:
		why = "There is less room left than the queue keeps in reserve.";
		break;
	case ENOBUFS:
		why = "As many jobs wait as this queue takes.";
		break;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		retry = SOON;
		why = "The server is too busy.";
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		why = "The web server's user may not do this; wqw-init --group lets it.";
		break;
	default:
		status = w->req->method == HTTP_POST ? 503 : 500;
	}
	(void)snprintf(w->reply->note, sizeof(w->reply->note), "%s%s%s%s%s: %s", w->queue, w->id[0] != '\0' ? "/" : "", w->id,
	    w->queue[0] != '\0' ? ": " : "", what, strerror(error));
	if (status == 503)
		(void)http_reply_field(w->reply, "Retry-After", "%d", retry);
	web_problem(w, status, NULL, NULL, "%s. %s", what, why);
}

void
web_no_job(struct web *w)
{
	web_problem(w, 404, "no-such-job", NULL, "Queue '%s' has no job %s: it never was, or was cleaned away.", w->queue, w->id);
}

char *
web_link(const struct web *w, const char *id, const char *tail)
{
	char *link;

	if (asprintf(&link, "%s/%s%s%s%s%s", w->req->base, w->queue, *id != '\0' ? "/" : "", id, *tail != '\0' ? "/" : "",
	    tail) == -1)
		return NULL;
	return link;
}

static void
add_link(const struct web *w, json_t *links, const char *name, const char *id, const char *tail)
{
	char *link = web_link(w, id, tail);

	if (link != NULL)
		(void)json_object_set_new(links, name, json_string(link));
	free(link);
}

static json_t *
job(const struct web *w, const struct view *v, int look)
{
	json_t *doc = view_json(v), *links = json_object();
	int log;

	add_link(w, links, "self", v->name.id, "");
	if (v->state == VIEW_DONE)
		add_link(w, links, "result", v->name.id, "result");
	if (look && (log = spool_open_log(&w->q, v->name.id)) != -1) {
		(void)io_close(&log);
		add_link(w, links, "log", v->name.id, "log");
	}
	add_link(w, links, "queue", "", "");
	if (json_object_set_new(doc, "links", links) == -1) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

json_t *
web_job(const struct web *w, const struct view *v)
{
	return job(w, v, 1);
}

json_t *
web_job_as(const struct web *w, const struct view *v)
{
	return job(w, v, 0);
}
