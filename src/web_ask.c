#include "web_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_prefer.h"
#include "http_value.h"
#include "web_reply.h"

static int
find_query(struct web *w, struct feed_ask *ask)
{
	char value[FEED_ASK_MAX];
	const char *name, *why;
	size_t i;
	int r;

	for (i = 0; (name = feed_ask_name(i)) != NULL; i++) {
		if ((r = http_query(w->req->query, name, value, sizeof(value))) == 0)
			continue;
		if (r == 1 && feed_ask_set(ask, name, value, &why) == 0)
			continue;
		if (r != 1)
			why = "too long, or not percent-encoded as it should be";
		web_problem(w, 400, NULL, NULL, "The query's %s: %s.", name, why);
		return -1;
	}
	return 0;
}

/* The key may stand in either place, for servers that hand on few fields. */
static int
find_key(struct web *w, struct feed_ask *ask)
{
	const char *field = w->req->field[HTTP_IDEMPOTENCY_KEY], *why;
	char key[SPOOL_KEY_MAX + 1], asked[SPOOL_KEY_MAX + 1];

	if (field == NULL)
		return 0;
	memcpy(asked, ask->key, sizeof(asked));
	if (http_string(field, key, sizeof(key)) == -1 || feed_ask_set(ask, "key", key, &why) == -1) {
		web_problem(w, 400, NULL, NULL, "Idempotency-Key is a string, \"...\", or a word, of 1 to %d bytes of visible ASCII, "
		    "once.", SPOOL_KEY_MAX);
		return -1;
	}
	if (asked[0] != '\0' && strcmp(asked, ask->key) != 0) {
		web_problem(w, 400, NULL, NULL, "Idempotency-Key and the query's key are not the same.");
		return -1;
	}
	return 0;
}

int
web_ask_find(struct web *w, struct feed_ask *ask)
{
	feed_ask_init(ask);
	return find_query(w, ask) == -1 || find_key(w, ask) == -1 ? -1 : 0;
}

/* A key as it is kept has no line end: with a user before it, or a number behind it, it is never another one. */
static int
scope_key(const struct web *w, const char *key, size_t part, struct spool_key *k)
{
	const char *user = w->who.user != NULL ? w->who.user : "";
	char *name;

	if (*user == '\0' && part == 0)
		return 0;
	if (part == 0 ? asprintf(&name, "%s\n%s", user, key) == -1 : asprintf(&name, "%s\n%s\n%zu", user, key, part) == -1)
		return -1;
	spool_key_name(k, name);
	free(name);
	return 0;
}

int
web_ask_open(const struct web *w, const struct feed_ask *ask, const struct policy *p, size_t part, struct spool_draft *d)
{
	struct id_name name;

	if (feed_ask_open(d, &w->q, p, ask) == -1)
		return -1;
	if (id_parse(d->id, &name) == 0)
		d->due = web_ask_due(ask, p, name.time);
	return ask->key[0] == '\0' ? 0 : scope_key(w, ask->key, part, &d->key);
}

int64_t
web_ask_due(const struct feed_ask *ask, const struct policy *p, int64_t submitted)
{
	int64_t due = ask->at != -1 ? ask->at : submitted + (ask->delay != -1 ? ask->delay : p->delay);

	return due > submitted ? due : 0;
}
