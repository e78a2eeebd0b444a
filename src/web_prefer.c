#include <stdio.h>
#include <stdlib.h>

#include "http_prefer.h"
#include "http_value.h"
#include "units.h"
#include "web_reply.h"
#include "web_route.h"
#include "web_wait.h"

/* Seconds, as many as there may be at the most. -1: not a number. */
static int
take_seconds(struct web *w, const char *value)
{
	int64_t n;

	if (units_number(value, 0, INT64_MAX, &n) == -1)
		return -1;
	w->wait = (n > WEB_WAIT_MAX ? WEB_WAIT_MAX : n) * 1000000;
	return 0;
}

int
web_prefer(struct web *w)
{
	const char *prefer = w->req->field[HTTP_PREFER];
	char value[24];
	int r = http_query(w->req->query, "wait", value, sizeof(value));

	w->preferable = 1;
	if (r == 1 && take_seconds(w, value) == 0)
		return 0;
	if (r != 0) {
		web_problem(w, 400, NULL, NULL, "The query's wait is a number of seconds; of more than %d, %d count.", WEB_WAIT_MAX,
		    WEB_WAIT_MAX);
		return -1;
	}
	/* A preference that means nothing is no error. */
	if (prefer != NULL && http_preference(prefer, "wait", value, sizeof(value)) == 1 && take_seconds(w, value) == 0)
		w->by_prefer = 1;
	return 0;
}

void
web_applied(struct web *w)
{
	const char *prefer = w->req->field[HTTP_PREFER];
	char value[24], wait[40] = "";
	int async = prefer != NULL && w->reply->status == 202 &&
	    http_preference(prefer, "respond-async", value, sizeof(value)) == 1;

	if (w->by_prefer)
		(void)snprintf(wait, sizeof(wait), "wait=%d", (int)(w->wait / 1000000));
	if (async || w->by_prefer)
		(void)http_reply_field(w->reply, "Preference-Applied", "%s%s%s", async ? "respond-async" : "",
		    async && w->by_prefer ? ", " : "", wait);
}

/* 1: the job is there, and has not ended. */
static int
is_pending(const struct web *w)
{
	struct spool_job job;

	return spool_find(&w->q, w->id, &job) == 0 && job.dir != SPOOL_DONE && job.dir != SPOOL_FAILED;
}

enum web_next
web_await(struct web *w)
{
	if (w->wait > 0 && is_pending(w))
		return WEB_WAIT;
	web_waited(w);
	return WEB_REPLY;
}

void
web_waited(struct web *w)
{
	char *link, *job;

	if (w->id[0] == '\0') {
		web_slow(w);
		return;
	}
	link = web_link(w, w->id, "result");
	job = web_link(w, w->id, "");
	/* The answer to a submission is there already, for the case that there is no better one. */
	if (!is_pending(w)) {
		http_reply_clear(w->reply);
		web_result(w);
		if (w->reply->fd != -1 && link != NULL)
			(void)http_reply_field(w->reply, "Content-Location", "%s", link);
		if (job != NULL)
			(void)http_reply_field(w->reply, "Link", "<%s>; rel=\"status\"", job);
	} else if (w->req->method != HTTP_POST) {
		web_status(w);
		if (w->reply->status == 200)
			w->reply->status = 202;
	}
	web_applied(w);
	free(link);
	free(job);
}
