/*
 * web_ask: what a request asks for its jobs beside their payloads: the query's names, those of wqw-submit, and the fields
 * that say the same.
 */
#ifndef WQW_WEB_ASK_H
#define WQW_WEB_ASK_H

#include "feed_ask.h"
#include "web.h"

/* -1: the reply says what is wrong. */
int web_ask_find(struct web *w, struct feed_ask *ask);

/*
 * Opens the draft of the part-th job of the request. Its key is that of the user: others' are others, even where they are
 * written alike. Errors are those of feed_ask_open.
 */
int web_ask_open(const struct web *w, const struct feed_ask *ask, const struct policy *p, size_t part, struct spool_draft *d);

/* When a job that was submitted then, by a request that asks for this, is due: the same whenever it is asked. 0: at once. */
int64_t web_ask_due(const struct feed_ask *ask, const struct policy *p, int64_t submitted);

#endif
