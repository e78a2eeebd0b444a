#include "web_allow.h"

#include <string.h>

#include "http_origin.h"
#include "web_reply.h"

/*
 * A proxy on this machine makes all of its clients look local; it says so in one of these fields. And a name that somebody
 * else's DNS has pointed to this machine would make a local browser's pages look local: hence the look at Host.
 */
static int
is_local(const struct http_request *req)
{
	static const enum http_field proxied[] = { HTTP_FORWARDED, HTTP_X_FORWARDED_FOR, HTTP_X_REAL_IP, HTTP_VIA };
	size_t i;

	for (i = 0; i < sizeof(proxied) / sizeof(proxied[0]); i++)
		if (req->field[proxied[i]] != NULL)
			return 0;
	if (req->client == NULL || !http_is_loopback(req->client))
		return 0;
	return req->field[HTTP_HOST] == NULL || http_is_local_host(req->field[HTTP_HOST]);
}

/* Browsers say in one of these fields, or in both, whose page it is that sends a request; other clients send neither. */
static int
is_foreign(const struct http_request *req)
{
	const char *site = req->field[HTTP_SEC_FETCH_SITE], *origin = req->field[HTTP_ORIGIN];

	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return 1;
	return origin != NULL && !http_same_origin(origin, req->field[HTTP_HOST]);
}

int
web_is_operator(const struct web *w)
{
	return w->req->user != NULL || is_local(w->req);
}

int
web_may_operate(struct web *w)
{
	if ((w->req->method & (HTTP_GET | HTTP_HEAD)) == 0 && is_foreign(w->req)) {
		web_problem(w, 403, "cross-site", NULL, "A page of another site made the browser send this: its Origin is not the "
		    "Host that was asked, or Sec-Fetch-Site says so. A proxy in between has to hand on Host as it came.");
		return -1;
	}
	if (web_is_operator(w))
		return 0;
	web_problem(w, 403, "not-an-operator", NULL, "This is for operators: for users whom the web server has authenticated, "
	    "and for requests to a loopback address of this machine without a proxy between. wqw-cancel, wqw-retry and "
	    "wqw-status do it in a shell.");
	return -1;
}

void
web_not_permitted(struct web *w)
{
	web_problem(w, 403, "not-permitted", NULL, "The web server's user may only submit to queue '%s' and fetch from it: a "
	    "queue of wqw-init --shared lets it do more.", w->queue);
}
