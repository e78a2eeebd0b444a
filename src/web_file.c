#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "http_value.h"
#include "io.h"
#include "job.h"
#include "view_json.h"
#include "web_pace.h"
#include "web_reply.h"
#include "web_route.h"

enum { TYPE_MAX = 256, ETAG_MAX = ID_MAX + 64 };

/* Stored content may be shown, and styled by itself, but neither runs nor reaches out, whoever submitted it. */
#define STORED_POLICY "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self' data:; style-src 'unsafe-inline'"

struct file {
	int fd;                /* given to the reply */
	off_t start, size;     /* of what is sent */
	char type[TYPE_MAX], etag[ETAG_MAX];   /* etag: "" where what is sent may grow */
	char filename[HTTP_FILENAME_MAX + 1];
};

/*
 * What a browser shows and does not run. Where there is a comma a browser takes what is behind it, and not only that: such a
 * type is none.
 */
static int
is_inert(const char *type)
{
	static const char *const inert[] = {
		"text/plain", "application/json", "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp",
		"image/avif", "audio/mpeg", "audio/ogg", "audio/wav", "video/mp4", "video/webm"
	};
	size_t i;

	for (i = 0; i < sizeof(inert) / sizeof(inert[0]); i++)
		if (http_is_type(type, inert[i]))
			return strchr(type, ',') == NULL;
	return 0;
}

/* Everything else is for a file on the client's disk, whatever its name. */
static void
add_disposition(struct web *w, const char *how, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	char encoded[HTTP_FILENAME_MAX * 3 + 1], *p = encoded;

	for (; *name != '\0'; name++)
		p += sprintf(p, strchr(plain, *name) != NULL ? "%c" : "%%%02X", (unsigned char)*name);
	*p = '\0';
	/* Where nothing needs encoding both forms are the same, and the old one is known to everything. */
	if (*encoded != '\0')
		(void)http_reply_field(w->reply, "Content-Disposition",
		    strchr(encoded, '%') == NULL ? "%s; filename=\"%s\"" : "%s; filename*=UTF-8''%s", how, encoded);
	else if (strcmp(how, "inline") != 0)
		(void)http_reply_field(w->reply, "Content-Disposition", "%s", how);
}

static void
add_fields(struct web *w, const struct file *f)
{
	(void)http_reply_field(w->reply, "Content-Type", "%s", f->type);
	(void)http_reply_field(w->reply, "X-Content-Type-Options", "nosniff");
	/* A browser's own reader of PDF files is stopped by a sandbox, and runs nothing of the site's. */
	if (!http_is_type(f->type, "application/pdf"))
		(void)http_reply_field(w->reply, "Content-Security-Policy", "%s", STORED_POLICY);
	(void)http_reply_field(w->reply, "Cross-Origin-Resource-Policy", "%s", w->shared ? "cross-origin" : "same-origin");
	(void)http_reply_field(w->reply, "Referrer-Policy", "no-referrer");
	(void)http_reply_field(w->reply, "Accept-Ranges", "bytes");
	(void)http_reply_field(w->reply, "Cache-Control", f->etag[0] != '\0' && !w->who.in_query ? "private, no-cache" : "no-store");
	if (w->preferable)
		(void)http_reply_field(w->reply, "Vary", "Accept, Prefer");
	if (f->etag[0] != '\0')
		(void)http_reply_field(w->reply, "ETag", "%s", f->etag);
	add_disposition(w, is_inert(f->type) ? "inline" : "attachment", f->filename);
}

/* RFC 9110, 13.2.2: the preconditions in their order. 0: go on; else the status that ends it. */
static int
check_conditions(const struct http_request *req, const char *etag)
{
	const char *match = req->field[HTTP_IF_MATCH], *none = req->field[HTTP_IF_NONE_MATCH];

	if (*etag == '\0' || (req->method & (HTTP_GET | HTTP_HEAD)) == 0)
		return 0;
	if (match != NULL && !http_etag_listed(match, etag, 0))
		return 412;
	if (none != NULL && http_etag_listed(none, etag, 1))
		return 304;
	return 0;
}

/* What part is wanted: 206, 416, or 200 for all. A date in If-Range is no match, as there is no Last-Modified. */
static int
choose_part(const struct http_request *req, const struct file *f, off_t *first, off_t *n)
{
	const char *range = req->field[HTTP_RANGE], *check = req->field[HTTP_IF_RANGE];

	*first = 0;
	*n = f->size;
	if (range == NULL || req->method != HTTP_GET || (check != NULL && strcmp(check, f->etag) != 0))
		return 200;
	switch (http_range(range, f->size, first, n)) {
	case 1:
		return 206;
	case -1:
		return 416;
	default:
		return 200;
	}
}

