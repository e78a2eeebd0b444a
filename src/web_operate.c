#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_value.h"
#include "spool_cancel.h"
#include "web_allow.h"
#include "web_dash.h"
#include "web_pace.h"
#include "web_reply.h"
#include "web_route.h"

enum action { CANCEL, RETRY };

/* Why the spool has not done it. */
static void
fault(struct web *w, int error)
{
	switch (error) {
	case ENOENT:
		web_no_job(w);
		return;
	case EACCES:
	case EPERM:
		web_not_permitted(w);
		return;
	default:
		web_fault(w, error, "The job cannot be moved");
	}
}

/* Done, but whether it lasts nobody knows. */
static void
unknown(struct web *w, int error)
{
	(void)snprintf(w->reply->note, sizeof(w->reply->note), "%s/%s: the directory cannot be made durable: %s", w->queue, w->id,
	    strerror(error));
	web_problem(w, 500, "state-unknown", NULL, "It was done, but the disk failed when it was made durable: a power cut may "
	    "take it back.");
}

/*
 * Where the job is now. A browser is sent to the job's page, or back to where its button was, so that to load it again does
 * nothing again.
 */
static void
tell(struct web *w, enum action action)
{
	int to_page = w->req->method == HTTP_POST && web_wants_page(w->req), pace;
	char *link = to_page ? web_dash_back(w) : NULL;
	struct page page = { .title = "Done" };
	struct view v;

	if (link == NULL)
		link = web_link(w, w->id, "");
	if (view_find(&w->q, w->id, &v) == -1) {
		fault(w, errno);
	} else {
		pace = web_pace(w, &v);
		(void)http_reply_field(w->reply, "Location", "%s", link != NULL ? link : "");
		if (pace > 0)
			(void)http_reply_field(w->reply, "Retry-After", "%d", pace);
		if (to_page)
			web_document(w, 303, web_job(w, &v), &page);
		else
			web_document(w, action == CANCEL && pace == 0 ? 200 : 202, web_job(w, &v), &page);
	}
	free(link);
}

static void
refuse(struct web *w, enum action action, const struct spool_job *job)
{
	int over = job->dir == SPOOL_DONE || job->dir == SPOOL_FAILED;

	if (action == CANCEL)
		web_problem(w, 409, "ended", NULL, "The job has ended: %s. There is nothing left to cancel.",
		    job->dir == SPOOL_DONE ? "its result is there" : "it has failed");
	else
		web_problem(w, 409, over ? "done" : "not-failed", NULL, over ? "The job is done, and its result is there. Submit it "
		    "anew to run it again." : "The job has not failed: it %s.", job->dir == SPOOL_CUR ? "runs" : "is ready to run");
}

static enum web_next
operate(struct web *w, enum action action)
{
	struct spool_round round = { .q = &w->q };
	struct spool_job job;
	int r;

	web_dash_forget();
	r = action == CANCEL ? spool_cancel(&round, w->id, &job) : spool_retry(&round, w->id, 0, &job);
	if (r == -1)
		fault(w, errno);
	else if (r == 1)
		refuse(w, action, &job);
	else if (spool_round_end(&round) == -1)
		unknown(w, errno);
	else
		tell(w, action);
	return WEB_REPLY;
}

enum web_next
web_cancel(struct web *w)
{
	return operate(w, CANCEL);
}

enum web_next
web_retry(struct web *w)
{
	return operate(w, RETRY);
}

enum web_next
web_act(struct web *w)
{
	char action[16] = "";

	if (w->req->method == HTTP_DELETE)
		return operate(w, CANCEL);
	if (http_query(w->req->query, "action", action, sizeof(action)) == 1) {
		if (strcmp(action, "cancel") == 0)
			return operate(w, CANCEL);
		if (strcmp(action, "retry") == 0)
			return operate(w, RETRY);
	}
	web_problem(w, 400, NULL, NULL, "A POST to a job says what is to be done: ?action=cancel or ?action=retry. A job is "
	    "submitted by a POST to its queue.");
	return WEB_REPLY;
}
