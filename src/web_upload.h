/*
 * web_upload: a submission while its body comes: the drafts of its jobs, one or several. What is wrong with one of them
 * refuses all: nothing is accepted before the whole body was seen.
 */
#ifndef WQW_WEB_UPLOAD_H
#define WQW_WEB_UPLOAD_H

#include <jansson.h>

#include "feed_ask.h"
#include "http_form.h"
#include "http_json.h"
#include "http_lines.h"
#include "web.h"

enum web_kind { WEB_ONE, WEB_FORM, WEB_LINES };   /* what the body is: a payload; files of a form; a payload a line */

struct web_upload {
	struct feed_ask ask;
	enum web_kind kind;
	int64_t got;            /* bytes of the body */
	size_t n;
	struct spool_draft *draft[WEB_DRAFTS_MAX];
	struct http_form form;
	const char *field;      /* the part of the form that is read asks for this; "": for nothing */
	char value[FEED_ASK_MAX];   /* what it has said so far */
	int pastes, writes;     /* it is pasted text: of which nothing has come yet; which is being written */
	struct http_lines lines;
	struct http_json json;  /* of the draft that was begun last */
};

/* Begins the next job's draft. These return -1 with the reply made. */
int web_upload_begin(struct web *w, const char *type, const char *filename);
int web_upload_write(struct web *w, const void *buf, size_t n);

int web_upload_too_large(struct web *w);

/* The answer to a request of several jobs: a line for each. */
void web_bulk(struct web *w);

/* The job as it was when it was accepted. */
json_t *web_accepted(const struct web *w, const struct spool_draft *d);

/* The reply for a draft that the disk or the policy has refused. */
void web_upload_fault(struct web *w, int error);

void web_upload_abort(struct web *w);   /* nothing is left of its jobs that were not committed */
void web_upload_free(struct web *w);    /* nor of itself */

#endif
