#include "http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "io.h"

static const struct {
	enum http_method method;
	const char *name;
} methods[] = {
	{ HTTP_GET, "GET" }, { HTTP_HEAD, "HEAD" }, { HTTP_POST, "POST" }, { HTTP_PUT, "PUT" }, { HTTP_PATCH, "PATCH" },
	{ HTTP_DELETE, "DELETE" }, { HTTP_OPTIONS, "OPTIONS" }
};

static const struct {
	const char *name;
	int list;
} fields[HTTP_FIELDS] = {
	[HTTP_ACCEPT] = { "Accept", 1 },
	[HTTP_ACCESS_CONTROL_REQUEST_METHOD] = { "Access-Control-Request-Method", 0 },
	[HTTP_AUTHORIZATION] = { "Authorization", 0 },
	[HTTP_CONTENT_DISPOSITION] = { "Content-Disposition", 0 },
	[HTTP_CONTENT_ENCODING] = { "Content-Encoding", 1 },
	[HTTP_CONTENT_TYPE] = { "Content-Type", 0 },
	[HTTP_FORWARDED] = { "Forwarded", 1 },
	[HTTP_HOST] = { "Host", 0 },
	[HTTP_IDEMPOTENCY_KEY] = { "Idempotency-Key", 0 },
	[HTTP_IF_MATCH] = { "If-Match", 1 },
	[HTTP_IF_NONE_MATCH] = { "If-None-Match", 1 },
	[HTTP_IF_RANGE] = { "If-Range", 0 },
	[HTTP_ORIGIN] = { "Origin", 0 },
	[HTTP_PREFER] = { "Prefer", 1 },
	[HTTP_RANGE] = { "Range", 0 },
	[HTTP_REFERER] = { "Referer", 0 },
	[HTTP_SEC_FETCH_SITE] = { "Sec-Fetch-Site", 0 },
	[HTTP_TRACEPARENT] = { "traceparent", 0 },
	[HTTP_TRACESTATE] = { "tracestate", 1 },
	[HTTP_VIA] = { "Via", 1 },
	[HTTP_X_FORWARDED_FOR] = { "X-Forwarded-For", 1 },
	[HTTP_X_REAL_IP] = { "X-Real-IP", 1 }
};

static const struct {
	int status;
	const char *reason;
} statuses[] = {
	{ 200, "OK" }, { 202, "Accepted" }, { 204, "No Content" }, { 206, "Partial Content" }, { 207, "Multi-Status" },
	{ 303, "See Other" }, { 304, "Not Modified" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 409, "Conflict" }, { 411, "Length Required" }, { 412, "Precondition Failed" }, { 413, "Content Too Large" },
	{ 414, "URI Too Long" }, { 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" }, { 422, "Unprocessable Content" }, { 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" }
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum http_method
http_method_parse(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(methods); i++)
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].method;
	return HTTP_OTHER;
}

char *
http_method_list(unsigned allowed, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < COUNT(methods); i++)
		if ((allowed & methods[i].method) != 0) {
			if (buf[0] != '\0')
				(void)strlcat(buf, ", ", size);
			(void)strlcat(buf, methods[i].name, size);
		}
	return buf;
}

const char *
http_field_name(enum http_field f)
{
	return fields[f].name;
}

int
http_field_is_list(enum http_field f)
{
	return fields[f].list;
}

const char *
http_reason(int status)
{
	size_t i;

	for (i = 0; i < COUNT(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].reason;
	return "Unknown";
}

void
http_reply_init(struct http_reply *r)
{
	r->status = 200;
	r->used = r->kept = 0;
	r->text = NULL;
	r->fd = -1;
	r->at = r->size = 0;
	r->note[0] = '\0';
}

void
http_reply_clear(struct http_reply *r)
{
	size_t kept = r->kept;

	free(r->text);
	if (r->fd != -1)
		(void)io_close(&r->fd);
	http_reply_init(r);
	r->used = r->kept = kept;
}

void
http_reply_keep(struct http_reply *r)
{
	r->kept = r->used;
}

static int
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 127)
			return 1;
	return 0;
}

int
http_reply_field(struct http_reply *r, const char *name, const char *fmt, ...)
{
	size_t room = sizeof(r->head) - r->used, n = strlen(name) + 1;
	char *value;
	va_list ap;
	int len;

	if (n >= room) {
		errno = E2BIG;
		return -1;
	}
	value = r->head + r->used + n;
	va_start(ap, fmt);
	len = vsnprintf(value, room - n, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room - n) {
		errno = E2BIG;
		return -1;
	}
	if (has_control(value)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(r->head + r->used, name, n);
	r->used += n + (size_t)len + 1;
	return 0;
}

int
http_reply_next(const struct http_reply *r, size_t *at, const char **name, const char **value)
{
	if (*at >= r->used)
		return 0;
	*name = r->head + *at;
	*value = *name + strlen(*name) + 1;
	*at = (size_t)(*value - r->head) + strlen(*value) + 1;
	return 1;
}

ssize_t
http_reply_head(const struct http_reply *r, const char *first, char *buf, size_t size)
{
	const char *name, *value;
	size_t at = 0, used;
	int n;

	n = snprintf(buf, size, "%s\r\n", first);
	for (used = 0; n >= 0 && (used += (size_t)n) < size; ) {
		if (!http_reply_next(r, &at, &name, &value)) {
			if (size - used < 3)
				break;
			memcpy(buf + used, "\r\n", 3);
			return (ssize_t)used + 2;
		}
		n = snprintf(buf + used, size - used, "%s: %s\r\n", name, value);
	}
	errno = E2BIG;
	return -1;
}
