/*
 * web_dash: the dashboard, for operators: all queues, or one of them with its workers, its dead letters and its last day.
 */
#ifndef WQW_WEB_DASH_H
#define WQW_WEB_DASH_H

#include "web.h"

/* 1 where that is what is asked for: ?view=dashboard. */
int web_dash_asked(const struct web *w);

/* Answers a GET of / or /QUEUE; or refuses. */
void web_dash(struct web *w);

/* What was found out before does not hold any more: something was done. */
void web_dash_forget(void);

/* Where to go back to, by the query's `from`: the dashboard, or a list of jobs. The caller frees it; NULL: nowhere. */
char *web_dash_back(const struct web *w);

#endif
