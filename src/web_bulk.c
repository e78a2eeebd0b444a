#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page_table.h"
#include "web_reply.h"
#include "web_upload.h"

static json_t *
refused(int status, const char *kind, const char *detail, const struct spool_draft *d)
{
	json_t *doc = json_pack("{s:i, s:o, s:s, s:s}", "status", status,
	    "type", kind == NULL ? json_string("about:blank") : json_sprintf("urn:wqw:problem:%s", kind),
	    "title", http_reason(status), "detail", detail);

	/* Of a job that is another's, or that may be there. */
	if (kind != NULL)
		(void)json_object_set_new(doc, "id", json_string(d->id));
	return doc;
}

/* A job's line: it is accepted, or why it is not. */
static json_t *
one(struct web *w, const struct spool_draft *d)
{
	json_t *doc;

	if (d->error == 0) {
		if ((doc = web_accepted(w, d)) != NULL)
			(void)json_object_set_new(doc, "status", json_integer(202));
		return doc;
	}
	(void)snprintf(w->reply->note, sizeof(w->reply->note), "%s/%s: %s", w->queue, d->id, strerror(d->error));
	if (d->unknown)
		return refused(500, "state-unknown", "The disk failed while the job was made durable: it may or may not have been "
		    "accepted. Look at its address before sending it again.", d);
	if (d->error == ENOTUNIQ) {
		w->reply->note[0] = '\0';
		return refused(422, "key-reused", "The job with this ID was submitted with this key, and another payload.", d);
	}
	return refused(503, NULL, "The job cannot be written. The operator finds the reason in the server's log.", d);
}

/* For people: a link to each. */
static void
page(struct web *w, int status)
{
	const struct web_upload *u = w->upload;
	struct page page = { .title = "Accepted", .queue = w->queue, .body = page_bulk };
	json_t *jobs = json_array();
	size_t i;

	for (i = 0; i < u->n; i++)
		if (u->draft[i]->error == 0)
			(void)json_array_append_new(jobs, one(w, u->draft[i]));
	page.arg = json_pack("{s:I, s:o}", "refused", (json_int_t)(u->n - json_array_size(jobs)), "jobs", jobs);
	web_document(w, status, page.arg, &page);
}

static void
lines(struct web *w, int status)
{
	size_t i, size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);
	json_t *doc;

	for (i = 0; f != NULL && i < w->upload->n; i++) {
		doc = one(w, w->upload->draft[i]);
		(void)json_dumpf(doc, f, JSON_COMPACT);
		(void)fputc('\n', f);
		json_decref(doc);
	}
	/* They are accepted, whether there is memory to say so or not. */
	if (f == NULL || fclose(f) != 0) {
		free(text);
		w->reply->status = 500;
		return;
	}
	w->reply->status = status;
	w->reply->text = text;
	w->reply->size = (off_t)size;
	(void)http_reply_field(w->reply, "Content-Type", "application/x-ndjson");
	(void)http_reply_field(w->reply, "Cache-Control", "no-store");
	(void)http_reply_field(w->reply, "Vary", "Accept, Prefer");
	(void)http_reply_field(w->reply, "X-Content-Type-Options", "nosniff");
}

void
web_bulk(struct web *w)
{
	const struct web_upload *u = w->upload;
	size_t i, good = 0;
	int status;

	for (i = 0; i < u->n; i++)
		good += u->draft[i]->error == 0;
	status = good == u->n ? 202 : 207;
	if (web_wants_page(w->req))
		page(w, status);
	else
		lines(w, status);
}
