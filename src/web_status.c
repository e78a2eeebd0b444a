#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "http_value.h"
#include "page_form.h"
#include "view_json.h"
#include "web_allow.h"
#include "web_dash.h"
#include "web_pace.h"
#include "web_policy.h"
#include "web_reply.h"
#include "web_route.h"

enum { KEY_MAX = 33 };

void
web_top(struct web *w)
{
	struct page page = { .title = "wqw" };
	const char *base = w->req->base;

	if (web_dash_asked(w) || (web_wants_page(w->req) && web_is_operator(w))) {
		web_dash(w);
		return;
	}
	web_document(w, 200, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
	    "service", "wqw: a request returns at once, the work is done from a queue, the result is fetched later",
	    "submit", json_sprintf("POST %s/QUEUE with the payload as the body: 202 and the job's address", base),
	    "status", json_sprintf("GET %s/QUEUE/ID", base),
	    "result", json_sprintf("GET %s/QUEUE/ID/result", base),
	    "log", json_sprintf("GET %s/QUEUE/ID/log", base),
	    "openapi", json_sprintf("GET %s/openapi.json", base)), &page);
}

/* What keeps a form that is sent twice from being two jobs. */
static void
propose_key(char key[KEY_MAX])
{
	unsigned char bytes[16];
	size_t i;

	key[0] = '\0';
	if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != sizeof(bytes))
		return;
	for (i = 0; i < sizeof(bytes); i++)
		(void)snprintf(key + 2 * i, 3, "%02x", bytes[i]);
}

static void
show_queue(struct web *w, const char *link)
{
	char key[KEY_MAX] = "", title[ID_WORD_MAX + 32];
	struct page_form form = { .queue = w->queue, .to = link, .policy = &w->policy, .paused = spool_paused(&w->q), .key = key };
	struct page page = { .title = title, .body = page_form, .arg = &form };

	if (w->policy.require_key)
		propose_key(key);
	(void)snprintf(title, sizeof(title), "Submit to %s", w->queue);
	web_document(w, 200, json_pack("{s:s, s:b, s:I, s:o, s:{s:s}}",
	    "queue", w->queue,
	    "paused", form.paused,
	    "max-size", (json_int_t)w->policy.max_size,
	    "submit", json_sprintf("POST %s", link),
	    "links", "self", link), &page);
}

void
web_queue(struct web *w)
{
	char *link = web_link(w, "", ""), state[2];

	if (http_query(w->req->query, "state", state, sizeof(state)) != 0)
		web_list(w);
	else if (web_dash_asked(w))
		web_dash(w);
	else if (w->misread != 0)
		web_policy_fault(w);
	else if (link == NULL)
		web_fault(w, ENOMEM, "The queue cannot be shown");
	else
		show_queue(w, link);
	free(link);
}

void
web_status(struct web *w)
{
	char title[ID_WORD_MAX + ID_MAX + 32], address[ID_WORD_MAX + ID_MAX + 2];
	struct page page = { .title = title };
	char *link = NULL;
	struct view v;

	if (view_find(&w->q, w->id, &v) == -1) {
		if (errno == ENOENT)
			web_no_job(w);
		else
			web_fault(w, errno, "The job cannot be looked up");
		return;
	}
	if (v.state == VIEW_FAILED) {
		web_failed(w, 200, &v);
		return;
	}
	page.refresh = web_pace(w, &v);
	if (page.refresh > 0)
		(void)http_reply_field(w->reply, "Retry-After", "%d", page.refresh);
	(void)snprintf(title, sizeof(title), "%s: %s", view_address(&v, address, sizeof(address)), view_state_name(v.state));
	if (v.state == VIEW_DONE && w->policy.redirect && (link = web_link(w, w->id, "result")) != NULL)
		(void)http_reply_field(w->reply, "Location", "%s", link);
	if (link == NULL && web_wants_page(w->req))
		web_job_page(w, 200, &v);
	else
		web_document(w, link != NULL ? 303 : 200, web_job(w, &v), &page);
	free(link);
}
