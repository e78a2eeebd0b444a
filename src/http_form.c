#include "http_form.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

/* What the next byte belongs to. */
enum state {
	PREAMBLE,   /* before the first delimiter */
	BEHIND,     /* behind a delimiter: blanks and the end of its line, or the second dash of the last one */
	LAST,       /* behind its first dash */
	HEAD, DATA,
	EPILOGUE
};

static int
wrong(int error)
{
	errno = error;
	return -1;
}

int
http_form_open(struct http_form *f, const char *content_type)
{
	char boundary[HTTP_BOUNDARY_MAX + 1];
	int n;

	memset(f, 0, sizeof(*f));
	if (http_parameter(content_type, "boundary", boundary, sizeof(boundary)) != 1 || boundary[0] == '\0' ||
	    strpbrk(boundary, "\r\n") != NULL)
		return wrong(EINVAL);
	n = snprintf(f->delimiter, sizeof(f->delimiter), "\r\n--%s", boundary);
	f->delimiter_len = (size_t)n;
	/* The first delimiter begins a line, but the body may begin with it. */
	f->matched = 2;
	f->state = PREAMBLE;
	return 0;
}

static int
give(struct http_form *f, const void *buf, size_t n)
{
	return f->state == DATA && n > 0 ? f->data(f->arg, buf, n) : 0;
}

static void
take_head_line(struct http_form *f, const char *line)
{
	const char *value = strchr(line, ':');

	if (value == NULL)
		return;
	value += 1 + strspn(value + 1, " \t");
	if (strncasecmp(line, "Content-Disposition:", 20) == 0) {
		if (http_parameter(value, "name", f->at.name, sizeof(f->at.name)) != 1)
			f->at.name[0] = '\0';
		if (http_filename(value, f->at.filename) != 1)
			f->at.filename[0] = '\0';
	} else if (strncasecmp(line, "Content-Type:", 13) == 0)
		(void)strlcpy(f->at.type, value, sizeof(f->at.type));
}

/* A byte of a part's head: a line is taken at its end, an empty one begins the data. */
static int
head_byte(struct http_form *f, char c)
{
	if (c != '\n') {
		if (c == '\0')
			return wrong(EBADMSG);
		if (f->line + 1 >= sizeof(f->head))
			return wrong(E2BIG);
		f->head[f->line++] = c;
		return 0;
	}
	if (f->line == 0 || f->head[f->line - 1] != '\r')
		return wrong(EBADMSG);
	f->head[--f->line] = '\0';
	if (f->line > 0) {
		take_head_line(f, f->head);
		f->line = 0;
		return 0;
	}
	f->state = DATA;
	return f->part(f->arg, &f->at);
}

static int
behind_byte(struct http_form *f, char c)
{
	if (f->state == LAST)
		f->state = c == '-' ? EPILOGUE : -1;
	else if (c == '-' && f->line == 0)
		f->state = LAST;
	else if (c == '\n' && f->line == 1) {
		f->state = HEAD;
		f->line = 0;
		memset(&f->at, 0, sizeof(f->at));
	} else if (c == '\r' && f->line == 0)
		f->line = 1;
	else if ((c != ' ' && c != '\t') || f->line != 0)
		f->state = -1;
	return f->state == -1 ? wrong(EBADMSG) : 0;
}

/*
 * Bytes of the preamble or of data, up to the end of a delimiter or of the buffer; returns how many. A CR is only at the
 * delimiter's start, so what was held back as the start of one begins no other.
 */
static ssize_t
scan(struct http_form *f, const char *buf, size_t n)
{
	size_t i = 0, run;
	const char *cr;

	while (i < n) {
		if (f->matched == 0) {
			cr = memchr(buf + i, '\r', n - i);
			run = cr == NULL ? n - i : (size_t)(cr - buf) - i;
			if (give(f, buf + i, run) == -1)
				return -1;
			i += run;
			if (cr == NULL)
				break;
		}
		if (buf[i] == f->delimiter[f->matched]) {
			i++;
			if (++f->matched < f->delimiter_len)
				continue;
			f->state = BEHIND;
			f->line = f->matched = 0;
			return (ssize_t)i;
		}
		run = f->matched;
		f->matched = 0;
		if (give(f, f->delimiter, run) == -1)
			return -1;
	}
	return (ssize_t)i;
}

int
http_form_push(struct http_form *f, const void *buf, size_t n)
{
	const char *p = buf, *end = p + n;
	ssize_t done;
	int r = 0;

	while (p < end && r == 0 && f->state != EPILOGUE) {
		if (f->state == PREAMBLE || f->state == DATA) {
			if ((done = scan(f, p, (size_t)(end - p))) == -1)
				return -1;
			p += done;
		} else if (f->state == HEAD)
			r = head_byte(f, *p++);
		else
			r = behind_byte(f, *p++);
	}
	return r;
}

int
http_form_ended(const struct http_form *f)
{
	return f->state == EPILOGUE;
}
