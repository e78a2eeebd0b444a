#include "web_plain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "web_reply.h"

void
web_plain(struct web *w, int status, const char *type, char *text, size_t size)
{
	w->reply->status = status;
	w->reply->text = text;
	w->reply->size = (off_t)size;
	(void)http_reply_field(w->reply, "Content-Type", "%s", type);
	(void)http_reply_field(w->reply, "Cache-Control", "no-store");
	(void)http_reply_field(w->reply, "X-Content-Type-Options", "nosniff");
}

void
web_plain_json(struct web *w, int status, json_t *doc)
{
	size_t size = 0;
	char *text = NULL;
	FILE *f = doc == NULL ? NULL : open_memstream(&text, &size);
	int bad = f == NULL || json_dumpf(doc, f, JSON_INDENT(2)) == -1 || fputc('\n', f) == EOF;

	if (f != NULL && fclose(f) != 0)
		bad = 1;
	json_decref(doc);
	if (bad) {
		free(text);
		web_fault(w, ENOMEM, "The answer cannot be made");
		return;
	}
	web_plain(w, status, "application/json", text, size);
}
