#include "web.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "http_value.h"
#include "web_allow.h"
#include "web_cors.h"
#include "web_policy.h"
#include "web_reply.h"
#include "web_route.h"

enum { PARTS_MAX = 3, READ = HTTP_GET | HTTP_HEAD };

static const struct route {
	const char *head;   /* the first part, where it is no queue's name */
	const char *tail;   /* the third part */
	void (*answer)(struct web *w);
	enum web_next (*change)(struct web *w);   /* by the other methods */
	int parts;
	unsigned methods;
	int waits;          /* 1: it may be asked to wait for the job's end */
	unsigned answers, changes;   /* POLICY_SUBMIT and so on: the right that either takes; 0: its own rule */
} routes[] = {
	{ NULL, NULL, web_top, NULL, 0, READ, 0, 0, 0 },
	{ "openapi.json", NULL, web_openapi, NULL, 1, READ, 0, 0, 0 },
	{ "metrics", NULL, web_metrics, NULL, 1, READ, 0, POLICY_OPERATE, 0 },
	{ "wqw.css", NULL, web_asset, NULL, 1, READ, 0, 0, 0 },
	{ "wqw.js", NULL, web_asset, NULL, 1, READ, 0, 0, 0 },
	{ "wqw.svg", NULL, web_asset, NULL, 1, READ, 0, 0, 0 },
	{ "healthz", NULL, web_health, NULL, 1, READ, 0, 0, 0 },
	{ NULL, NULL, web_queue, web_submit, 1, READ | HTTP_POST, 1, POLICY_SUBMIT, POLICY_SUBMIT },
	{ NULL, NULL, web_status, web_act, 2, READ | HTTP_POST | HTTP_DELETE, 1, POLICY_READ, POLICY_OPERATE },
	{ NULL, "result", web_result, NULL, 3, READ, 0, POLICY_READ, 0 },
	{ NULL, "log", web_log, NULL, 3, READ, 0, POLICY_READ, 0 },
	{ NULL, "events", web_watch, NULL, 3, READ, 0, POLICY_READ, 0 },
	{ NULL, "cancel", NULL, web_cancel, 3, HTTP_POST, 0, 0, POLICY_OPERATE },
	{ NULL, "retry", NULL, web_retry, 3, HTTP_POST, 0, 0, POLICY_OPERATE }
};

struct parts {
	int n;
	const char *at[PARTS_MAX];
	size_t len[PARTS_MAX];
};

/* Splits a path at its slashes. -1: more parts than any route has, or an empty one. */
static int
split(const char *path, struct parts *p)
{
	*p = (struct parts){ .n = 0 };
	if (*path == '/' && path[1] == '\0')
		path++;
	while (*path == '/') {
		if (p->n == PARTS_MAX)
			return -1;
		p->at[p->n] = ++path;
		p->len[p->n] = strcspn(path, "/");
		path += p->len[p->n];
		if (p->len[p->n++] == 0)
			return -1;
	}
	return *path == '\0' ? 0 : -1;
}

static int
is_part(const struct parts *p, int i, const char *word)
{
	return i < p->n && strlen(word) == p->len[i] && memcmp(word, p->at[i], p->len[i]) == 0;
}

static const struct route *
find(const struct parts *p)
{
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (routes[i].parts == p->n && (routes[i].head == NULL || is_part(p, 0, routes[i].head)) &&
		    (routes[i].tail == NULL || is_part(p, 2, routes[i].tail)))
			return &routes[i];
	return NULL;
}

/* A part as a string. -1: longer than any name may be. */
static int
copy(const struct parts *p, int i, char *buf, size_t size)
{
	if (p->n <= i)
		return 0;
	if (p->len[i] >= size)
		return -1;
	memcpy(buf, p->at[i], p->len[i]);
	buf[p->len[i]] = '\0';
	return 0;
}

/* Queue and ID are checked and taken from the path. -1: the reply says what is wrong. */
static int
take_names(struct web *w, const struct parts *p)
{
	if (copy(p, 0, w->queue, sizeof(w->queue)) == -1 || (p->n > 0 && !id_valid_word(w->queue))) {
		w->queue[0] = '\0';
		web_problem(w, 404, "no-such-queue", NULL, "There is no such queue: the name of a queue is a letter, a digit "
		    "or '_' and up to 63 of these, '.' and '-'.");
		return -1;
	}
	if (copy(p, 1, w->id, sizeof(w->id)) == -1 || (p->n > 1 && !id_valid(w->id))) {
		w->id[0] = '\0';
		web_problem(w, 400, "not-an-id", NULL, "What follows /%s/ is not a job's ID. Take the link from the answer to "
		    "the submission as it is.", w->queue);
		return -1;
	}
	return 0;
}

