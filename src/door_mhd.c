#include "door_mhd.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "door_call.h"
#include "door_limit.h"
#include "io.h"

/* How much of a body that nobody wants is read before the reply, and after a reply that was sent over it. */
enum { SWALLOW_MAX = 1 << 20, LINGER_MAX = 64 << 20 };

void *
door_mhd_begin(void *arg, const char *target, struct MHD_Connection *conn)
{
	struct door *door = arg;
	size_t n = target == NULL ? 0 : strlen(target);
	struct door_call *c = calloc(1, sizeof(*c) + 2 * (n + 1));

	if (c == NULL)
		return NULL;
	(void)atomic_fetch_add(&door->requests, 1);
	door_limit_begin(conn);
	c->users = 1;
	c->door = door;
	c->conn = conn;
	c->target_at = target;
	if (n > 0)
		memcpy(c->target, target, n);
	c->path = c->target + n + 1;
	c->web.q.fd = -1;
	c->strict.req = &c->req;
	c->req.path = c->req.query = c->req.base = "";
	http_reply_init(&c->reply);
	return c;
}

static const char *
lookup(const struct http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->source, MHD_HEADER_KIND, name);
}

/* The peer's address; NULL where it has none, as at the other end of a pipe. */
static const char *
find_client(struct door_call *c)
{
	static const char mapped[] = "::ffff:";
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	socklen_t len;

	if (info == NULL || info->client_addr == NULL)
		return NULL;
	switch (info->client_addr->sa_family) {
	case AF_INET:
		len = sizeof(struct sockaddr_in);
		break;
	case AF_INET6:
		len = sizeof(struct sockaddr_in6);
		break;
	default:
		return NULL;
	}
	if (getnameinfo(info->client_addr, len, c->client, sizeof(c->client), NULL, 0, NI_NUMERICHOST) != 0)
		return NULL;
	return strncmp(c->client, mapped, sizeof(mapped) - 1) == 0 ? c->client + sizeof(mapped) - 1 : c->client;
}

/* The reply is complete; the note that goes with it is said. */
static void
replied(struct door_call *c, enum phase next)
{
	c->phase = next;
	if (c->reply.note[0] != '\0')
		c->door->say(c->reply.note);
}

