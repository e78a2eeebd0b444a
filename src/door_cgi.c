#include "door_cgi.h"

#include <sys/signalfd.h>

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bsd/string.h>

#include "http_chunks.h"
#include "http_value.h"
#include "io.h"
#include "job.h"
#include "units.h"
#include "web.h"
#include "web_events.h"
#include "web_wait.h"

enum { BASE_MAX = 1024, PIECE = 65536, SWALLOW_MAX = 64 << 20, STALLED = 30000 /* milliseconds */ };

static const int64_t stream_max = 600 * INT64_C(1000000);

enum framing {
	BY_LENGTH,  /* what CONTENT_LENGTH says */
	BY_END,     /* Apache, Caddy: decoded already, and the end of the file is its end */
	BY_CHUNKS   /* busybox: as it came */
};

struct cgi {
	struct http_request req;
	struct http_reply reply;
	struct web web;
	char base[BASE_MAX];
	int in, out, stop;     /* stop: readable when a signal to end has come */
	enum framing framing;
	int64_t left;          /* BY_LENGTH */
	struct http_chunks chunks;
	char piece[PIECE];
};

/* A variable of the environment; one that is empty is as good as none (RFC 3875, 4.1). */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *
variable_or(const char *name, const char *otherwise)
{
	const char *value = variable(name);

	return value != NULL ? value : otherwise;
}

int
door_cgi_called(void)
{
	return variable("REQUEST_METHOD") != NULL;
}

/* A request field: HTTP_ and its name in capitals, but for the two that have variables of their own. */
static const char *
find_field(const char *field)
{
	char name[JOB_NAME_MAX + 6];
	size_t i;

	if (strcasecmp(field, "Content-Type") == 0)
		return variable("CONTENT_TYPE");
	if (strcasecmp(field, "Content-Length") == 0)
		return variable("CONTENT_LENGTH");
	if ((size_t)snprintf(name, sizeof(name), "HTTP_%s", field) >= sizeof(name))
		return NULL;
	for (i = 5; name[i] != '\0'; i++)
		name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	return variable(name);
}

static const char *
lookup(const struct http_request *req, const char *name)
{
	(void)req;
	return find_field(name);
}

/* "https://host:port"; "" where the server does not say. Returns buf. */
static char *
find_origin(char *buf, size_t size)
{
	const char *https = variable_or("HTTPS", ""), *host = variable("HTTP_HOST"), *port = variable_or("SERVER_PORT", "");
	int secure = strcasecmp(https, "on") == 0 || strcmp(https, "1") == 0 ||
	    strcasecmp(variable_or("REQUEST_SCHEME", ""), "https") == 0;

	if (host != NULL && http_valid_host(host))
		port = "";
	else
		host = variable("SERVER_NAME");
	if (strcmp(port, secure ? "443" : "80") == 0)
		port = "";
	buf[0] = '\0';
	if (host != NULL && http_valid_host(host))
		(void)snprintf(buf, size, "%s://%s%s%s", secure ? "https" : "http", host, *port != '\0' ? ":" : "", port);
	return buf;
}

/* The address of the program itself. SCRIPT_NAME is decoded, a link must not be. */
static void
find_base(char base[BASE_MAX])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~";
	const char *script = variable_or("SCRIPT_NAME", "");
	size_t used = strlen(find_origin(base, BASE_MAX));

	for (; *script != '\0' && used + 4 < BASE_MAX; script++) {
		if (strchr(plain, *script) != NULL)
			base[used++] = *script;
		else
			used += (size_t)snprintf(base + used, 4, "%%%02X", (unsigned char)*script);
	}
	/* As the whole of a site it is "/", or "". */
	while (used > 0 && base[used - 1] == '/')
		used--;
	base[used] = '\0';
}

