#include "web_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http_value.h"
#include "io.h"
#include "spool_submit.h"
#include "web_helper.h"
#include "web_reply.h"
#include "web_upload.h"

#define SEPARATORS " \t,"

int
web_check_fields(struct web *w)
{
	char names[POLICY_LIST_MAX], *at = names, *name;

	memcpy(names, w->policy.require_header, sizeof(names));
	while ((name = strsep(&at, SEPARATORS)) != NULL)
		if (*name != '\0' && w->req->lookup(w->req, name) == NULL) {
			web_problem(w, 400, "header-required", json_pack("{s:s}", "header", name), "This queue takes no submission without "
			    "the header field %s.", name);
			return -1;
		}
	return 0;
}

/* 1 where a type is one of "text/plain", or of "image/" and anything. */
static int
is_of(const char *type, const char *range)
{
	size_t n = strlen(range);

	if (n > 2 && strcmp(range + n - 2, "/*") == 0)
		return (strcmp(range, "*/*") == 0 && strchr(type, '/') != NULL) || strncasecmp(type, range, n - 1) == 0;
	return http_is_type(type, range);
}

int
web_check_type(struct web *w, const char *type)
{
	char types[POLICY_LIST_MAX], *at = types, *range;

	memcpy(types, w->policy.accept_types, sizeof(types));
	if (types[0] == '\0')
		return 0;
	while ((range = strsep(&at, SEPARATORS)) != NULL)
		if (*range != '\0' && type != NULL && is_of(type, range))
			return 0;
	(void)http_reply_field(w->reply, "Accept", "%s", w->policy.accept_types);
	web_problem(w, 415, "wrong-type", json_pack("{s:s}", "accept-types", w->policy.accept_types), "Queue '%s' takes "
	    "payloads of these types only: %s. Content-Type says which one it is.", w->queue, w->policy.accept_types);
	return -1;
}

static int
wants_json(const struct web *w)
{
	return w->policy.json || w->upload->kind == WEB_LINES;
}

static int
not_json(struct web *w)
{
	const struct web_upload *u = w->upload;
	char which[40] = "";

	if (u->kind != WEB_ONE)
		(void)snprintf(which, sizeof(which), "%s %zu: ", u->kind == WEB_LINES ? "Line" : "File", u->n);
	web_problem(w, 422, "not-json", json_pack("{s:I}", "at", (json_int_t)u->json.at), "%sThe payload is not JSON (RFC 8259): %s "
	    "%" PRIu64 " bytes.", which, http_json_ended(&u->json) ? "it goes on wrongly after" : "it is wrong, or ends, after", u->json.at);
	return -1;
}

int
web_check_piece(struct web *w, const void *buf, size_t n)
{
	return !wants_json(w) || http_json_push(&w->upload->json, buf, n) == 0 ? 0 : not_json(w);
}

int
web_check_piece_end(struct web *w)
{
	return !wants_json(w) || http_json_ended(&w->upload->json) ? 0 : not_json(w);
}

/* --- the command */

/* 1: it is good; 0: the reply says why it is not. */
static int
judge(struct web *w, struct web_verdict *v)
{
	switch ((enum web_verdict_end)v->end) {
	case WEB_VERDICT_GOOD:
		return 1;
	case WEB_VERDICT_BAD:
		if (v->line[0] == '\0')
			(void)snprintf(v->line, sizeof(v->line), "The queue's check has refused the payload.");
		break;
	case WEB_VERDICT_SLOW:
		(void)snprintf(v->line, sizeof(v->line), "The check has not come to an end in %d seconds.", WEB_CHECK_SECONDS);
		break;
	default:
		web_fault(w, v->error, "The queue's check cannot be run");
		return 0;
	}
	web_problem(w, 422, "invalid", NULL, "%s", v->line);
	return 0;
}

static int
check_one(struct web *w, struct spool_draft *d, int64_t until)
{
	struct web_verdict v = { .end = WEB_VERDICT_FAULT };
	int in = spool_draft_read(d);

	if (in == -1)
		v.error = errno;
	else
		web_helper_ask(w->queue, in, until - io_clock(), &v);
	(void)io_close(&in);
	return judge(w, &v);
}

int
web_has_check(const struct web *w)
{
	return w->policy.check[0] != '\0';
}

int
web_check(struct web *w)
{
	int64_t until = io_clock() + WEB_CHECK_SECONDS * INT64_C(1000000);
	size_t i;

	for (i = 0; i < w->upload->n; i++)
		if (!check_one(w, w->upload->draft[i], until)) {
			web_upload_abort(w);
			return 0;
		}
	return 1;
}
