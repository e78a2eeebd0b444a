/*
 * web_allow: who asks, and what they may do: submit, read, operate. web.c asks this for each route, before it answers.
 *
 * Who shows a token (web_token.h) may do what that may, and what anybody may. Else it goes by who the web server says it is
 * (REMOTE_USER), and whether it asks from this machine itself, without a proxy between. What would change something must,
 * besides, not be a request that a page of another site has made a browser send, unless the queue's cors-origins has it.
 */
#ifndef WQW_WEB_ALLOW_H
#define WQW_WEB_ALLOW_H

#include "policy.h"
#include "web.h"

/* Finds out who asks; p: the policy of the queue, or NULL where there is none. -1: the reply is a refusal. */
int web_who(struct web *w, const struct policy *p);

/* One of POLICY_SUBMIT, POLICY_READ and POLICY_OPERATE, of the queue, or of all where none was asked. -1: the reply is the refusal. */
int web_may(struct web *w, unsigned right);

/* The same in words. */
int web_may_submit(struct web *w);
int web_may_read(struct web *w);
int web_may_operate(struct web *w);

/* The same as web_may_submit, for another queue, which is beside the one that was asked. */
int web_may_pass_on(struct web *w, const char *queue);

/* The same where no answer is refused, but an operator may see more of it. */
int web_is_operator(const struct web *w);

/* The refusal where the file system's permissions do not let the server's user. */
void web_not_permitted(struct web *w);

#endif