/* How the body comes. -1: CONTENT_LENGTH is none, or there is a coding that nobody has undone. */
static int
find_length(struct cgi *c)
{
	const char *length = variable("CONTENT_LENGTH"), *coding = variable_or("HTTP_TRANSFER_ENCODING", "");
	int chunked = *coding != '\0', raw = chunked && strcasestr(variable_or("SERVER_SOFTWARE", ""), "busybox") != NULL;

	c->req.length = HTTP_LENGTH_NONE;
	if (chunked && strcasecmp(coding, "chunked") != 0)
		return -1;
	/* Caddy says -1 where it does not know. */
	if (length != NULL && strcmp(length, "-1") != 0) {
		c->framing = BY_LENGTH;
		if (raw || units_number(length, 0, INT64_MAX, &c->req.length) == -1)
			return -1;
		c->left = c->req.length;
	} else if (length != NULL || chunked) {
		c->req.length = HTTP_LENGTH_UNKNOWN;
		c->framing = raw ? BY_CHUNKS : BY_END;
	}
	return 0;
}

static int
find_request(struct cgi *c)
{
	enum http_field f;

	find_base(c->base);
	c->req = (struct http_request){
		.method = http_method_parse(variable_or("REQUEST_METHOD", "")),
		.path = variable_or("PATH_INFO", ""), .query = variable_or("QUERY_STRING", ""), .base = c->base,
		.user = variable("REMOTE_USER"), .client = variable("REMOTE_ADDR"),
		.lookup = lookup
	};
	for (f = 0; f < HTTP_FIELDS; f++)
		c->req.field[f] = find_field(http_field_name(f));
	return find_length(c);
}

/* A signal to end must not leave a file in tmp/: it is heard between two reads. */
static int
hear_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Waits for something to read. -1 with EINTR: told to end. */
static int
wait_input(const struct cgi *c, int timeout)
{
	struct pollfd p[2] = { { .fd = c->stop, .events = POLLIN }, { .fd = c->in, .events = POLLIN } };
	int r;

	while ((r = poll(p, 2, timeout)) == -1 && errno == EINTR)
		;
	if (r > 0 && p[0].revents != 0) {
		errno = EINTR;
		return -1;
	}
	return r == -1 ? -1 : 0;
}

/* A piece of the body, decoded; 0 at its end. EBADMSG: it is malformed, or ends early. */
static ssize_t
read_piece(struct cgi *c)
{
	size_t want = sizeof(c->piece);
	ssize_t n;

	do {
		if (c->framing == BY_LENGTH && c->left < (int64_t)want)
			want = (size_t)c->left;
		if (want == 0 || (c->framing == BY_CHUNKS && http_chunks_ended(&c->chunks)))
			return 0;
		if (wait_input(c, -1) == -1 || (n = io_read(c->in, c->piece, want)) == -1)
			return -1;
		if (n == 0) {
			errno = EBADMSG;
			return c->framing == BY_CHUNKS ? -1 : 0;
		}
		c->left -= c->framing == BY_LENGTH ? n : 0;
	} while (c->framing == BY_CHUNKS && (n = http_chunks_decode(&c->chunks, c->piece, (size_t)n)) == 0);
	return n;
}

/* A client that goes has its server close the output, or tell us to end: the job is accepted, whatever is said of it. */
static void
wait_for_end(struct cgi *c)
{
	struct web_wait_item item = { .q = &c->web.q, .id = c->web.id, .until = io_clock() + c->web.wait, .client = c->out };

	if (c->web.slow == NULL)
		web_wait_one(&item, c->stop);
	web_waited(&c->web);
}

/* -1: told to end; else the reply is complete, unless *after is WEB_WAIT. */
static int
take_body(struct cgi *c, enum web_next *after)
{
	enum web_next next = WEB_BODY;
	struct spool_draft *const *drafts;
	ssize_t n = 1;
	size_t count;

	while (next == WEB_BODY && (n = read_piece(c)) > 0)
		next = web_body(&c->web, c->piece, (size_t)n);
	if (next == WEB_REPLY)
		return 0;
	/* A server that sees its client go may kill us, and the end of the body is then no end. */
	if ((n == -1 && errno == EINTR) || (n == 0 && wait_input(c, 0) == -1))
		return -1;
	if (n == -1) {
		web_refuse(&c->req, &c->reply, 400, "The body is malformed, or broke off. Nothing was accepted.");
		return 0;
	}
	if ((count = web_end(&c->web, &drafts)) > 0 && (!web_has_check(&c->web) || web_check(&c->web))) {
		(void)spool_commit(drafts, count);
		*after = web_committed(&c->web);
	}
	return 0;
}

