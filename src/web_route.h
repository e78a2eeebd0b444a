/*
 * web_route: the answers of the single routes. Each makes the reply complete; the queue is open, the ID is valid.
 */
#ifndef WQW_WEB_ROUTE_H
#define WQW_WEB_ROUTE_H

#include <jansson.h>

#include "view.h"
#include "web.h"

void web_top(struct web *w);      /* GET /: what this is */
void web_asset(struct web *w);    /* GET /wqw.css, /wqw.js, /wqw.svg */
void web_queue(struct web *w);    /* GET /QUEUE: how to submit to it */
void web_status(struct web *w);   /* GET /QUEUE/ID */
/* What is asked for in the way of waiting: Prefer, or ?wait=. -1: the reply says what is wrong. */
int web_prefer(struct web *w);
enum web_next web_await(struct web *w);   /* GET /QUEUE/ID with ?wait= */
void web_applied(struct web *w);  /* to the reply: what of Prefer was heeded */

/* A job that has failed: a problem, with the end of its log where the policy shows it. */
void web_failed(struct web *w, int status, const struct view *v);

/* The page of a job, in whatever state. */
void web_job_page(struct web *w, int status, const struct view *v);

/* Whole lines from the end of a log; NULL where there are none. What is no text is made some. */
json_t *web_log_tail(int fd);


void web_result(struct web *w);   /* GET /QUEUE/ID/result */
void web_log(struct web *w);      /* GET /QUEUE/ID/log */

void web_watch(struct web *w);    /* GET /QUEUE/ID/events: the head; w->stream: web_events has the body */

void web_list(struct web *w);     /* GET /QUEUE?state= */

void web_openapi(struct web *w);  /* GET /openapi.json */

/* What takes a while is put off, as the request's `slow`. */
void web_metrics(struct web *w);  /* GET /metrics */
void web_health(struct web *w);   /* GET /healthz */

/* DELETE /QUEUE/ID, POST /QUEUE/ID?action=, /QUEUE/ID/cancel and /QUEUE/ID/retry. */
enum web_next web_act(struct web *w);
enum web_next web_cancel(struct web *w);
enum web_next web_retry(struct web *w);

/* POST /QUEUE, up to the body. */
enum web_next web_submit(struct web *w);

#endif
