#include <sys/stat.h>

#include <errno.h>
#include <string.h>

#include <bsd/string.h>

#include "io.h"
#include "job.h"
#include "units.h"

#define TOKEN "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const char content_length[] = "Content-Length";

struct field {
	const char *name, *value;
	size_t name_len, value_len;
};

static int
invalid(void)
{
	errno = EINVAL;
	return -1;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text))
		(*text)++, (*len)--;
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

/* What is wrong with the bytes of a value, or NULL. */
static const char *
value_fault(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c == '\0')
			return "a NUL byte in the header";
		if (c == '\r')
			return "a carriage return in the header";
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return "a control character in the header";
	}
	return len < JOB_VALUE_MAX ? NULL : "a value in the header is too long";
}

/* Splits a line without its LF; returns NULL, or what is wrong with it. */
static const char *
field_parse(const char *line, size_t len, struct field *f)
{
	const char *colon = memchr(line, ':', len);
	size_t i;

	if (is_blank(line[0]))
		return "a line of the header begins with a blank";
	if (colon == NULL)
		return memchr(line, '\0', len) != NULL ? "a NUL byte in the header" :
		    line[0] == '\r' ? "a carriage return in the header" : "a line of the header has no colon";
	f->name = line;
	f->name_len = (size_t)(colon - line);
	if (f->name_len == 0)
		return "a field of the header has no name";
	if (is_blank(colon[-1]))
		return "a blank before the colon in the header";
	if (f->name_len > JOB_NAME_MAX)
		return "a name in the header is too long";
	for (i = 0; i < f->name_len; i++)
		if (line[i] == '\0' || strchr(TOKEN, line[i]) == NULL)
			return "a name in the header has a character that is not allowed";
	f->value = colon + 1;
	f->value_len = len - f->name_len - 1;
	trim(&f->value, &f->value_len);
	return value_fault(f->value, f->value_len);
}

/* The next field of a header that is known to be good: 1, or 0 at the end. */
static int
field_next(const struct job_header *h, size_t *at, struct field *f)
{
	const char *line = h->text + *at, *end;

	if (*at >= h->len || (end = memchr(line, '\n', h->len - *at)) == NULL || end == line)
		return 0;
	*at += (size_t)(end - line) + 1;
	return field_parse(line, (size_t)(end - line), f) == NULL;
}

static int
field_is(const struct field *f, const char *name)
{
	return strlen(name) == f->name_len && strncasecmp(f->name, name, f->name_len) == 0;
}

static int
field_find(const struct job_header *h, const char *name, struct field *f)
{
	size_t at = 0;

	while (field_next(h, &at, f))
		if (field_is(f, name))
			return 1;
	return 0;
}

/* Copies and NUL-terminates, cut off to fit; size is at least 1. */
static char *
copy(char *buf, size_t size, const char *text, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return buf;
}

static int64_t
field_number(const struct field *f)
{
	char digits[32];
	int64_t n;

	if (f->value_len >= sizeof(digits))
		return -1;
	copy(digits, sizeof(digits), f->value, f->value_len);
	return units_number(digits, 0, INT64_MAX, &n) == 0 ? n : -1;
}

/* Finds the end of the header in the bytes read, and sets h->len to it. Returns NULL, or what is wrong. */
static const char *
header_check(struct job_header *h, size_t have, int64_t *length)
{
	const char *end, *why;
	struct field f;
	size_t at = 0;

	*length = -1;
	while ((end = memchr(h->text + at, '\n', have - at)) != NULL && end != h->text + at) {
		if ((why = field_parse(h->text + at, (size_t)(end - h->text) - at, &f)) != NULL)
			return why;
		at = (size_t)(end - h->text) + 1;
		if (!field_is(&f, content_length))
			continue;
		if (*length != -1)
			return "Content-Length twice";
		if (f.value_len == 0)
			return "torn: Content-Length was never filled in";
		if ((*length = field_number(&f)) == -1)
			return "Content-Length is not a number";
	}
	if (end == NULL)
		return have == JOB_HEADER_MAX ? "the header is too long" : "no empty line ends the header";
	h->len = at + 1;
	h->text[h->len] = '\0';
	return NULL;
}

static int
malformed(struct job_header *h, const char **why, const char *what)
{
	h->len = 0;
	h->text[0] = '\0';
	if (why != NULL)
		*why = what;
	errno = EBADMSG;
	return -1;
}

