/*
 * web_allow: who may do what only an operator may: cancel, retry, list.
 *
 * That is who the web server has found out (REMOTE_USER), and who asks from this machine itself, without a proxy between.
 * What would change something must, besides, not be a request that a page of another site has made a browser send.
 */
#ifndef WQW_WEB_ALLOW_H
#define WQW_WEB_ALLOW_H

#include "web.h"

/* -1: the reply is the refusal. */
int web_may_operate(struct web *w);

/* The same where no answer is refused, but an operator may see more of it. */
int web_is_operator(const struct web *w);

/* The refusal where the file system's permissions do not let the server's user. */
void web_not_permitted(struct web *w);

#endif
