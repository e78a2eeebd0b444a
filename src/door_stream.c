#include "door_call.h"

#include <sys/epoll.h>

#include <stdlib.h>
#include <string.h>

static void
clear(struct door_piece *p)
{
	free(p->text);
	*p = (struct door_piece){ .text = NULL };
}

/* With the lock: whoever goes to sleep has it, too. */
static void
wake(struct door_call *c)
{
	if (c->stream.asleep)
		MHD_resume_connection(c->conn);
	c->stream.asleep = 0;
}

/* A client that is slow to read gets the newest when it has read what it was being sent. */
static int
tell(void *arg, char *text, size_t n, int beat)
{
	struct door_call *c = arg;
	struct door_stream *s = &c->stream;

	(void)pthread_mutex_lock(&s->lock);
	if (beat && s->next.text != NULL) {
		free(text);
	} else {
		clear(&s->next);
		s->next = (struct door_piece){ .text = text, .n = n };
	}
	wake(c);
	(void)pthread_mutex_unlock(&s->lock);
	return 0;
}

static void
done(void *arg)
{
	struct web_events *e = arg;
	struct door_call *c = e->arg;

	(void)pthread_mutex_lock(&c->stream.lock);
	c->stream.ended = 1;
	wake(c);
	(void)pthread_mutex_unlock(&c->stream.lock);
	door_call_leave(c);
}

static size_t
take(struct door_stream *s, char *buf, size_t max)
{
	size_t n;

	if (s->now.text == NULL) {
		s->now = s->next;
		s->next = (struct door_piece){ .text = NULL };
	}
	n = s->now.n - s->now.sent;
	if (n > max)
		n = max;
	if (n > 0)
		memcpy(buf, s->now.text + s->now.sent, n);
	s->now.sent += n;
	if (s->now.sent == s->now.n)
		clear(&s->now);
	return n;
}

ssize_t
door_stream_read(void *arg, uint64_t at, char *buf, size_t max)
{
	struct door_call *c = arg;
	struct door_stream *s = &c->stream;
	ssize_t n;

	(void)at;
	if (c->phase != STREAMING)
		return MHD_CONTENT_READER_END_OF_STREAM;
	(void)pthread_mutex_lock(&s->lock);
	n = (ssize_t)take(s, buf, max);
	if (n == 0 && s->ended)
		n = MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		MHD_suspend_connection(c->conn);
		s->asleep = 1;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

enum MHD_Result
door_stream(struct door_call *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct door_stream *s = &c->stream;
	struct web_wait_item *item = &s->events.item;

	c->phase = STREAMING;
	(void)pthread_mutex_init(&s->lock, NULL);
	web_events_init(&s->events, &c->web);
	s->events.tell = tell;
	s->events.arg = c;
	item->done = done;
	/* Who stops sending is taken for gone. */
	item->client = info != NULL ? info->connect_fd : -1;
	item->hangup = EPOLLRDHUP;
	(void)atomic_fetch_add(&c->users, 1);
	if (web_wait_put(c->door->wait, item) == -1)
		done(&s->events);
	return door_send(c);
}

void
door_stream_end(struct door_call *c)
{
	if (c->phase != STREAMING)
		return;
	/* The library has closed its side, asleep or not. */
	(void)pthread_mutex_lock(&c->stream.lock);
	c->stream.asleep = 0;
	c->stream.ended = 1;
	(void)pthread_mutex_unlock(&c->stream.lock);
	web_wait_drop(c->door->wait, &c->stream.events.item);
}

void
door_call_leave(struct door_call *c)
{
	struct door *door = c->door;

	if (atomic_fetch_sub(&c->users, 1) > 1)
		return;
	if (c->phase == STREAMING) {
		clear(&c->stream.now);
		clear(&c->stream.next);
		(void)pthread_mutex_destroy(&c->stream.lock);
	}
	web_close(&c->web);
	http_reply_clear(&c->reply);
	door_strict_clear(&c->strict);
	free(c);
	if (atomic_fetch_sub(&door->requests, 1) == 1 && atomic_load(&door->closing))
		door->idle(door->arg);
}
