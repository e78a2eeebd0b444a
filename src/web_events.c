#include "web_events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "io.h"
#include "view_json.h"
#include "web_reply.h"
#include "web_route.h"

/* Proxies cut off what is silent for a minute, some sooner. */
static const int64_t beat_every = 15000000;

#define RETRY "retry: 2000\n"

/* The id that a client comes back with. 1: it is set; 0: it has none. */
static int
find_last(const struct http_request *req, char id[WEB_EVENT_ID_MAX])
{
	const char *field = req->lookup == NULL ? NULL : req->lookup(req, "Last-Event-ID");

	if (field == NULL || *field == '\0')
		return http_query(req->query, "last-event-id", id, WEB_EVENT_ID_MAX) == 1 && *id != '\0';
	/* One that is too long is none of ours, and stays so when it is cut. */
	(void)strlcpy(id, field, WEB_EVENT_ID_MAX);
	return 1;
}

static uint32_t
digest(const char *text)
{
	uint32_t h = 2166136261;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619;
	return h;
}

static int
has_ended(const struct view *v)
{
	return v->state == VIEW_DONE || v->state == VIEW_FAILED;
}

static int
has_progress(const struct view *v)
{
	return v->progress.percent != -1 || v->progress.words[0] != '\0';
}

static void
event_id(char id[WEB_EVENT_ID_MAX], const struct view *v, int64_t place)
{
	const char *state = view_state_name(v->state);
	char more[48] = "";

	switch (v->state) {
	case VIEW_NEW:
		(void)snprintf(more, sizeof(more), "-%" PRId64, place);
		break;
	case VIEW_LATER:
		(void)snprintf(more, sizeof(more), "-%" PRId64, v->due);
		break;
	case VIEW_RUNNING:
		if (has_progress(v))
			(void)snprintf(more, sizeof(more), "-%d-%08" PRIx32, v->progress.percent, digest(v->progress.words));
		break;
	case VIEW_FAILED:
		(void)snprintf(more, sizeof(more), "-%s-%" PRId64, id_reason_name(v->name.reason), v->finished);
		break;
	case VIEW_DONE:
		(void)strlcpy(id, state, WEB_EVENT_ID_MAX);
		return;
	default:
		break;
	}
	(void)snprintf(id, WEB_EVENT_ID_MAX, "%s-%d%s", state, v->attempts, more);
}

static json_t *
document(const struct web *w, const struct view *v, int64_t place)
{
	json_t *doc = has_ended(v) ? web_job(w, v) : view_json(v);

	(void)json_object_set_new(doc, "place", v->state == VIEW_NEW && place != -1 ? json_integer(place) : json_null());
	return doc;
}

/* The text of an event, for the caller to free; NULL: ENOMEM. */
static char *
write_event(const struct web_events *e, const struct view *v, size_t *n)
{
	json_t *doc = document(e->w, v, e->item.place);
	char *data = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT), *text = NULL;
	int len = -1;

	if (data != NULL)
		len = asprintf(&text, "%sevent: %s\nid: %s\ndata: %s\n\n", e->begun ? "" : RETRY,
		    has_ended(v) ? "end" : has_progress(v) ? "progress" : "state", e->last, data);
	free(data);
	json_decref(doc);
	*n = (size_t)len;
	return len == -1 ? NULL : text;
}

/* -1: nobody takes it, or there is no memory for it. */
static int
tell(struct web_events *e, char *text, size_t n, int64_t now, int beat)
{
	if (text == NULL || e->tell(e->arg, text, n, beat) == -1)
		return -1;
	e->begun = 1;
	e->told = now;
	return 0;
}

static int
tell_beat(struct web_events *e, int64_t now)
{
	char *text = strdup(e->begun ? ":\n\n" : RETRY ":\n\n");

	return text == NULL ? -1 : tell(e, text, strlen(text), now, 1);
}

/* 1: there is something to tell, and e->last is its id. */
static int
is_news(struct web_events *e, const struct view *v)
{
	char id[WEB_EVENT_ID_MAX];

	event_id(id, v, e->item.place);
	/* Who writes a progress anew cuts it first: for a moment there is none. */
	if (v->state == VIEW_RUNNING && !has_progress(v) && e->progress && e->attempt == v->attempts)
		return 0;
	e->attempt = v->attempts;
	e->progress = v->state == VIEW_RUNNING && has_progress(v);
	if (strcmp(id, e->last) == 0)
		return 0;
	memcpy(e->last, id, sizeof(id));
	return 1;
}

static int64_t
look(struct web_wait_item *item, int64_t now)
{
	struct web_events *e = item->arg;
	struct view v;
	size_t n;
	char *text;

	if (view_find(item->q, item->id, &v) == -1) {
		if (errno == ENOENT)
			return -1;
	} else if (is_news(e, &v)) {
		text = write_event(e, &v, &n);
		if (tell(e, text, n, now, 0) == -1 || has_ended(&v))
			return -1;
	} else if (has_ended(&v))
		return -1;
	if ((!e->begun || now - e->told >= beat_every) && tell_beat(e, now) == -1)
		return -1;
	return e->told + beat_every;
}

void
web_events_init(struct web_events *e, const struct web *w)
{
	*e = (struct web_events){ .w = w,
	    .item = { .q = &w->q, .id = w->id, .until = INT64_MAX, .client = -1, .news = look } };
	e->item.arg = e;
	if (!find_last(w->req, e->last))
		e->last[0] = '\0';
}

void
web_watch(struct web *w)
{
	char last[WEB_EVENT_ID_MAX], id[WEB_EVENT_ID_MAX];
	struct view v;

	if (view_find(&w->q, w->id, &v) == -1) {
		if (errno == ENOENT)
			web_no_job(w);
		else
			web_fault(w, errno, "The job cannot be looked up");
		return;
	}
	(void)http_reply_field(w->reply, "Cache-Control", "no-store");
	event_id(id, &v, -1);
	/* Who has not seen the end of what they have begun to watch is told it once. */
	if (has_ended(&v) && (!find_last(w->req, last) || strcmp(last, id) == 0)) {
		w->reply->status = 204;
		return;
	}
	(void)http_reply_field(w->reply, "Content-Type", "text/event-stream");
	(void)http_reply_field(w->reply, "X-Accel-Buffering", "no");
	(void)http_reply_field(w->reply, "X-Content-Type-Options", "nosniff");
	w->reply->size = HTTP_LENGTH_UNKNOWN;
	w->stream = w->req->method == HTTP_GET;
}
