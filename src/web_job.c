#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "io.h"
#include "job.h"
#include "page_job.h"
#include "view_place.h"
#include "web_allow.h"
#include "web_pace.h"
#include "web_reply.h"
#include "web_route.h"

enum { SHOWN_MAX = 65536, TYPE_MAX = 256 };

struct shown {
	char type[TYPE_MAX], filename[HTTP_FILENAME_MAX + 1];
	char *text;
};

/* Where it was cut there may be the first bytes of a character. */
static void
cut(char *text, size_t n)
{
	size_t back = 0;

	while (back < 3 && back < n && ((unsigned char)text[n - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < n && (unsigned char)text[n - 1 - back] >= 0xc0)
		text[n - 1 - back] = '\0';
}

static void
read_text(int fd, off_t start, struct page_job *j, struct shown *s)
{
	char *p;
	ssize_t n;

	if ((s->text = malloc(SHOWN_MAX + 1)) == NULL)
		return;
	if ((n = io_pread(fd, s->text, SHOWN_MAX, start)) < 0)
		n = 0;
	s->text[n] = '\0';
	for (p = s->text; p < s->text + n; p++)
		if ((unsigned char)*p < ' ' && strchr("\t\r\n", *p != '\0' ? *p : 'x') == NULL)
			*p = '?';
	j->text = s->text;
	if ((j->whole = n >= j->size) == 0)
		cut(s->text, (size_t)n);
}

/* What the page says of the result. Where it cannot be read, its own address tells why. */
static void
look_at_result(const struct web *w, struct page_job *j, struct shown *s)
{
	int fd = spool_open_result(&w->q, w->id);
	struct job_header h;
	struct stat st;

	if (fd != -1 && fstat(fd, &st) == 0 && job_read(fd, &h, NULL) == 0) {
		j->size = st.st_size - (off_t)h.len;
		if (job_get(&h, "Content-Type", s->type, sizeof(s->type)) == NULL || s->type[0] == '\0')
			(void)strlcpy(s->type, "application/octet-stream", sizeof(s->type));
		if (job_get(&h, "Filename", s->filename, sizeof(s->filename)) == NULL || !http_filename_clean(s->filename))
			s->filename[0] = '\0';
		j->type = s->type;
		j->filename = s->filename;
		if (page_job_text(s->type))
			read_text(fd, (off_t)h.len, j, s);
	}
	(void)io_close(&fd);
}

void
web_job_page(struct web *w, int status, const struct view *v)
{
	char *link = web_link(w, w->id, ""), *queue_link = web_link(w, "", "");
	struct page_job j = { .view = v, .link = link, .queue_link = queue_link, .now = io_now(), .place = -1,
	    .pace = web_pace(w, v), .may_operate = web_is_operator(w) };
	struct page page = { .title = page_job_title(v), .refresh = j.pace, .live = 1, .body = page_job, .arg = &j };
	struct shown s = { .text = NULL };
	json_t *log = NULL;
	int fd;

	if (v->state == VIEW_NEW)
		j.place = view_place(&w->q, &w->policy, v, WEB_PLACES_MAX);
	if ((fd = spool_open_log(&w->q, w->id)) != -1) {
		j.has_log = 1;
		if (v->state == VIEW_FAILED && w->policy.show_log && (log = web_log_tail(fd)) != NULL)
			j.log = json_string_value(log);
		(void)io_close(&fd);
	}
	if (v->state == VIEW_DONE)
		look_at_result(w, &j, &s);
	if (link == NULL || queue_link == NULL)
		web_fault(w, ENOMEM, "The job cannot be shown");
	else
		web_document(w, status, json_object(), &page);
	json_decref(log);
	free(s.text);
	free(link);
	free(queue_link);
}
