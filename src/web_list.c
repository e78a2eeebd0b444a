#include <errno.h>
#include <stdio.h>

#include <bsd/string.h>

#include "http_value.h"
#include "page_dash.h"
#include "units.h"
#include "web_allow.h"
#include "web_pick.h"
#include "web_reply.h"
#include "web_route.h"

enum { LIMIT = 100, LIMIT_MAX = 1000 };

static int
refuse(struct web *w, const char *detail)
{
	web_problem(w, 400, NULL, NULL, "%s", detail);
	return -1;
}

static int
find_state(struct web *w, struct web_pick *p)
{
	char state[16];

	if (http_query(w->req->query, "state", state, sizeof(state)) == 1 && web_pick_state(p, state) == 0)
		return 0;
	return refuse(w, "The query's state is new, later, held, running, abandoned, done or failed.");
}

/* What the query says. -1: the reply says what is wrong. */
static int
find_asked(struct web *w, struct web_pick *p)
{
	char limit[16], after[ID_MAX + 1] = "", before[ID_MAX + 1] = "", last[2];
	int64_t n = LIMIT;
	int a, b, r, l;

	if (find_state(w, p) == -1)
		return -1;
	r = http_query(w->req->query, "limit", limit, sizeof(limit));
	if (r == -1 || (r == 1 && units_number(limit, 1, LIMIT_MAX, &n) == -1))
		return refuse(w, "The query's limit is a number from 1 to 1000.");
	a = http_query(w->req->query, "after", after, sizeof(after));
	b = http_query(w->req->query, "before", before, sizeof(before));
	l = http_query(w->req->query, "last", last, sizeof(last));
	if (a == -1 || b == -1 || l == -1 || (a != 0) + (b != 0) + (l != 0) > 1 || (a && !id_valid(after)) ||
	    (b && !id_valid(before)))
		return refuse(w, "The query's after and before are IDs, and only one of them, or last, is there.");
	p->limit = (size_t)n;
	p->backwards = b || l;
	(void)strlcpy(p->cursor, b ? before : after, sizeof(p->cursor));
	return 0;
}

/* A link to the page on one side of an ID, as a field and for the document. */
static void
add_link(struct web *w, const struct web_pick *p, json_t *links, const char *rel, const char *side, const char *id)
{
	json_t *to = json_sprintf("%s/%s?state=%s&limit=%zu&%s=%s", w->req->base, w->queue, view_state_name(p->state), p->limit,
	    side, id);

	if (to == NULL)
		return;
	(void)http_reply_field(w->reply, "Link", "<%s>; rel=\"%s\"", json_string_value(to), rel);
	(void)json_object_set_new(links, rel, to);
}

static void
answer(struct web *w, const struct web_pick *p)
{
	char title[ID_WORD_MAX + 32];
	struct page page = { .title = title, .queue = w->queue, .wide = 1, .body = page_dash_list };
	json_t *jobs = json_array(), *links = json_object();
	struct view v;
	size_t i;

	(void)snprintf(title, sizeof(title), "%s: %s", w->queue, view_state_name(p->state));
	for (i = 0; i < p->n; i++)
		if (view_file(p->q, p->dir, p->file[i], &v) == 0)
			(void)json_array_append_new(jobs, web_job_as(w, &v));
	if (p->n > 0 && (p->backwards ? p->cursor[0] != '\0' : p->more))
		add_link(w, p, links, "next", "after", p->id[p->n - 1]);
	if (p->n > 0 && (p->backwards ? p->more : p->cursor[0] != '\0'))
		add_link(w, p, links, "prev", "before", p->id[0]);
	(void)json_object_set_new(links, "dashboard", json_sprintf("%s/%s?view=dashboard", w->req->base, w->queue));
	(void)json_object_set_new(links, "queues", json_sprintf("%s/", w->req->base));
	page.arg = json_pack("{s:s, s:s, s:o, s:o}", "queue", w->queue, "state", view_state_name(p->state), "jobs", jobs,
	    "links", links);
	web_document(w, 200, page.arg, &page);
}

static void
list(struct web *w)
{
	struct web_pick p = { .q = &w->q };

	if (find_asked(w, &p) == -1)
		return;
	if (web_pick(&p) == 0)
		answer(w, &p);
	else if (errno == EACCES)
		web_not_permitted(w);
	else
		web_fault(w, errno, "The jobs cannot be listed");
	web_pick_free(&p);
}

void
web_list(struct web *w)
{
	w->slow = list;
}
