#include "web_upload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "job.h"
#include "trace.h"
#include "web_ask.h"
#include "web_check.h"
#include "web_reply.h"

int
web_upload_too_large(struct web *w)
{
	web_problem(w, 413, "too-large", json_pack("{s:I}", "max-size", (json_int_t)w->policy.max_size),
	    "Queue '%s' takes payloads of at most %" PRId64 " bytes: max-size in its queue.conf.", w->queue,
	    w->policy.max_size);
	return -1;
}

void
web_upload_fault(struct web *w, int error)
{
	if (error == EFBIG)
		(void)web_upload_too_large(w);
	else if (error == E2BIG || error == EINVAL)
		web_problem(w, 400, NULL, NULL, "A header field of the request is too long, or has control characters.");
	else
		web_fault(w, error, "The job cannot be written");
}

/* A header field for the job: what is not there, or empty, is left out. */
static int
put(struct spool_draft *d, const char *name, const char *value)
{
	return value == NULL || *value == '\0' ? 0 : job_put(&d->head, name, value);
}

static int
put_trace(const struct web *w, struct spool_draft *d)
{
	const char *parent = w->req->field[HTTP_TRACEPARENT], *state = w->req->field[HTTP_TRACESTATE];

	if (parent == NULL || !trace_valid_parent(parent))
		return 0;
	if (put(d, "Traceparent", parent) == -1)
		return -1;
	return state != NULL && trace_valid_state(state) ? put(d, "Tracestate", state) : 0;
}

/*
 * What may be large begins with the job's file, so that a queue that cannot be written is known before the client sends it.
 * Nothing of the request but these fields goes into a job.
 */
int
web_upload_begin(struct web *w, const char *type, const char *filename)
{
	struct web_upload *u = w->upload;
	struct spool_draft *d;

	if (web_check_type(w, type) == -1 || (u->n > 0 && web_check_piece_end(w) == -1))
		return -1;
	if (u->n == WEB_DRAFTS_MAX) {
		web_problem(w, 413, "too-many", json_pack("{s:i}", "max-jobs", WEB_DRAFTS_MAX), "One request submits %d jobs at the "
		    "most.", WEB_DRAFTS_MAX);
		return -1;
	}
	if ((d = malloc(sizeof(*d))) == NULL) {
		web_upload_fault(w, errno);
		return -1;
	}
	d->fd = d->outbox = d->entry = -1;
	u->draft[u->n++] = d;
	u->json = (struct http_json){ 0 };
	if (web_ask_open(w, &u->ask, &w->policy, u->n - 1, d) == -1 || put(d, "Content-Type", type) == -1 ||
	    put(d, "Filename", filename) == -1 || put(d, "Remote-User", w->who.user) == -1 ||
	    put(d, "Remote-Addr", w->req->client) == -1 || put_trace(w, d) == -1 ||
	    ((w->req->length < 0 || w->req->length > SPOOL_HELD_MAX) && spool_draft_create(d) == -1)) {
		web_upload_fault(w, errno);
		return -1;
	}
	return 0;
}

int
web_upload_write(struct web *w, const void *buf, size_t n)
{
	if (web_check_piece(w, buf, n) == -1)
		return -1;
	if (spool_draft_write(w->upload->draft[w->upload->n - 1], buf, n) == 0)
		return 0;
	web_upload_fault(w, errno);
	return -1;
}

void
web_upload_abort(struct web *w)
{
	struct web_upload *u = w->upload;

	while (u->n > 0) {
		spool_draft_abort(u->draft[--u->n]);
		free(u->draft[u->n]);
	}
}

void
web_upload_free(struct web *w)
{
	if (w->upload != NULL)
		web_upload_abort(w);
	free(w->upload);
	w->upload = NULL;
}
