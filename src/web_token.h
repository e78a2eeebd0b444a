/*
 * web_token: bearer tokens (RFC 6750): the spool's file of them, and the one that a request shows.
 *
 * A line is "NAME sha256:HEX RIGHTS QUEUE...". A token has 256 random bits, so that nothing is gained by a slow hash of it.
 */
#ifndef WQW_WEB_TOKEN_H
#define WQW_WEB_TOKEN_H

#include <stdio.h>

#include "http.h"
#include "id.h"

enum { WEB_TOKEN_MAX = 512 };

struct web_token {
	char name[ID_WORD_MAX + 1];
	unsigned may, may_all;   /* POLICY_SUBMIT and so on: in the queue that was asked for; in every one */
};

/*
 * Looks the token up among all lines, of which several may be for one name and one token. 1: found; 0: there is no such
 * token; -1: with EINVAL `why` is "<line>: what is wrong", and then no token counts.
 */
int web_token_find(FILE *f, const char *token, const char *queue, struct web_token *t, char *why, size_t size);

/*
 * The token of a request: of Authorization, or of the query's access_token, where *in_query is then 1. 1: there is one;
 * 0: none; -1: there are two, or it is broken.
 */
int web_token_shown(const struct http_request *req, char token[WEB_TOKEN_MAX], int *in_query);

#endif