/* The body ends before its end. */
static void
refuse_rest(struct door_call *c, enum MHD_RequestTerminationCode why)
{
	if (door_limit_was_slow(c->conn))
		web_refuse(&c->req, &c->reply, 408, "The body came too slowly. Nothing was accepted; send it again.");
	else if (why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		web_refuse(&c->req, &c->reply, 408, "The body stopped coming. Nothing was accepted; send it again.");
	else
		web_refuse(&c->req, &c->reply, 400, "The body broke off. Nothing was accepted; send it again.");
}

/*
 * The library drops a request without a reply where the client has stopped sending before that was begun: the body is
 * not complete, or it is and was being committed. Who has only stopped sending, as after shutdown(2), can still be told.
 */
static void
broke_off(struct door_call *c, enum MHD_RequestTerminationCode why)
{
	switch (c->phase) {
	case BODY:
	case SWALLOW:
		if (why != MHD_REQUEST_TERMINATED_CLIENT_ABORT && why != MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
			return;
		if (c->phase == BODY)
			refuse_rest(c, why);
		break;
	case CHECKED:
		if (c->check.ok)
			(void)spool_commit(c->drafts, c->n);
		/* FALLTHROUGH */
	case COMMITTED:
		if (c->phase == COMMITTED || c->check.ok)
			(void)web_committed(&c->web);
		replied(c, READY);
		break;
	case WAITED:
		web_waited(&c->web);
		replied(c, READY);
		break;
	default:
		return;
	}
	(void)door_cut(c);
}

void
door_mhd_end(void *arg, struct MHD_Connection *conn, void **call, enum MHD_RequestTerminationCode why)
{
	struct door_call *c = *call;

	(void)arg;
	if (c == NULL)
		return;
	broke_off(c, why);
	door_limit_end(conn);
	door_stream_end(c);
	door_call_leave(c);
	*call = NULL;
}

static void
committed(void *arg)
{
	struct door_call *c = arg;

	c->phase = COMMITTED;
	MHD_resume_connection(c->conn);
}

static void
waited(void *arg)
{
	struct door_call *c = arg;

	c->phase = WAITED;
	MHD_resume_connection(c->conn);
}

/* The connection rests until the job has ended, or the answer is made. Who stops sending is taken for gone, and answered at once. */
static enum MHD_Result
wait_for_end(struct door_call *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	c->phase = WAITING;
	c->wait = (struct web_wait_item){ .q = &c->web.q, .id = c->web.id, .until = io_clock() + c->web.wait,
	    .client = info != NULL ? info->connect_fd : -1, .hangup = EPOLLRDHUP, .done = waited, .arg = c };
	c->slow = (struct web_slow_item){ .w = &c->web, .done = waited, .arg = c };
	MHD_suspend_connection(c->conn);
	if ((c->web.slow != NULL ? web_slow_put(c->door->slow, &c->slow) : web_wait_put(c->door->wait, &c->wait)) == -1)
		waited(c);
	return MHD_YES;
}

/* 0; else the status to refuse the request with. */
static int
find_request(struct door_call *c, const char *method, const char *version, const char **why)
{
	const struct door_line line = { .target = c->target, .method = method, .version = version, .target_at = c->target_at };
	size_t n = strlen(c->target);
	int status;

	if ((status = door_strict_check(&c->strict, c->conn, &line, why)) != 0)
		return status;
	*why = "The address is too long.";
	if (n > DOOR_TARGET_MAX)
		return 414;
	*why = "The address is broken: a wrong percent-encoding, an encoded slash or control character, or no path.";
	c->req.method = http_method_parse(method);
	if (door_strict_target(c->target, c->req.method == HTTP_OPTIONS, c->path, n + 2, &c->req.query) == -1)
		return 400;
	c->req.path = c->path;
	c->req.client = find_client(c);
	c->req.lookup = lookup;
	c->req.source = c->conn;
	return 0;
}

/* By the limits: at once, whatever is still to come. */
static enum MHD_Result
turn_away(struct door_call *c, int status, const char *why, int retry)
{
	c->close = 1;
	web_refuse(&c->req, &c->reply, status, why);
	if (retry > 0)
		(void)http_reply_field(&c->reply, "Retry-After", "%d", retry);
	replied(c, READY);
	return c->strict.expects || c->req.length == HTTP_LENGTH_NONE ? door_send(c) : door_cut(c);
}

static enum MHD_Result
on_head(struct door_call *c, const char *method, const char *version)
{
	const char *why = NULL;
	int status = find_request(c, method, version, &why), limit, retry;

	c->close = status != 0 || c->strict.last;
	if ((limit = door_limit_head(c->conn, c->req.length, &why, &retry)) == -1)
		return MHD_NO;
	if (status == 0 && limit != 0)
		return turn_away(c, limit, why, retry);
	if (status != 0) {
		web_refuse(&c->req, &c->reply, status, why);
		replied(c, READY);
		return door_send(c);
	}
	switch (c->next = web_begin(&c->web, &c->req, &c->reply)) {
	case WEB_BODY:
		c->phase = BODY;
		return MHD_YES;
	case WEB_WAIT:
	case WEB_STREAM:
		c->phase = PATIENT;
		return MHD_YES;
	default:
		break;
	}
	/* To reply at this early moment costs the connection, which is right only where the client waits with its body. */
	if (c->strict.expects && c->req.length != HTTP_LENGTH_NONE) {
		replied(c, READY);
		return door_send(c);
	}
	replied(c, SWALLOW);
	return c->req.length > SWALLOW_MAX ? door_cut(c) : MHD_YES;
}

static enum MHD_Result
on_body(struct door_call *c, const char *data, size_t n)
{
	door_limit_body(c->conn, n);
	if (c->phase == BODY && web_body(&c->web, data, n) == WEB_BODY)
		return MHD_YES;
	if (c->phase == BODY)
		replied(c, SWALLOW);
	c->passed += (int64_t)n;
	if (c->phase == SWALLOW && c->passed > SWALLOW_MAX)
		return door_cut(c);
	if (c->phase == PATIENT && c->passed > SWALLOW_MAX)
		return MHD_NO;
	return c->phase == CUT && c->passed > LINGER_MAX ? MHD_NO : MHD_YES;
}

static void
checked(void *arg)
{
	struct door_call *c = arg;

	c->phase = CHECKED;
	MHD_resume_connection(c->conn);
}

/* 1: the connection rests while a command judges the payload; 0: it has, and c->check.ok tells. */
static int
check(struct door_call *c)
{
	c->check = (struct web_checker_item){ .w = &c->web, .done = checked, .arg = c, .ok = 1 };
	if (!web_has_check(&c->web))
		return 0;
	if (c->door->checker != NULL) {
		c->phase = CHECKING;
		MHD_suspend_connection(c->conn);
		if (web_checker_put(c->door->checker, &c->check) == -1) {
			c->check.ok = web_check(&c->web);
			checked(c);
		}
		return 1;
	}
	c->check.ok = web_check(&c->web);
	return 0;
}

/* 1: the submission is on its way to the disk, and the connection rests; 0: it is there. */
static int
commit(struct door_call *c)
{
	/* One that is alone needs no way to another thread and back; who comes meanwhile comes to another of the library's. */
	if (c->door->commit == NULL || door_limit_is_alone(c->conn)) {
		(void)spool_commit(c->drafts, c->n);
		return 0;
	}
	c->phase = COMMITTING;
	c->item = (struct web_commit_item){ .drafts = c->drafts, .n = c->n, .done = committed, .arg = c };
	MHD_suspend_connection(c->conn);
	if (web_commit_put(c->door->commit, &c->item) == -1) {
		(void)spool_commit(c->drafts, c->n);
		committed(c);
	}
	return 1;
}

/* The whole body is there, or what comes after that. 1: the connection rests. */
static int
submit(struct door_call *c, enum web_next *next)
{
	if (c->phase == BODY) {
		if ((c->n = web_end(&c->web, &c->drafts)) == 0)
			return 0;
		if (check(c))
			return 1;
	}
	if (c->phase != COMMITTED) {
		if (!c->check.ok)
			return 0;
		if (commit(c))
			return 1;
	}
	*next = web_committed(&c->web);
	return 0;
}

static enum MHD_Result
on_end(struct door_call *c)
{
	enum web_next next = c->phase == PATIENT ? c->next : WEB_REPLY;

	door_limit_ours(c->conn);
	if (c->phase == CUT)
		return MHD_NO;
	if ((c->phase == BODY || c->phase == CHECKED || c->phase == COMMITTED) && submit(c, &next))
		return MHD_YES;
	if (next == WEB_WAIT)
		return wait_for_end(c);
	if (next == WEB_STREAM)
		return door_stream(c);
	if (c->phase == WAITED)
		web_waited(&c->web);
	if (c->phase == SWALLOW)
		c->phase = READY;
	else
		replied(c, READY);
	return door_send(c);
}

enum MHD_Result
door_mhd_access(void *arg, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
    const char *data, size_t *size, void **call)
{
	struct door_call *c = *call;
	size_t n = *size;

	(void)arg;
	(void)conn;
	(void)url;
	if (c == NULL)
		return MHD_NO;
	*size = 0;
	if (c->phase == HEAD)
		return on_head(c, method, version);
	return n > 0 ? on_body(c, data, n) : on_end(c);
}
