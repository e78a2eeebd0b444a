#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "units.h"
#include "view_json.h"
#include "web_allow.h"
#include "web_reply.h"
#include "web_route.h"

enum { LIMIT = 100, LIMIT_MAX = 1000 };

struct list {
	const struct spool *q;
	enum view_state state;
	enum spool_dir dir;
	int backwards;               /* 1: those before the cursor, else those behind it */
	char cursor[ID_MAX + 1];     /* "": from the start */
	size_t limit, n;             /* one more is looked for, to know whether there is more */
	char (*id)[ID_MAX + 1], (*file)[ID_NAME_MAX + 1];
};

static const struct {
	enum view_state state;
	enum spool_dir dir;
} places[] = {
	{ VIEW_NEW, SPOOL_NEW }, { VIEW_LATER, SPOOL_LATER }, { VIEW_HELD, SPOOL_LATER }, { VIEW_RUNNING, SPOOL_CUR },
	{ VIEW_ABANDONED, SPOOL_CUR }, { VIEW_DONE, SPOOL_DONE }, { VIEW_FAILED, SPOOL_FAILED }
};

static int
refuse(struct web *w, const char *detail)
{
	web_problem(w, 400, NULL, NULL, "%s", detail);
	return -1;
}

static int
find_state(struct web *w, struct list *l)
{
	char state[16];
	size_t i;

	if (http_query(w->req->query, "state", state, sizeof(state)) == 1)
		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			if (strcmp(state, view_state_name(places[i].state)) == 0) {
				l->state = places[i].state;
				l->dir = places[i].dir;
				return 0;
			}
	return refuse(w, "The query's state is new, later, held, running, abandoned, done or failed.");
}

/* What the query says. -1: the reply says what is wrong. */
static int
find_asked(struct web *w, struct list *l)
{
	char limit[16], after[ID_MAX + 1] = "", before[ID_MAX + 1] = "";
	int64_t n = LIMIT;
	int a, b, r;

	if (find_state(w, l) == -1)
		return -1;
	r = http_query(w->req->query, "limit", limit, sizeof(limit));
	if (r == -1 || (r == 1 && units_number(limit, 1, LIMIT_MAX, &n) == -1))
		return refuse(w, "The query's limit is a number from 1 to 1000.");
	a = http_query(w->req->query, "after", after, sizeof(after));
	b = http_query(w->req->query, "before", before, sizeof(before));
	if (a == -1 || b == -1 || (a && b) || (a && !id_valid(after)) || (b && !id_valid(before)))
		return refuse(w, "The query's after and before are IDs, and only one of them is there.");
	l->limit = (size_t)n;
	l->backwards = b;
	(void)strlcpy(l->cursor, b ? before : after, sizeof(l->cursor));
	return 0;
}

/* 1 where a file of the directory is in the state: two of these have two. */
static int
is_in_state(const struct list *l, const char *file)
{
	struct view v;

	if (l->dir != SPOOL_LATER && l->dir != SPOOL_CUR)
		return 1;
	return view_file(l->q, l->dir, file, &v) == 0 && v.state == l->state;
}

/* Where the ID belongs among those that were kept so far, nearest to the cursor first. */
static size_t
rank(const struct list *l, const char *id)
{
	size_t low = 0, high = l->n, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(l->id[mid], id);
		if (l->backwards ? order > 0 : order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
one_file(void *arg, const char *file)
{
	struct list *l = arg;
	struct id_name name;
	size_t at, behind;
	int order;

	if (id_parse(file, &name) == -1)
		return 0;
	order = l->cursor[0] == '\0' ? 1 : strcmp(name.id, l->cursor);
	if ((l->backwards ? order >= 0 : order <= 0) || (at = rank(l, name.id)) > l->limit || !is_in_state(l, file))
		return 0;
	l->n += l->n <= l->limit;
	behind = l->n - 1 - at;
	memmove(l->id[at + 1], l->id[at], behind * sizeof(*l->id));
	memmove(l->file[at + 1], l->file[at], behind * sizeof(*l->file));
	memcpy(l->id[at], name.id, sizeof(*l->id));
	(void)strlcpy(l->file[at], file, sizeof(*l->file));
	return 0;
}

/* A Link to the page on one side of an ID. */
static void
add_link(struct web *w, const struct list *l, const char *rel, const char *side, const char *id)
{
	char *link = web_link(w, "", "");

	if (link != NULL)
		(void)http_reply_field(w->reply, "Link", "<%s?state=%s&limit=%zu&%s=%s>; rel=\"%s\"", link, view_state_name(l->state),
		    l->limit, side, id, rel);
	free(link);
}

static void
answer(struct web *w, const struct list *l)
{
	size_t n = l->n > l->limit ? l->limit : l->n, i, at;
	int more = l->n > l->limit, html = web_wants_page(w->req);
	json_t *jobs = json_array(), *links = json_object();
	struct page page = { .title = w->queue };
	struct view v;
	char *link;

	for (i = 0; i < n; i++) {
		at = l->backwards ? n - 1 - i : i;
		if (view_file(l->q, l->dir, l->file[at], &v) == -1)
			continue;
		(void)json_array_append_new(jobs, web_job_as(w, &v));
		if (html && (link = web_link(w, v.name.id, "")) != NULL) {
			(void)json_object_set_new(links, v.name.id, json_string(link));
			free(link);
		}
	}
	if (n > 0 && (l->backwards || more))
		add_link(w, l, "next", "after", l->id[l->backwards ? 0 : n - 1]);
	if (n > 0 && (l->backwards ? more : l->cursor[0] != '\0'))
		add_link(w, l, "prev", "before", l->id[l->backwards ? n - 1 : 0]);
	if (html)
		json_array_clear(jobs);
	web_document(w, 200, json_pack("{s:s, s:s, s:o*, s:o}", "queue", w->queue, "state", view_state_name(l->state),
	    "jobs", html ? (json_decref(jobs), NULL) : jobs, "links", links), &page);
}

void
web_list(struct web *w)
{
	struct list l = { .q = &w->q };

	if (find_asked(w, &l) == -1)
		return;
	/* One more than is kept, as room to move. */
	l.id = calloc(l.limit + 2, sizeof(*l.id));
	l.file = calloc(l.limit + 2, sizeof(*l.file));
	if (l.id == NULL || l.file == NULL)
		web_fault(w, ENOMEM, "The jobs cannot be listed");
	else if (spool_scan(&w->q, l.dir, one_file, &l) == 0)
		answer(w, &l);
	else if (errno == EACCES)
		web_not_permitted(w);
	else
		web_fault(w, errno, "The jobs cannot be listed");
	free(l.id);
	free(l.file);
}
