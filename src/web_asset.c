#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_value.h"
#include "page_asset.h"
#include "web_reply.h"
#include "web_route.h"

/* A page names the content that it wants, so that it may be kept as long as a browser likes, and a new one is seen at once. */
static void
add_fields(struct web *w, const char *etag)
{
	(void)http_reply_field(w->reply, "Cache-Control", strncmp(w->req->query, "v=", 2) == 0 ?
	    "public, max-age=31536000, immutable" : "public, max-age=300");
	(void)http_reply_field(w->reply, "ETag", "%s", etag);
}

void
web_asset(struct web *w)
{
	const struct page_asset *a = page_asset(w->req->path + 1);
	char tag[PAGE_TAG_MAX], etag[PAGE_TAG_MAX + 2];
	const char *none = w->req->field[HTTP_IF_NONE_MATCH];
	size_t n;

	if (a == NULL) {
		web_problem(w, 404, NULL, NULL, "Nothing is at this address.");
		return;
	}
	n = (size_t)(a->end - a->start);
	(void)snprintf(etag, sizeof(etag), "\"%s\"", page_asset_tag(a, tag));
	if (none != NULL && http_etag_listed(none, etag, 1)) {
		add_fields(w, etag);
		w->reply->status = 304;
		return;
	}
	if ((w->reply->text = malloc(n)) == NULL) {
		web_fault(w, errno, "The file cannot be sent");
		return;
	}
	memcpy(w->reply->text, a->start, n);
	add_fields(w, etag);
	w->reply->size = (off_t)n;
	w->reply->status = 200;
	(void)http_reply_field(w->reply, "Content-Type", "%s", a->type);
	(void)http_reply_field(w->reply, "X-Content-Type-Options", "nosniff");
	(void)http_reply_field(w->reply, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
}
