#include "web_allow.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "http_origin.h"
#include "spool_tokens.h"
#include "web_cors.h"
#include "web_policy.h"
#include "web_reply.h"
#include "web_token.h"

#define PREFIX "token:"
#define CHALLENGE "Bearer realm=\"wqw\""

enum { ALL = POLICY_SUBMIT | POLICY_READ | POLICY_OPERATE, SAFE = HTTP_GET | HTTP_HEAD | HTTP_OPTIONS, WHY_MAX = 256 };

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

/* A refusal that says how to show who one is: RFC 6750, 3. */
static int
challenge(struct web *w, int status, const char *error, const char *kind, const char *detail)
{
	(void)http_reply_field(w->reply, "WWW-Authenticate", "%s%s%s%s", CHALLENGE, error != NULL ? ", error=\"" : "",
	    error != NULL ? error : "", error != NULL ? "\"" : "");
	web_problem(w, status, kind, NULL, "%s", detail);
	return -1;
}

/* The spool's file, open; NULL with errno. What everybody may write to is nobody's word. */
static FILE *
open_tokens(void)
{
	int fd = spool_open_tokens(), error = EPERM;
	FILE *f = NULL;
	struct stat st;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) == 0 && (f = fdopen(fd, "r")) != NULL)
		return f;
	(void)close(fd);
	errno = error;
	return NULL;
}

/* 1: found; 0: there is no such token; -1: the reply says that nobody's counts. */
static int
find_token(struct web *w, const char *token, const char *queue, struct web_token *t)
{
	FILE *f = open_tokens();
	char why[WHY_MAX] = "";
	int r = -1, error = errno;

	if (f == NULL && error == ENOENT)
		return 0;
	if (f != NULL) {
		r = web_token_find(f, token, queue, t, why, sizeof(why));
		error = errno;
		(void)fclose(f);
	}
	if (r != -1)
		return r;
	(void)snprintf(w->reply->note, sizeof(w->reply->note), "%s%s%s: nobody's token is taken", spool_tokens,
	    why[0] != '\0' ? ":" : ": ", why[0] != '\0' ? why : error == EPERM ? "not a file, or everybody can write to it" :
	    strerror(error));
	web_problem(w, 503, NULL, NULL, "Tokens cannot be checked now. The operator finds the reason in the server's log.");
	return -1;
}

/* 1: known by a token; 0: none was shown; -1: the reply is the refusal. */
static int
by_token(struct web *w, const char *queue, struct web_token *t)
{
	char token[WEB_TOKEN_MAX];
	int r = web_token_shown(w->req, token, &w->who.in_query);

	if (r == -1)
		return challenge(w, 400, "invalid_request", NULL, "A token is shown once: as Authorization: Bearer, or as the query's "
		    "access_token.");
	if (r == 1 && (r = find_token(w, token, queue, t)) == 0)
		r = challenge(w, 401, "invalid_token", "invalid-token", "This token is none that is known here.");
	explicit_bzero(token, sizeof(token));
	return r;
}

/* What the policy gives to anybody; without a queue nothing is to be had. */
static unsigned
open_to_all(const struct policy *p)
{
	return p != NULL ? p->open : 0;
}

static void
know_token(struct web *w, const struct policy *p, const struct web_token *t)
{
	(void)snprintf(w->who.name, sizeof(w->who.name), PREFIX "%s", t->name);
	w->who.user = w->who.name;
	w->who.by_token = 1;
	w->who.may = t->may | open_to_all(p);
	w->who.may_all = t->may_all;
}

static void
know_user(struct web *w, const struct policy *p)
{
	const char *user = w->req->user;

	/* Whatever server lets such a name through, it is no token's. */
	if (user != NULL && strncmp(user, PREFIX, sizeof(PREFIX) - 1) == 0)
		user = NULL;
	w->who.user = user;
	if (is_local(w->req))
		w->who.may = w->who.may_all = ALL;
	else if (user != NULL) {
		w->who.may_all = ALL;
		w->who.may = POLICY_SUBMIT | POLICY_READ;
		if (p == NULL || policy_listed(p->operators, "*") || policy_listed(p->operators, user))
			w->who.may |= POLICY_OPERATE;
	}
}

