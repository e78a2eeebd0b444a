#include "http_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "units.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define TOKEN ALNUM "!#$%&'*+-.^_`|~"
#define BLANK " \t"

static int
wrong(int error)
{
	errno = error;
	return -1;
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

	return p == NULL ? -1 : (int)(p - digits);
}

/* The byte behind a percent sign, or -1. */
static int
escaped(const char *raw, size_t n)
{
	int high = n < 3 ? -1 : hex(raw[1]), low = n < 3 ? -1 : hex(raw[2]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static int
is_control(int c)
{
	return c < ' ' || c == 127;
}

int
http_path_decode(const char *raw, size_t n, char *out, size_t size)
{
	size_t used = 0;
	int c;

	while (n > 0) {
		size_t step = *raw == '%' ? 3 : 1;

		c = *raw == '%' ? escaped(raw, n) : (unsigned char)*raw;
		if (is_control(c) || (c == '/' && *raw == '%'))
			return wrong(EINVAL);
		if (used + 1 >= size)
			return wrong(E2BIG);
		out[used++] = (char)c;
		raw += step;
		n -= step;
	}
	out[used] = '\0';
	return 0;
}

/* Decodes n bytes of a form's name or value. Returns the bytes written, -1 where they are broken or do not fit. */
static ssize_t
form_decode(const char *raw, size_t n, char *buf, size_t size)
{
	size_t used = 0, step;
	int c;

	for (; n > 0; raw += step, n -= step) {
		step = *raw == '%' ? 3 : 1;
		c = *raw == '%' ? escaped(raw, n) : *raw == '+' ? ' ' : (unsigned char)*raw;
		if (is_control(c) || used + 1 >= size)
			return wrong(EINVAL);
		buf[used++] = (char)c;
	}
	buf[used] = '\0';
	return (ssize_t)used;
}

int
http_query(const char *query, const char *name, char *buf, size_t size)
{
	char key[64];

	while (*query != '\0') {
		size_t n = strcspn(query, "&"), k = strcspn(query, "&=");

		if (form_decode(query, k, key, sizeof(key)) > 0 && strcmp(key, name) == 0) {
			k += query[k] == '=';
			return form_decode(query + k, n - k, buf, size) == -1 ? -1 : 1;
		}
		query += n;
		query += *query == '&';
	}
	return 0;
}

/* A quoted string: to buf, unless that is NULL, and *at behind it. */
static int
take_quoted(const char **at, char *buf, size_t size)
{
	const char *p = *at + 1;
	size_t used = 0;

	for (; *p != '"'; p++) {
		/* Browsers leave the backslashes of a path as they are: only before these two does one quote. */
		if (p[0] == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (*p == '\0' || (buf != NULL && used + 1 >= size))
			return -1;
		if (buf != NULL)
			buf[used++] = *p;
	}
	if (buf != NULL)
		buf[used] = '\0';
	*at = p + 1;
	return 0;
}

static int
take_word(const char **at, char *buf, size_t size)
{
	size_t n = strcspn(*at, ";" BLANK);

	if (buf != NULL && n >= size)
		return -1;
	if (buf != NULL) {
		memcpy(buf, *at, n);
		buf[n] = '\0';
	}
	*at += n;
	return 0;
}

int
http_parameter(const char *value, const char *name, char *buf, size_t size)
{
	size_t n;
	int mine, r;

	for (value += strcspn(value, ";"); *value == ';'; value += strspn(value, BLANK)) {
		value += 1 + strspn(value + 1, BLANK);
		n = strspn(value, TOKEN);
		mine = n == strlen(name) && strncasecmp(value, name, n) == 0;
		value += n + strspn(value + n, BLANK);
		if (*value != '=')
			continue;
		value += 1 + strspn(value + 1, BLANK);
		r = (*value == '"' ? take_quoted : take_word)(&value, mine ? buf : NULL, size);
		if (r == -1 || mine)
			return r == 0 ? 1 : -1;
	}
	return 0;
}

static int
valid_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned n, i, code;

	for (; *p != '\0'; p += n) {
		n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
		if (n == 0)
			return 0;
		code = n == 1 ? *p : *p & (0x7fU >> n);
		for (i = 1; i < n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[i] & 0x3fU);
		}
		if ((n == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
		    (n == 4 && (code < 0x10000 || code > 0x10ffff)) || (code >= 0x80 && code < 0xa0))
			return 0;
	}
	return 1;
}

int
http_filename_clean(char *name)
{
	char *p, *to = name;

	if ((p = strrchr(name, '/')) != NULL)
		memmove(name, p + 1, strlen(p));
	if ((p = strrchr(name, '\\')) != NULL)
		memmove(name, p + 1, strlen(p));
	for (p = name; *p != '\0'; p++)
		if (!is_control((unsigned char)*p) && (to != name || *p != ' '))
			*to++ = *p;
	while (to > name && to[-1] == ' ')
		to--;
	*to = '\0';
	return *name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && valid_utf8(name);
}

int
http_filename(const char *disposition, char buf[HTTP_FILENAME_MAX + 1])
{
	char encoded[HTTP_FILENAME_MAX * 3 + 16];
	const char *p;
	int r;

	if (http_parameter(disposition, "filename*", encoded, sizeof(encoded)) == 1 &&
	    strncasecmp(encoded, "UTF-8'", 6) == 0 && (p = strchr(encoded + 6, '\'')) != NULL &&
	    http_path_decode(p + 1, strlen(p + 1), buf, HTTP_FILENAME_MAX + 1) == 0 && http_filename_clean(buf))
		return 1;
	r = http_parameter(disposition, "filename", buf, HTTP_FILENAME_MAX + 1);
	return r == 1 ? http_filename_clean(buf) : r;
}

/* "0", "0.5", "1.000": thousandths; -1 where it is none of these. */
static int
weight(const char *text)
{
	int value = *text == '1' ? 1000 : 0, unit = 100;

	if (*text != '0' && *text != '1')
		return -1;
	if (*++text == '.')
		for (text++; unit > 0 && isdigit((unsigned char)*text); text++, unit /= 10)
			value += (*text - '0') * unit;
	return *text == '\0' && value <= 1000 ? value : -1;
}

/* How well a media range covers a type: 0 not, 1 as any, 2 by its first half, 3 as itself. */
static int
covers(const char *range, size_t n, const char *type)
{
	size_t half = strcspn(type, "/") + 1;

	if (n == 3 && memcmp(range, "*/*", 3) == 0)
		return 1;
	if (n == half + 1 && range[half] == '*' && strncasecmp(range, type, half) == 0)
		return 2;
	return n == strlen(type) && strncasecmp(range, type, n) == 0 ? 3 : 0;
}

int
http_quality(const char *accept, const char *type)
{
	char element[256], q[8] = "";
	int best = 0, found = -1, how, r;
	size_t n;

	while (*accept != '\0') {
		accept += strspn(accept, "," BLANK);
		n = strcspn(accept, ",");
		how = covers(accept, strcspn(accept, ",;" BLANK), type);
		if (how > best && n < sizeof(element)) {
			memcpy(element, accept, n);
			element[n] = '\0';
			r = http_parameter(element, "q", q, sizeof(q));
			best = how;
			found = r == 0 ? 1000 : r == 1 ? weight(q) : -1;
		}
		accept += n;
	}
	return found;
}

int
http_is_type(const char *value, const char *type)
{
	value += strspn(value, BLANK);
	return covers(value, strcspn(value, ";" BLANK), type) == 3;
}

/* Digits up to `end`; -1 where there are others or none. More than an off_t can hold is as good as endless. */
static int64_t
position(const char *text, const char *end)
{
	char digits[24];
	int64_t n;
	size_t len = (size_t)(end - text);

	if (len == 0 || strspn(text, "0123456789") < len)
		return -1;
	if (len >= sizeof(digits))
		return INT64_MAX;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return units_number(digits, 0, INT64_MAX, &n) == -1 ? INT64_MAX : n;
}

int
http_range(const char *value, off_t size, off_t *first, off_t *n)
{
	const char *dash, *end;
	int64_t from, to;

	if (strncasecmp(value, "bytes=", 6) != 0)
		return 0;
	value += 6 + strspn(value + 6, BLANK);
	end = value + strcspn(value, BLANK);
	dash = memchr(value, '-', (size_t)(end - value));
	/* Several ranges at once are allowed to be ignored, and are. */
	if (dash == NULL || end[strspn(end, BLANK)] != '\0')
		return 0;
	from = position(value, dash);
	to = position(dash + 1, end);
	if ((from == -1 && dash != value) || (to == -1 && dash + 1 != end) || (from == -1 && to == -1))
		return 0;
	if (from == -1) {  /* the last `to` bytes */
		from = to < size ? size - to : 0;
		to = to == 0 ? -1 : size - 1;
	} else if (to == -1)
		to = size - 1;
	else if (to < from)
		return 0;
	if (from >= size || to < from)
		return -1;
	*first = from;
	*n = (to < size ? to + 1 : size) - from;
	return 1;
}

int
http_etag_listed(const char *list, const char *etag, int weak)
{
	size_t n, len = strlen(etag);
	int is_weak;

	list += strspn(list, BLANK);
	if (*list == '*')
		return list[1 + strspn(list + 1, BLANK)] == '\0';
	while (*(list += strspn(list, "," BLANK)) != '\0') {
		is_weak = strncmp(list, "W/", 2) == 0;
		list += is_weak ? 2 : 0;
		if (*list != '"')
			return 0;
		n = strcspn(list + 1, "\"") + 2;
		if ((weak || !is_weak) && n == len && strncmp(list, etag, len) == 0)
			return 1;
		if (list[n - 1] == '\0')
			return 0;
		list += n;
	}
	return 0;
}

int
http_valid_token(const char *text)
{
	return *text != '\0' && text[strspn(text, TOKEN)] == '\0';
}

int
http_valid_host(const char *host)
{
	size_t n;

	if (*host == '[') {
		n = strspn(host + 1, "0123456789abcdefABCDEF:.") + 1;
		if (n == 1 || host[n] != ']')
			return 0;
		n++;
	} else
		n = strspn(host, ALNUM "-._~");
	if (n == 0 || strlen(host) > 300)
		return 0;
	if (host[n] == '\0')
		return 1;
	return host[n] == ':' && host[n + 1 + strspn(host + n + 1, "0123456789")] == '\0';
}
