#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "view_json.h"
#include "web_ask.h"
#include "web_reply.h"
#include "web_route.h"
#include "web_upload.h"

/* From what its request and its ID say: who asks again gets the same. */
json_t *
web_accepted(const struct web *w, const struct spool_draft *d)
{
	struct view v = { .queue = w->q.word, .state = VIEW_NEW, .submitted = -1, .due = -1, .started = -1, .finished = -1,
	    .progress = { .percent = -1 } };
	int64_t due;

	if (id_parse(d->id, &v.name) == -1)
		return NULL;
	v.submitted = v.name.time;
	if ((due = web_ask_due(&w->upload->ask, &w->policy, v.submitted)) > 0) {
		v.state = VIEW_LATER;
		v.due = due;
	}
	return web_job_as(w, &v);
}

/* The rename was done, and whether it lasts nobody knows: to send the job again could run it twice. */
static void
unknown(struct web *w, const struct spool_draft *d, const char *link)
{
	(void)http_reply_field(w->reply, "Location", "%s", link);
	(void)snprintf(w->reply->note, sizeof(w->reply->note), "%s/%s: the directory cannot be made durable: %s", w->queue,
	    d->id, strerror(d->error));
	web_problem(w, 500, "state-unknown", json_pack("{s:s, s:s}", "id", d->id, "location", link),
	    "The disk failed while job %s/%s was made durable: it may or may not have been accepted. Look at its address "
	    "before sending it again.", w->queue, d->id);
}

static void
answer(struct web *w, const struct spool_draft *d)
{
	struct page page = { .title = "Accepted", .refresh = 1 };
	char *link = web_link(w, d->id, "");

	if (d->unknown)
		unknown(w, d, link != NULL ? link : "");
	else if (d->error == ENOTUNIQ)
		web_problem(w, 422, "key-reused", json_pack("{s:s, s:s}", "id", d->id, "location", link != NULL ? link : ""),
		    "Job %s/%s was submitted with this key, and another payload. Nothing was accepted.", w->queue, d->id);
	else if (d->error != 0)
		web_upload_fault(w, d->error);
	else {
		page.to = link;
		(void)http_reply_field(w->reply, "Location", "%s", link != NULL ? link : "");
		(void)http_reply_field(w->reply, "Retry-After", "%d", page.refresh);
		/* Who sent a form is led to the job's page, so that to load it again submits nothing again. */
		web_document(w, w->upload->kind == WEB_FORM && web_wants_page(w->req) ? 303 : 202, web_accepted(w, d), &page);
	}
	free(link);
}

enum web_next
web_committed(struct web *w)
{
	const struct spool_draft *d = w->upload->draft[0];

	if (w->upload->kind == WEB_LINES || w->upload->n > 1) {
		web_bulk(w);
		return WEB_REPLY;
	}
	answer(w, d);
	if (w->reply->status != 202)
		return WEB_REPLY;
	if (w->wait <= 0) {
		web_applied(w);
		return WEB_REPLY;
	}
	(void)strlcpy(w->id, d->id, sizeof(w->id));
	/* However long the wait is, it holds no more than it needs. */
	web_upload_free(w);
	return WEB_WAIT;
}