/* A server may take nothing more for a while; whatever tells us to end is heard meanwhile. -1: nobody takes it. */
static int
tell(void *arg, char *text, size_t n, int beat)
{
	const struct cgi *c = arg;
	struct pollfd p[2] = { { .fd = c->out, .events = POLLOUT }, { .fd = c->stop, .events = POLLIN } };
	int r;

	(void)beat;
	while ((r = poll(p, 2, STALLED)) == -1 && errno == EINTR)
		;
	r = r <= 0 || p[1].revents != 0 ? -1 : io_write(c->out, text, n);
	free(text);
	return r;
}

/* A process for each client is much: it ends after a while, and the client comes again. */
static void
stream(struct cgi *c)
{
	const char *limit = variable("WQW_EVENTS");
	struct web_events e;
	int64_t us;

	if (limit == NULL || units_duration(limit, &us) == -1)
		us = stream_max;
	web_events_init(&e, &c->web);
	e.tell = tell;
	e.arg = c;
	e.item.client = c->out;
	e.item.until = io_clock() + us;
	web_wait_one(&e.item, c->stop);
}

static int
has_body(const struct cgi *c)
{
	return c->req.method != HTTP_HEAD && c->reply.status != 204 && c->reply.status != 304;
}

static int
send_reply(struct cgi *c)
{
	struct http_reply *r = &c->reply;
	char first[64];
	ssize_t n;

	(void)snprintf(first, sizeof(first), "Status: %d %s", r->status, http_reason(r->status));
	if (r->status != 204 && r->status != 304 && r->size != HTTP_LENGTH_UNKNOWN)
		(void)http_reply_field(r, "Content-Length", "%jd", (intmax_t)r->size);
	n = http_reply_head(r, first, c->piece, sizeof(c->piece));
	if (n == -1 || io_write(c->out, c->piece, (size_t)n) == -1)
		return -1;
	if (!has_body(c))
		return 0;
	if (r->fd == -1)
		return r->text == NULL ? 0 : io_write(c->out, r->text, (size_t)r->size);
	if (lseek(r->fd, r->at, SEEK_SET) == -1)
		return -1;
	return io_copy(r->fd, c->out, r->size) == r->size ? 0 : -1;
}

/*
 * Some servers take a script that leaves a part of the body for a broken one, and have its reply replaced or lost. So
 * what is left of the body is read and forgotten, as long as it is not too much.
 */
static void
swallow(struct cgi *c)
{
	int64_t passed = 0;
	ssize_t n;

	while (passed < SWALLOW_MAX && (n = read_piece(c)) > 0)
		passed += n;
}

int
door_cgi(int in, int out, char note[HTTP_NOTE_MAX])
{
	static struct cgi the_call;   /* zero without being written, as most of it never is */
	struct cgi *c = &the_call;
	enum web_next next = WEB_REPLY;
	int r = 0, saved;

	note[0] = '\0';
	c->in = in;
	c->out = out;
	c->stop = hear_signals();
	http_reply_init(&c->reply);
	c->web.q.fd = -1;
	if (find_request(c) == -1)
		web_refuse(&c->req, &c->reply, 400, "The request's Content-Length is no number, or its Transfer-Encoding is not chunked "
		    "alone.");
	else if ((next = web_begin(&c->web, &c->req, &c->reply)) == WEB_BODY)
		r = take_body(c, &next);
	if (r == 0 && next == WEB_WAIT)
		wait_for_end(c);
	(void)strlcpy(note, c->reply.note, HTTP_NOTE_MAX);
	if (r == 0)
		r = send_reply(c);
	saved = errno;
	if (r == 0 && next == WEB_STREAM)
		stream(c);
	if (r == 0)
		swallow(c);
	web_close(&c->web);
	http_reply_clear(&c->reply);
	if (c->stop != -1)
		(void)close(c->stop);
	errno = saved;
	return r;
}