static void
refuse_part(struct web *w, const struct file *f)
{
	(void)http_reply_field(w->reply, "Content-Range", "bytes */%jd", (intmax_t)f->size);
	web_problem(w, 416, NULL, NULL, "There are %jd bytes, and none of them in this range.", (intmax_t)f->size);
}

static void
send_file(struct web *w, struct file *f)
{
	off_t first, n;
	int status = check_conditions(w->req, f->etag);

	if (status == 412)
		web_problem(w, 412, NULL, NULL, "The result is another one than If-Match says.");
	else if (status == 304) {
		w->reply->status = 304;
		(void)http_reply_field(w->reply, "ETag", "%s", f->etag);
		(void)http_reply_field(w->reply, "Cache-Control", "%s", w->who.in_query ? "no-store" : "private, no-cache");
	} else if ((status = choose_part(w->req, f, &first, &n)) == 416)
		refuse_part(w, f);
	else {
		add_fields(w, f);
		if (status == 206)
			(void)http_reply_field(w->reply, "Content-Range", "bytes %jd-%jd/%jd", (intmax_t)first,
			    (intmax_t)(first + n - 1), (intmax_t)f->size);
		w->reply->status = status;
		w->reply->fd = f->fd;
		w->reply->at = f->start + first;
		w->reply->size = n;
		f->fd = -1;
	}
	if (f->fd != -1)
		(void)io_close(&f->fd);
}

/* There is no such file, and `what` says why: no such job, or one that has not come so far, or never will. */
static void
explain_absence(struct web *w, int is_result)
{
	struct view v;
	int pace;

	if (view_find(&w->q, w->id, &v) == -1) {
		if (errno == ENOENT)
			web_no_job(w);
		else
			web_fault(w, errno, "The job cannot be looked up");
		return;
	}
	pace = web_pace(w, &v);
	if (pace > 0)
		(void)http_reply_field(w->reply, "Retry-After", "%d", pace);
	if (!is_result)
		web_problem(w, 404, "no-log", web_job(w, &v), "Job %s/%s has written no log%s.", w->queue, w->id,
		    pace > 0 ? " so far" : "");
	else if (v.state == VIEW_FAILED)
		web_failed(w, 409, &v);
	else
		web_problem(w, 409, "not-finished", web_job(w, &v), "Job %s/%s has no result yet (%s). Ask again after the time in "
		    "Retry-After.", w->queue, w->id, view_state_name(v.state));
}

static void
cannot_open(struct web *w, int is_result)
{
	if (errno == ENOENT)
		explain_absence(w, is_result);
	else
		web_fault(w, errno, is_result ? "The result cannot be opened" : "The log cannot be opened");
}

/* What the result's header says, and an entity tag that is another one whenever the bytes are. */
static int
describe_result(const struct web *w, struct file *f)
{
	struct job_header h;
	struct stat st;

	if (fstat(f->fd, &st) == -1 || job_read(f->fd, &h, NULL) == -1)
		return -1;
	f->start = (off_t)h.len;
	f->size = st.st_size - f->start;
	if (job_get(&h, "Content-Type", f->type, sizeof(f->type)) == NULL || f->type[0] == '\0')
		(void)strlcpy(f->type, "application/octet-stream", sizeof(f->type));
	if (job_get(&h, "Filename", f->filename, sizeof(f->filename)) == NULL || !http_filename_clean(f->filename))
		f->filename[0] = '\0';
	(void)snprintf(f->etag, sizeof(f->etag), "\"%s-%jx-%jx%08lx\"", w->id, (uintmax_t)f->size, (uintmax_t)st.st_mtim.tv_sec,
	    (unsigned long)st.st_mtim.tv_nsec);
	return 0;
}

void
web_result(struct web *w)
{
	struct file f = { .fd = spool_open_result(&w->q, w->id) };

	if (f.fd == -1) {
		cannot_open(w, 1);
		return;
	}
	if (describe_result(w, &f) == -1) {
		web_fault(w, errno, "The result cannot be read");
		(void)io_close(&f.fd);
		return;
	}
	send_file(w, &f);
}

void
web_log(struct web *w)
{
	struct file f = { .fd = spool_open_log(&w->q, w->id), .type = "text/plain; charset=utf-8" };
	struct stat st;

	if (f.fd == -1) {
		cannot_open(w, 0);
		return;
	}
	errno = EINVAL;
	if (fstat(f.fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		web_fault(w, errno, "The log cannot be read");
		(void)io_close(&f.fd);
		return;
	}
	f.size = st.st_size;
	send_file(w, &f);
}
