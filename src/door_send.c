#include "door_call.h"

#include <sys/socket.h>

#include <stdio.h>

enum { BLOCK = 4096 };

static struct MHD_Response *
make_response(struct door_call *c)
{
	struct http_reply *r = &c->reply;
	struct MHD_Response *response;

	if (r->size == HTTP_LENGTH_UNKNOWN) {
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, door_stream_read, c, NULL);
	} else if (r->fd != -1 && r->size > 0) {
		response = MHD_create_response_from_fd_at_offset64((uint64_t)r->size, r->fd, (uint64_t)r->at);
		if (response != NULL)
			r->fd = -1;
	} else {
		response = MHD_create_response_from_buffer(r->text == NULL ? 0 : (size_t)r->size, r->text,
		    MHD_RESPMEM_MUST_FREE);
		if (response != NULL)
			r->text = NULL;
	}
	return response;
}

enum MHD_Result
door_send(struct door_call *c)
{
	int status = c->reply.status, bad = 0;
	struct MHD_Response *response = make_response(c);
	const char *name, *value;
	enum MHD_Result r;
	size_t at = 0;

	if (response == NULL)
		return MHD_NO;
	while (http_reply_next(&c->reply, &at, &name, &value))
		bad |= MHD_add_response_header(response, name, value) != MHD_YES;
	if (c->close || atomic_load(&c->door->closing))
		bad |= MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES;
	r = bad ? MHD_NO : MHD_queue_response(c->conn, (unsigned)status, response);
	MHD_destroy_response(response);
	return r;
}

/* By our own hand. */
enum MHD_Result
door_cut(struct door_call *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	char first[64], head[HTTP_HEAD_MAX + 128];
	struct http_reply *r = &c->reply;
	ssize_t n;

	c->phase = CUT;
	c->passed = 0;
	(void)snprintf(first, sizeof(first), "HTTP/1.1 %d %s", r->status, http_reason(r->status));
	(void)http_reply_field(r, "Content-Length", "%jd", (intmax_t)r->size);
	(void)http_reply_field(r, "Connection", "close");
	n = http_reply_head(r, first, head, sizeof(head));
	if (info == NULL || n == -1 || r->fd != -1)
		return MHD_NO;
	/* Nothing is on its way on this connection, so that so little always fits; if not, the client sees it end. */
	if (send(info->connect_fd, head, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT | (r->size > 0 ? MSG_MORE : 0)) != n ||
	    (r->size > 0 && send(info->connect_fd, r->text, (size_t)r->size, MSG_NOSIGNAL | MSG_DONTWAIT) != r->size))
		return MHD_NO;
	(void)shutdown(info->connect_fd, SHUT_WR);
	return MHD_YES;
}
