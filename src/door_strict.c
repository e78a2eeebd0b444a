#include "door_strict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_origin.h"
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
 * libmicrohttpd 0.9 cuts its buffer into lines by writing zeros over their ends, takes a bare LF for such an end, and a NUL
 * that was sent for the end of a value or even of the head. But it leaves everything in its place, so that what has come
 * between two parts is known by how far they are apart. Later versions refuse all that by themselves.
 */
static int
leaves_traces(void)
{
	static const char prefix[] = "0.9.";

	return strncmp(MHD_get_version(), prefix, sizeof(prefix) - 1) == 0;
}

/* The line before has ended with CRLF, and no blank that folds it follows. */
static int
follows(const struct door_strict *s, const char *name)
{
	return !leaves_traces() || name == s->end + 2;
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

static const char wrong_lines[] =
    "The head has control characters, a folded line, or a line that does not end with CRLF.";

static enum MHD_Result
each_field(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t len)
{
	struct door_strict *s = arg;
	int r;

	(void)kind;
	if (value == NULL || strlen(name) != name_len || strlen(value) != len || !http_valid_token(name))
		r = refuse(s, 400, "A field of the head has no proper name.");
	else if (has_control(value, len) || !follows(s, name))
		r = refuse(s, 400, wrong_lines);
	else {
		s->end = value + len;
		r = take_field(s, name, value);
	}
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
	    line->version != line->target_at + strlen(line->target) + 1))
		return refuse(s, 400, "The request line is not METHOD, ADDRESS and VERSION with single blanks, and CRLF.");
	return 0;
}

static int
check_head(struct door_strict *s, struct MHD_Connection *conn, const struct door_line *line)
{
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	s->end = line->version + strlen(line->version);
	(void)MHD_get_connection_values_n(conn, MHD_HEADER_KIND, each_field, s);
	if (s->status != 0)
		return -1;
	/* The empty line is one more CRLF. */
	if (leaves_traces() && (size == NULL || line->method + size->header_size != s->end + 4))
		return refuse(s, 400, wrong_lines);
	return 0;
}

/* RFC 9112, 3.2.2: an absolute address and Host name the same. What a proxy does with others is anybody's guess. */
static int
check_hosts(struct door_strict *s, const struct door_line *line)
{
	const char *host = strstr(line->target, "://");
	char origin[320 + 8];
	size_t n;

	if (s->hosts > 1 || (s->hosts == 0 && strcmp(line->version, MHD_HTTP_VERSION_1_1) == 0))
		return refuse(s, 400, "HTTP/1.1 takes just one Host.");
	if (s->hosts == 0 || *line->target == '/' || host == NULL)
		return 0;
	n = (size_t)(host - line->target) + 3 + strcspn(host + 3, "/?");
	if (n >= sizeof(origin))
		return refuse(s, 400, "The address names no host.");
	memcpy(origin, line->target, n);
	origin[n] = '\0';
	if (!http_same_origin(origin, s->req->field[HTTP_HOST]))
		return refuse(s, 400, "The address names another host than Host does.");
	return 0;
}

static int
check_framing(struct door_strict *s, const struct door_line *line)
{
	int modern = strcmp(line->version, MHD_HTTP_VERSION_1_1) == 0;

	/* RFC 9110, 10.1.1. The library would ask for the body and take what follows, the next request, for it. */
	if (modern && s->expects && s->codings == 0 && s->req->length <= 0)
		return refuse(s, 400, "There is no body to expect 100-continue for.");
	if (s->codings == 0)
		return 0;
	if (s->lengths > 0)
		return refuse(s, 400, "Content-Length and Transfer-Encoding contradict each other.");
	if (s->codings > 1 || !modern || strcasecmp(s->coding, "chunked") != 0)
		return refuse(s, 400, "The only Transfer-Encoding is chunked, once, in HTTP/1.1.");
	s->req->length = HTTP_LENGTH_UNKNOWN;
	/*
	 * The library takes a bare LF in a chunk's line, and a NUL for the end of the trailers, and nobody is shown that it did.
	 * So who sent the chunks may think that they end elsewhere, and what follows them is not taken for a request.
	 */
	s->last = leaves_traces();
	return 0;
}

int
door_strict_check(struct door_strict *s, struct MHD_Connection *conn, const struct door_line *line, const char **why)
{
	s->req->length = HTTP_LENGTH_NONE;
	if (check_line(s, line) == 0 && check_head(s, conn, line) == 0 && check_hosts(s, line) == 0)
		(void)check_framing(s, line);
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
