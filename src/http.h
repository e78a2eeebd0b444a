/*
 * http: one request and one reply, whatever door they come and go through. Knows neither servers nor the spool.
 *
 * A request belongs to the door; what its pointers lead to stays good until the reply has been sent. A reply is filled
 * by the web layer and sent, then cleared, by the door.
 */
#ifndef WQW_HTTP_H
#define WQW_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum http_method {  /* bits, so that a route can say which it takes */
	HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8, HTTP_PATCH = 16, HTTP_DELETE = 32, HTTP_OPTIONS = 64,
	HTTP_OTHER = 128
};

enum http_field {  /* the only request fields that anything looks at */
	HTTP_ACCEPT, HTTP_CONTENT_DISPOSITION, HTTP_CONTENT_ENCODING, HTTP_CONTENT_TYPE, HTTP_FORWARDED, HTTP_HOST,
	HTTP_IDEMPOTENCY_KEY, HTTP_IF_MATCH, HTTP_IF_NONE_MATCH, HTTP_IF_RANGE, HTTP_ORIGIN, HTTP_PREFER, HTTP_RANGE,
	HTTP_SEC_FETCH_SITE, HTTP_TRACEPARENT, HTTP_TRACESTATE, HTTP_VIA, HTTP_X_FORWARDED_FOR, HTTP_X_REAL_IP, HTTP_FIELDS
};

enum { HTTP_LENGTH_NONE = -1, HTTP_LENGTH_UNKNOWN = -2 };
enum { HTTP_HEAD_MAX = 3072, HTTP_NOTE_MAX = 640 };

struct http_request {
	enum http_method method;
	const char *path;        /* decoded, below `base`: "/QUEUE/ID"; "" or "/" is the top */
	const char *query;       /* as it was sent, without the question mark; "" where there is none */
	const char *base;        /* what turns a path into a link: "", or "https://host/cgi-bin/wqw.cgi" */
	const char *field[HTTP_FIELDS];  /* NULL where it was not sent */
	const char *user, *client;       /* who the server says it is, and from where; NULL: not known */
	/* Any other field, by its name in whatever case; NULL where it was not sent. */
	const char *(*lookup)(const struct http_request *req, const char *name);
	void *source;            /* the door's */
	int64_t length;          /* of the body; NONE: there is no body; UNKNOWN: there is one, and its end will tell */
};

struct http_reply {
	int status;
	size_t used;
	char head[HTTP_HEAD_MAX];    /* the fields; walk them with http_reply_next */
	char *text;                  /* the body, owned, or NULL; */
	int fd;                      /* else `size` bytes from `at` of a file, owned, or -1 */
	off_t at, size;              /* size: of the body in either case; HTTP_LENGTH_UNKNOWN: it is not told */
	char note[HTTP_NOTE_MAX];    /* one line for the operator's log; "" where there is nothing to say */
};

enum http_method http_method_parse(const char *name);
/* "GET, HEAD": the value of Allow. Returns buf. */
char *http_method_list(unsigned methods, char *buf, size_t size);

const char *http_field_name(enum http_field f);   /* "Content-Type" */
int http_field_is_list(enum http_field f);        /* 1 where it may come more than once */
const char *http_reason(int status);              /* "Not Found" */

void http_reply_init(struct http_reply *r);
void http_reply_clear(struct http_reply *r);      /* frees, closes, and makes it as after init */

/* Adds a field. EINVAL: the value has control bytes; E2BIG: the head is full. */
int http_reply_field(struct http_reply *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Walks the fields: start with *at = 0; 1 with name and value set, 0 at the end. */
int http_reply_next(const struct http_reply *r, size_t *at, const char **name, const char **value);

/* The head as it is sent: `first` line, fields, an empty line, CRLF each. Returns its length, or -1 with E2BIG. */
ssize_t http_reply_head(const struct http_reply *r, const char *first, char *buf, size_t size);

#endif
