#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "web_reply.h"
#include "web_route.h"

enum { TAIL_MAX = 2048 };

json_t *
web_log_tail(int fd)
{
	char text[TAIL_MAX + 1], *at = text, *p;
	struct stat st;
	off_t from;
	ssize_t n;
	json_t *j;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	from = st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0;
	if ((n = io_pread(fd, text, TAIL_MAX, from)) <= 0)
		return NULL;
	text[n] = '\0';
	for (p = text; p < text + n; p++)
		if (*p == '\0')
			*p = '?';
	if (from > 0 && (p = strchr(text, '\n')) != NULL)
		at = p + 1;
	if ((j = json_string(at)) != NULL)
		return j;
	for (p = at; *p != '\0'; p++)
		if ((unsigned char)*p > '~')
			*p = '?';
	return json_string(at);
}

void
web_failed(struct web *w, int status, const struct view *v)
{
	json_t *doc;
	int log = -1;

	if (web_wants_page(w->req)) {
		web_job_page(w, status, v);
		return;
	}
	doc = web_job(w, v);
	if (w->policy.show_log && (log = spool_open_log(&w->q, v->name.id)) != -1) {
		(void)json_object_set_new(doc, "log", web_log_tail(log));
		(void)io_close(&log);
	}
	web_problem(w, status, "failed", doc, "Job %s/%s has failed (%s) and has no result. Its log may say why; wqw-retry puts it "
	    "back.", w->queue, v->name.id, id_reason_name(v->name.reason));
}