int
web_who(struct web *w, const struct policy *p)
{
	enum web_site site = web_site(w->req, p);
	int safe = (w->req->method & SAFE) != 0, r;
	struct web_token t;

	w->who = (struct web_who){ .may = open_to_all(p) };
	/* No page can make a browser send a token that the page does not know. */
	if ((r = by_token(w, w->queue, &t)) != 0) {
		if (r == 1)
			know_token(w, p, &t);
		return r == 1 ? 0 : -1;
	}
	if (site == WEB_FOREIGN && !safe) {
		web_problem(w, 403, "cross-site", NULL, "A page of another site made the browser send this: its Origin is not the "
		    "Host that was asked, or Sec-Fetch-Site or Referer says so. A proxy in between has to hand on Host as it came; "
		    "the queue's cors-origins lets others in.");
		return -1;
	}
	if (site != WEB_ANY || (safe && w->req->field[HTTP_ORIGIN] == NULL))
		know_user(w, p);
	return 0;
}

/* A queue's configuration that is wrong gives nobody anything. 1: that is why, and the reply says so. */
static int
is_misconfigured(struct web *w)
{
	if (w->misread != 0)
		web_policy_fault(w);
	return w->misread != 0;
}

static int
refuse(struct web *w, unsigned right, const char *queue)
{
	int fd;

	if (w->who.by_token)
		return challenge(w, 403, "insufficient_scope", "insufficient-scope", right == POLICY_OPERATE ?
		    "This token may not operate here: the operator's word for it is operate." : right == POLICY_READ ?
		    "This token may not read here: the operator's word for it is read." :
		    "This token may not submit here: the operator's word for it is submit.");
	if (is_misconfigured(w))
		return -1;
	if (w->who.user == NULL && ((fd = spool_open_tokens()) != -1 || errno != ENOENT)) {
		if (fd != -1)
			(void)close(fd);
		return challenge(w, 401, NULL, "token-required", "This is not for everybody: show a token, as Authorization: Bearer, "
		    "or be a user whom the web server has authenticated.");
	}
	if (right == POLICY_OPERATE)
		web_problem(w, 403, "not-an-operator", NULL, "This is for operators: for users whom the web server has authenticated "
		    "and the queue's policy does not leave out, and for requests to a loopback address of this machine without a "
		    "proxy between. wqw-cancel, wqw-retry and wqw-status do it in a shell.");
	else
		web_problem(w, 403, "not-public", NULL, "Queue '%s' lets only those %s it who are known: users whom the web server "
		    "has authenticated, and requests to a loopback address of this machine.", queue,
		    right == POLICY_READ ? "read from" : "submit to");
	return -1;
}

static unsigned
rights(const struct web *w)
{
	return w->queue[0] == '\0' ? w->who.may_all : w->who.may;
}

int
web_may(struct web *w, unsigned right)
{
	return (rights(w) & right) == right ? 0 : refuse(w, right, w->queue);
}

int
web_may_submit(struct web *w)
{
	return web_may(w, POLICY_SUBMIT);
}

int
web_may_read(struct web *w)
{
	return web_may(w, POLICY_READ);
}

int
web_is_operator(const struct web *w)
{
	return (rights(w) & POLICY_OPERATE) != 0;
}

int
web_may_operate(struct web *w)
{
	return web_may(w, POLICY_OPERATE);
}

int
web_may_pass_on(struct web *w, const char *queue)
{
	struct web_token t = { .may = 0 };
	struct policy p = { .open = 0 };
	char why[WHY_MAX];
	struct spool q;

	/* Who is to be told that it is not there is told elsewhere. */
	if ((w->who.may_all & POLICY_SUBMIT) != 0 || spool_open_beside(&q, &w->q, queue) == -1)
		return 0;
	if (spool_policy(&q, &p, why, sizeof(why)) == -1)
		p.open = 0;
	spool_close(&q);
	if (w->who.by_token && by_token(w, queue, &t) == -1)
		return -1;
	return ((t.may | p.open) & POLICY_SUBMIT) != 0 ? 0 : refuse(w, POLICY_SUBMIT, queue);
}

void
web_not_permitted(struct web *w)
{
	web_problem(w, 403, "not-permitted", NULL, "The web server's user may only submit to queue '%s' and fetch from it: a "
	    "queue of wqw-init --shared lets it do more.", w->queue);
}
