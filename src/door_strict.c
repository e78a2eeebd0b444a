#include "door_strict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_value.h"
#include "units.h"

static int
refuse(struct door_strict *s, int status, const char *why)
{
	s->status = status;
	s->why = why;
	return -1;
}

/*
 * libmicrohttpd 0.9 cuts its buffer into lines by writing zeros over their ends, two for CRLF and one for a bare LF, and
 * takes a NUL that was sent for such an end. What is behind a string is then the only trace of it. Later versions refuse
 * all that by themselves.
 */
static int
leaves_traces(void)
{
	static const char prefix[] = "0.9.";

	return strncmp(MHD_get_version(), prefix, sizeof(prefix) - 1) == 0;
}

static int
ends_cleanly(const char *value, size_t len)
{
	return value[len] == '\0' && value[len + 1] == '\0' && value[len + 2] != ' ' && value[len + 2] != '\t';
}

static int
has_control(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 127)
			return 1;
	return 0;
}

static int
take_length(struct door_strict *s, const char *value)
{
	if (++s->lengths > 1)
		return refuse(s, 400, "There is more than one Content-Length.");
	if (units_number(value, 0, INT64_MAX, &s->req->length) == -1)
		return refuse(s, 400, "Content-Length is not a number.");
	return 0;
}

static int
take_expect(struct door_strict *s, const char *value)
{
	if (strcasecmp(value, "100-continue") != 0)
		return refuse(s, 417, "Only 100-continue can be expected.");
	s->expects = 1;
	return 0;
}

/* A field that comes again: a list goes on, anything else contradicts itself. */
static int
take_again(struct door_strict *s, enum http_field f, const char *value)
{
	char *all;

	if (!http_field_is_list(f))
		return refuse(s, 400, "A field that can be there only once is there twice.");
	if (asprintf(&all, "%s, %s", s->req->field[f], value) == -1)
		return refuse(s, 503, "The server is too busy.");
	free(s->joined[f]);
	s->joined[f] = all;
	s->req->field[f] = all;
	return 0;
}

static int
take_field(struct door_strict *s, const char *name, const char *value)
{
	enum http_field f;

	if (strcasecmp(name, "Content-Length") == 0)
		return take_length(s, value);
	if (strcasecmp(name, "Expect") == 0)
		return take_expect(s, value);
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		s->codings++;
		s->coding = value;
		return 0;
	}
	if (strcasecmp(name, "Host") == 0) {
		s->hosts++;
		s->req->field[HTTP_HOST] = value;
		return http_valid_host(value) ? 0 : refuse(s, 400, "Host is not a name or address with a port.");
	}
	for (f = 0; f < HTTP_FIELDS; f++)
		if (strcasecmp(name, http_field_name(f)) == 0) {
			if (s->req->field[f] != NULL)
				return take_again(s, f, value);
			s->req->field[f] = value;
		}
	return 0;
}

static enum MHD_Result
each_field(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t len)
{
	struct door_strict *s = arg;
	int r;

	(void)kind;
	if (value == NULL || strlen(name) != name_len || strlen(value) != len || !http_valid_token(name))
		r = refuse(s, 400, "A field of the head has no proper name.");
	else if (has_control(value, len) || (leaves_traces() && !ends_cleanly(value, len)))
		r = refuse(s, 400, "The head has control characters, a folded line, or a line that does not end with CRLF.");
	else
		r = take_field(s, name, value);
	return r == 0 ? MHD_YES : MHD_NO;
}

/* RFC 9112, 3: one blank between each two parts, and nothing in them that is neither blank nor visible. */
static int
check_line(struct door_strict *s, const struct door_line *line)
{
	const char *t = line->target;

	if (!http_valid_token(line->method))
		return refuse(s, 400, "The method is not a word.");
	if (strcmp(line->version, MHD_HTTP_VERSION_1_1) != 0 && strcmp(line->version, MHD_HTTP_VERSION_1_0) != 0)
		return refuse(s, 505, "HTTP/1.1 and HTTP/1.0 are spoken here.");
	for (; *t != '\0'; t++)
		if ((unsigned char)*t <= ' ' || (unsigned char)*t >= 127 || *t == '#')
			return refuse(s, 400, "The address has characters that must be percent-encoded.");
	if (leaves_traces() && (line->target_at != line->method + strlen(line->method) + 1 ||
	    line->version != line->target_at + strlen(line->target) + 1 ||
	    !ends_cleanly(line->version, strlen(line->version))))
		return refuse(s, 400, "The request line is not METHOD, ADDRESS and VERSION with single blanks, and CRLF.");
	return 0;
}

static int
check_framing(struct door_strict *s, const struct door_line *line)
{
	int modern = strcmp(line->version, MHD_HTTP_VERSION_1_1) == 0;

	if (s->hosts > 1 || (modern && s->hosts == 0))
		return refuse(s, 400, "HTTP/1.1 takes just one Host.");
	if (s->codings == 0)
		return 0;
	if (s->lengths > 0)
		return refuse(s, 400, "Content-Length and Transfer-Encoding contradict each other.");
	if (s->codings > 1 || !modern || strcasecmp(s->coding, "chunked") != 0)
		return refuse(s, 400, "The only Transfer-Encoding is chunked, once, in HTTP/1.1.");
	s->req->length = HTTP_LENGTH_UNKNOWN;
	return 0;
}

int
door_strict_check(struct door_strict *s, struct MHD_Connection *conn, const struct door_line *line, const char **why)
{
	s->req->length = HTTP_LENGTH_NONE;
	if (check_line(s, line) == 0) {
		(void)MHD_get_connection_values_n(conn, MHD_HEADER_KIND, each_field, s);
		if (s->status == 0)
			(void)check_framing(s, line);
	}
	*why = s->why;
	return s->status;
}

void
door_strict_clear(struct door_strict *s)
{
	enum http_field f;

	for (f = 0; f < HTTP_FIELDS; f++)
		free(s->joined[f]);
}

/* What follows "http://host" of the absolute form; a target of the other form as it is. NULL: neither. */
static const char *
skip_origin(const char *target)
{
	char host[320];
	size_t scheme, len;

	if (*target == '/')
		return target;
	scheme = strncasecmp(target, "http://", 7) == 0 ? 7 : strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
	if (scheme == 0)
		return NULL;
	target += scheme;
	len = strcspn(target, "/?");
	if (len >= sizeof(host))
		return NULL;
	memcpy(host, target, len);
	host[len] = '\0';
	return http_valid_host(host) ? target + len : NULL;
}

int
door_strict_target(const char *target, int options, char *path, size_t size, const char **query)
{
	size_t n;

	if (options && strcmp(target, "*") == 0)
		target = "/";
	if ((target = skip_origin(target)) == NULL) {
		errno = EINVAL;
		return -1;
	}
	n = strcspn(target, "?");
	*query = target[n] == '?' ? target + n + 1 : "";
	return http_path_decode(target, n, path, size);
}
