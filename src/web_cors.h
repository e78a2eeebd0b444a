/*
 * web_cors: whose page it is that makes a browser ask, and what the pages of other sites may (Fetch, 3.2).
 */
#ifndef WQW_WEB_CORS_H
#define WQW_WEB_CORS_H

#include "policy.h"
#include "web.h"

enum web_site {
	WEB_OURS,      /* a page of this site, or no browser */
	WEB_LISTED,    /* one whose origin the queue's cors-origins names */
	WEB_ANY,       /* one for which the "*" there stands: it may do what anybody may, but not in its visitor's name */
	WEB_FOREIGN    /* any other */
};

enum web_site web_site(const struct http_request *req, const struct policy *p);   /* p: NULL where there is no queue */

/* To all replies to this request: who may read them. */
void web_cors(struct web *w, const struct policy *p);

/* To the reply, where OPTIONS asks for leave: what may be sent. */
void web_cors_ask(struct web *w, const struct policy *p, const char *methods);

#endif