static int
open_queue(struct web *w)
{
	if (w->queue[0] == '\0' || spool_open(&w->q, w->queue) == 0)
		return 0;
	if ((errno == ENOENT || errno == ENOTDIR) && access(spool_root(), F_OK) == 0)
		web_problem(w, 404, "no-such-queue", NULL, "There is no queue '%s' here. wqw-init %s makes it.", w->queue,
		    w->queue);
	else
		web_fault(w, errno, "The spool cannot be opened");
	return -1;
}

/* -1: the route does not take the method, and the reply says so. */
static int
take_method(struct web *w, unsigned methods)
{
	char allow[64];

	methods |= HTTP_OPTIONS;
	if ((w->req->method & methods) != 0)
		return 0;
	(void)http_method_list(methods, allow, sizeof(allow));
	if (w->req->method == HTTP_OTHER)
		web_problem(w, 501, NULL, NULL, "This method is not known. %s are.", allow);
	else
		web_problem(w, 405, NULL, NULL, "This address takes %s only.", allow);
	(void)http_reply_field(w->reply, "Allow", "%s", allow);
	return -1;
}

static void
tell_methods(struct web *w, unsigned methods, const struct policy *p)
{
	char allow[64];

	(void)http_method_list(methods | HTTP_OPTIONS, allow, sizeof(allow));
	w->reply->status = 204;
	if (p != NULL)
		web_cors_ask(w, p, allow);
	(void)http_reply_field(w->reply, "Allow", "%s", allow);
}

/* The list of a queue's jobs has the address of its form. */
static unsigned
needed(const struct web *w, const struct route *route)
{
	char state[2];

	if ((w->req->method & READ) == 0)
		return route->changes;
	if (route->answer == web_queue && http_query(w->req->query, "state", state, sizeof(state)) != 0)
		return POLICY_OPERATE;
	return route->answers;
}

/* What all routes have in common: the queue, who asks, what they may. -1: the reply is complete. */
static int
admit(struct web *w, const struct route *route, const struct parts *parts)
{
	struct policy *p = NULL;
	unsigned right;

	/* Bytes that are no method of ours may be what another server took for a body: nothing is looked up for them. */
	if (w->req->method == HTTP_OTHER)
		return take_method(w, route->methods);
	if (route->head == NULL && (take_names(w, parts) == -1 || open_queue(w) == -1))
		return -1;
	if (w->queue[0] != '\0') {
		p = &w->policy;
		web_policy(w);
		web_cors(w, p);
	}
	if (w->req->method == HTTP_OPTIONS) {
		tell_methods(w, route->methods, p);
		return -1;
	}
	if (take_method(w, route->methods) == -1 || web_who(w, p) == -1)
		return -1;
	right = needed(w, route);
	return right == 0 ? 0 : web_may(w, right);
}

/* Who may not read is not told the result. */
static void
forget_wait(struct web *w)
{
	if ((w->who.may & POLICY_READ) == 0) {
		w->wait = -1;
		w->by_prefer = 0;
	}
}

enum web_next
web_begin(struct web *w, const struct http_request *req, struct http_reply *reply)
{
	const struct route *route;
	struct parts parts;

	*w = (struct web){ .req = req, .reply = reply, .q = { .fd = -1 }, .wait = -1 };
	http_reply_init(reply);
	if (split(req->path, &parts) == -1 || (route = find(&parts)) == NULL) {
		web_problem(w, 404, NULL, NULL, "Nothing is at this address. There are /QUEUE, /QUEUE/ID, and below it /result, "
		    "/log, /events, /cancel and /retry.");
		return WEB_REPLY;
	}
	if (admit(w, route, &parts) == -1 || (route->waits && web_prefer(w) == -1))
		return WEB_REPLY;
	forget_wait(w);
	if ((req->method & READ) == 0)
		return route->change(w);
	if (w->wait != -1 && w->id[0] != '\0')
		return web_await(w);
	route->answer(w);
	return w->slow != NULL ? WEB_WAIT : w->stream ? WEB_STREAM : WEB_REPLY;
}

void
web_slow(struct web *w)
{
	void (*slow)(struct web *) = w->slow;

	w->slow = NULL;
	if (slow != NULL)
		slow(w);
}

void
web_refuse(const struct http_request *req, struct http_reply *reply, int status, const char *detail)
{
	struct web w = { .req = req, .reply = reply, .q = { .fd = -1 } };

	http_reply_clear(reply);
	web_problem(&w, status, NULL, NULL, "%s", detail);
}