int
job_read(int fd, struct job_header *h, const char **why)
{
	struct stat st;
	ssize_t have;
	int64_t length;
	const char *fault;

	h->len = 0;
	h->text[0] = '\0';
	/* The size first, so that one pread is enough for a small file. */
	if (fstat(fd, &st) == -1)
		return -1;
	have = io_pread(fd, h->text, st.st_size < JOB_HEADER_MAX ? (size_t)st.st_size : JOB_HEADER_MAX, 0);
	if (have == -1)
		return -1;
	if ((fault = header_check(h, (size_t)have, &length)) != NULL)
		return malformed(h, why, fault);
	if (length != -1 && length > st.st_size - (off_t)h->len)
		return malformed(h, why, "torn: less follows than Content-Length says");
	if (length != -1 && length < st.st_size - (off_t)h->len)
		return malformed(h, why, "torn: more follows than Content-Length says");
	return 0;
}

char *
job_get(const struct job_header *h, const char *name, char *buf, size_t size)
{
	struct field f;

	if (size == 0 || !field_find(h, name, &f))
		return NULL;
	return copy(buf, size, f.value, f.value_len);
}

int64_t
job_number(const struct job_header *h, const char *name)
{
	struct field f;

	return field_find(h, name, &f) ? field_number(&f) : -1;
}

int
job_next(const struct job_header *h, size_t *at, char name[JOB_NAME_MAX + 1], char value[JOB_VALUE_MAX + 1])
{
	struct field f;

	if (!field_next(h, at, &f))
		return 0;
	copy(name, JOB_NAME_MAX + 1, f.name, f.name_len);
	copy(value, JOB_VALUE_MAX + 1, f.value, f.value_len);
	return 1;
}

static int
ended(const struct job_header *h)
{
	return h->len > 0 && h->text[h->len - 1] == '\n' && (h->len == 1 || h->text[h->len - 2] == '\n');
}

/* Adds a field with room for `len` bytes of value, of which it returns the offset. */
static off_t
put(struct job_header *h, const char *name, size_t len)
{
	size_t name_len = strlen(name), value;

	if (ended(h) || !job_valid_name(name))
		return invalid();
	value = h->len + name_len + 2;
	/* The empty line must fit, too. */
	if (value + len + 2 > JOB_HEADER_MAX) {
		errno = E2BIG;
		return -1;
	}
	memcpy(h->text + h->len, name, name_len);
	memcpy(h->text + h->len + name_len, ": ", 2);
	memset(h->text + value, ' ', len);
	h->len = value + len + 1;
	memcpy(h->text + h->len - 1, "\n", 2);
	return (off_t)value;
}

int
job_put(struct job_header *h, const char *name, const char *value)
{
	size_t len = strlen(value);
	off_t at;

	trim(&value, &len);
	if (value_fault(value, len) != NULL)
		return invalid();
	at = put(h, name, len);
	if (at == -1)
		return -1;
	memcpy(h->text + at, value, len);
	return 0;
}

off_t
job_put_blank(struct job_header *h, const char *name, size_t width)
{
	if (width == 0 || width >= JOB_VALUE_MAX)
		return invalid();
	return put(h, name, width);
}

/* The value with blanks behind it. */
static int
pad(char *buf, size_t width, const char *value)
{
	size_t len = strlen(value);

	if (len > width || !job_valid_value(value))
		return invalid();
	memcpy(buf, value, len);
	memset(buf + len, ' ', width - len);
	return 0;
}

int
job_fill(int fd, off_t at, size_t width, const char *value)
{
	char buf[JOB_VALUE_MAX];

	if (at < 0 || width >= sizeof(buf))
		return invalid();
	return pad(buf, width, value) == -1 ? -1 : io_pwrite(fd, buf, width, at);
}

int
job_fill_text(struct job_header *h, off_t at, size_t width, const char *value)
{
	if (at < 0 || (size_t)at > h->len || width > h->len - (size_t)at)
		return invalid();
	return pad(h->text + at, width, value);
}

int
job_end(struct job_header *h)
{
	if (ended(h))
		return invalid();
	memcpy(h->text + h->len, "\n", 2);
	h->len++;
	return 0;
}

int
job_valid_name(const char *name)
{
	size_t n = strspn(name, TOKEN);

	return n > 0 && n <= JOB_NAME_MAX && name[n] == '\0';
}

int
job_valid_value(const char *value)
{
	size_t len = strlen(value);

	trim(&value, &len);
	return value_fault(value, len) == NULL;
}
