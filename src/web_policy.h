/*
 * web_policy: what a request's queue says in its queue.conf.
 */
#ifndef WQW_WEB_POLICY_H
#define WQW_WEB_POLICY_H

#include "web.h"

/* As spool_policy(), but a file that has not changed since is not read again. */
int web_policy_read(const struct spool *q, struct policy *p, char *why, size_t size);

/* Sets w->policy and w->misread. Where the file cannot be used, the policy is the default, and gives nobody anything. */
void web_policy(struct web *w);

/* Makes the reply say that it cannot be used: w->misread, which is not 0. */
void web_policy_fault(struct web *w);

#endif
