/*
 * web_plain: an answer that is the same for people and programs.
 */
#ifndef WQW_WEB_PLAIN_H
#define WQW_WEB_PLAIN_H

#include <jansson.h>

#include "web.h"

/* The text becomes the body, and is the reply's from here on. */
void web_plain(struct web *w, int status, const char *type, char *text, size_t size);

/* The same as application/json; the document's reference is taken. NULL: there was no memory for it. */
void web_plain_json(struct web *w, int status, json_t *doc);

#endif
