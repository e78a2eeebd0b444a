/*
 * web_reply: what all routes answer with: a document, as JSON or, where the client would rather have it, as a page; and
 * an error, as a problem of RFC 9457 or as the same page.
 */
#ifndef WQW_WEB_REPLY_H
#define WQW_WEB_REPLY_H

#include <jansson.h>

#include "page.h"
#include "view.h"
#include "web.h"

/* 1 where Accept puts text/html before JSON; a client that does not care gets JSON. */
int web_wants_page(const struct http_request *req);

/* Sends `doc`, whose reference is taken. `page` says what is different in HTML: its place and facts are set here. */
void web_document(struct web *w, int status, json_t *doc, const struct page *page);

/*
 * An error: what is wrong, with which thing, and how to mend it. `kind` names it for programs, and becomes the URN of
 * `type`; NULL: the status says it all. `more`: further members, whose reference is taken, or NULL.
 */
void web_problem(struct web *w, int status, const char *kind, json_t *more, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The same for an errno of the spool: nothing was accepted, and how soon it is worth trying again. */
void web_fault(struct web *w, int error, const char *what);

void web_no_job(struct web *w);   /* 404 */

/* A link below the request's base: "", "/QUEUE", "/QUEUE/ID", "/QUEUE/ID/result". The caller frees it; NULL: ENOMEM. */
char *web_link(const struct web *w, const char *id, const char *tail);

/* What is known of a job, with links to what there is of it. NULL: ENOMEM. */
json_t *web_job(const struct web *w, const struct view *v);
json_t *web_job_as(const struct web *w, const struct view *v);   /* the same, but without a look at what there is */

#endif
