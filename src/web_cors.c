#include "web_cors.h"

#include <stdio.h>
#include <string.h>

#include "http_origin.h"

/* What a client may send, and what it may want to see of an answer. */
#define SENT "Authorization, Content-Type, Content-Disposition, Idempotency-Key, Prefer, Traceparent, Tracestate, " \
	"Last-Event-ID, If-Match, If-None-Match, If-Range, Range"
#define SHOWN "Location, Content-Location, Link, Retry-After, Preference-Applied, ETag, Accept-Ranges, Content-Range, " \
	"Content-Disposition, WWW-Authenticate"

enum { MAX_AGE = 600 };

/*
 * A browser says in Sec-Fetch-Site whose page it is that asks, or in Origin, or in both; in neither case, with an old one,
 * the Referer tells. Other clients send none of these.
 */
static int
is_foreign(const struct http_request *req)
{
	const char *site = req->field[HTTP_SEC_FETCH_SITE], *origin = req->field[HTTP_ORIGIN], *page = req->field[HTTP_REFERER];
	char start[320];
	size_t n;

	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return 1;
	if (origin != NULL)
		return !http_same_origin(origin, req->field[HTTP_HOST]);
	if (site != NULL || page == NULL)
		return 0;
	n = strcspn(page, ":");
	if (strncmp(page + n, "://", 3) != 0 || (n += 3 + strcspn(page + n + 3, "/?#")) >= sizeof(start))
		return 1;
	memcpy(start, page, n);
	start[n] = '\0';
	return !http_same_origin(start, req->field[HTTP_HOST]);
}

enum web_site
web_site(const struct http_request *req, const struct policy *p)
{
	const char *origin = req->field[HTTP_ORIGIN];

	if (!is_foreign(req))
		return WEB_OURS;
	if (p != NULL && origin != NULL && policy_listed(p->cors_origins, origin))
		return WEB_LISTED;
	return p != NULL && policy_listed(p->cors_origins, "*") ? WEB_ANY : WEB_FOREIGN;
}

void
web_cors(struct web *w, const struct policy *p)
{
	const char *origin = w->req->field[HTTP_ORIGIN];
	enum web_site site = web_site(w->req, p);

	if (p->cors_origins[0] == '\0')
		return;
	w->shared = (p->open & POLICY_READ) != 0 && policy_listed(p->cors_origins, "*");
	(void)http_reply_field(w->reply, "Vary", "Origin");
	if (origin != NULL && (site == WEB_LISTED || site == WEB_ANY)) {
		(void)http_reply_field(w->reply, "Access-Control-Allow-Origin", "%s", site == WEB_ANY ? "*" : origin);
		if (site == WEB_LISTED)
			(void)http_reply_field(w->reply, "Access-Control-Allow-Credentials", "true");
		(void)http_reply_field(w->reply, "Access-Control-Expose-Headers", "%s", SHOWN);
	}
	http_reply_keep(w->reply);
}

void
web_cors_ask(struct web *w, const struct policy *p, const char *methods)
{
	const char *required = p->require_header;
	char more[POLICY_LIST_MAX * 2];
	size_t used = 0, n;
	enum web_site site = web_site(w->req, p);

	if (w->req->field[HTTP_ACCESS_CONTROL_REQUEST_METHOD] == NULL || (site != WEB_LISTED && site != WEB_ANY))
		return;
	more[0] = '\0';
	for (required += strspn(required, POLICY_LIST); *required != '\0'; required += n + strspn(required + n, POLICY_LIST)) {
		n = strcspn(required, POLICY_LIST);
		used += (size_t)snprintf(more + used, sizeof(more) - used, ", %.*s", (int)n, required);
	}
	(void)http_reply_field(w->reply, "Access-Control-Allow-Methods", "%s", methods);
	(void)http_reply_field(w->reply, "Access-Control-Allow-Headers", "%s%s", SENT, more);
	(void)http_reply_field(w->reply, "Access-Control-Max-Age", "%d", MAX_AGE);
}
