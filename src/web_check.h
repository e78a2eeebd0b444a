/*
 * web_check: what a queue's policy wants of a payload before it is accepted. While the body comes: its type, the fields of
 * the request, and whether it is JSON. When all of it is there: a command's verdict.
 */
#ifndef WQW_WEB_CHECK_H
#define WQW_WEB_CHECK_H

#include "web.h"

enum { WEB_CHECK_SECONDS = 10 };   /* for all payloads of a request */

/* These return -1 with the reply made. */
int web_check_fields(struct web *w);
int web_check_type(struct web *w, const char *type);

/* The payload of the draft that was begun last: a piece; its end. */
int web_check_piece(struct web *w, const void *buf, size_t n);
int web_check_piece_end(struct web *w);

#endif
