#include "door_limit.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>

#include "door_seat.h"
#include "http.h"
#include "io.h"

enum {
	TOLD = 16,                /* connections that are too many for their client and are told so; others just end */
	RETRY_CLIENT = 10, RETRY_BUSY = 5
};

/* --- the phases */

static struct door_seat *
find_seat(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/* -1: it is doomed, and stays so. */
static int
enter(struct door_seat *s, enum door_phase next)
{
	unsigned word = atomic_load(&s->word);

	do
		if (door_seat_phase(word) == DOOR_DOOMED)
			return -1;
	while (!atomic_compare_exchange_weak(&s->word, &word, door_seat_next(word, next)));
	return 0;
}

static void
land(struct door_seat *s)
{
	if (s->counted)
		(void)atomic_fetch_sub(&s->limit->in_flight, 1);
	s->counted = 0;
}

void
door_limit_begin(struct MHD_Connection *conn)
{
	struct door_seat *s = find_seat(conn);

	/* Of others than TCP this is the first that is known of it. */
	if (s != NULL && !s->tcp && door_seat_phase(atomic_load(&s->word)) == DOOR_IDLE)
		(void)enter(s, DOOR_HEAD);
}

static int
refuse(const struct door_seat *s, const char **why, int *retry)
{
	if (s->over == 429) {
		*why = "This client has too many connections. Nothing was accepted; close some, and send it again.";
		*retry = RETRY_CLIENT;
	} else {
		*why = "The server has too many clients. Nothing was accepted; send it again later.";
		*retry = RETRY_BUSY;
	}
	return s->over;
}

int
door_limit_head(struct MHD_Connection *conn, int64_t length, const char **why, int *retry)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct door_seat *s = find_seat(conn);

	*retry = 0;
	if (s == NULL || enter(s, DOOR_BODY) == -1)
		return -1;
	if (s->over != 0)
		return refuse(s, why, retry);
	if (info != NULL && info->header_size > DOOR_HEAD_MAX) {
		*why = "The head of the request is longer than 8 KiB.";
		return 431;
	}
	if (length == HTTP_LENGTH_NONE || length == 0)
		return 0;
	s->counted = 1;
	if (atomic_fetch_add(&s->limit->in_flight, 1) < s->limit->rules.in_flight)
		return 0;
	*why = "Too many requests are on their way to this server. Nothing was accepted; send it again later.";
	*retry = RETRY_BUSY;
	land(s);
	return 503;
}

void
door_limit_body(struct MHD_Connection *conn, size_t n)
{
	struct door_seat *s = find_seat(conn);

	if (s != NULL)
		(void)atomic_fetch_add(&s->bytes, (long long)n);
}

void
door_limit_ours(struct MHD_Connection *conn)
{
	struct door_seat *s = find_seat(conn);

	if (s == NULL)
		return;
	land(s);
	(void)enter(s, DOOR_OURS);
}

void
door_limit_reply(struct MHD_Connection *conn)
{
	struct door_seat *s = find_seat(conn);

	if (s != NULL)
		(void)enter(s, DOOR_SENDING);
}

void
door_limit_end(struct MHD_Connection *conn)
{
	struct door_seat *s = find_seat(conn);

	if (s == NULL)
		return;
	land(s);
	(void)enter(s, DOOR_IDLE);
}

int
door_limit_is_alone(struct MHD_Connection *conn)
{
	struct door_seat *s = find_seat(conn);
	int r;

	if (s == NULL)
		return 0;
	(void)pthread_mutex_lock(&s->limit->lock);
	r = s->limit->seats == 1;
	(void)pthread_mutex_unlock(&s->limit->lock);
	return r;
}

int
door_limit_was_slow(struct MHD_Connection *conn)
{
	struct door_seat *s = find_seat(conn);

	return s != NULL && atomic_load(&s->slow);
}

/* --- coming and going */

/* With the lock held. 1: it is one too many even to be told so. */
static int
take_seat(struct door_limit *l, struct door_seat *s)
{
	struct door_seat **bucket = &l->bucket[door_client_hash(&s->client) % DOOR_BUCKETS];
	const struct door_rules *rules = &l->rules;
	int64_t same = 0, seats = l->seats++;
	const struct door_seat *other;

	for (other = *bucket; other != NULL; other = other->next)
		same += door_client_same(&other->client, &s->client);
	s->next = *bucket;
	*bucket = s;
	if (seats == 0)
		(void)pthread_cond_signal(&l->wake);
	if (rules->per_client > 0 && !s->client.local && same >= rules->per_client)
		s->over = 429;
	if (seats >= rules->connections)
		s->over = 503;
	return (s->over == 429 && same >= rules->per_client + TOLD) || seats >= rules->connections + DOOR_LIMIT_SPARE / 2;
}

static void
leave_seat(struct door_seat *s)
{
	struct door_limit *l = s->limit;
	struct door_seat **at;

	(void)pthread_mutex_lock(&l->lock);
	for (at = &l->bucket[door_client_hash(&s->client) % DOOR_BUCKETS]; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	l->seats--;
	(void)pthread_mutex_unlock(&l->lock);
	land(s);
	free(s);
}

static struct door_seat *
come(struct door_limit *l, struct MHD_Connection *conn, int fd)
{
	const union MHD_ConnectionInfo *peer = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct door_seat *s = calloc(1, sizeof(*s));
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	if (s == NULL)
		return NULL;
	s->limit = l;
	s->fd = fd;
	s->tcp = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && (domain == AF_INET || domain == AF_INET6);
	door_client_set(&s->client, peer == NULL ? NULL : peer->client_addr);
	(void)pthread_mutex_lock(&l->lock);
	s->since = s->since_accept = io_clock() - l->skew;
	if (take_seat(l, s)) {
		s->seen = s->word;
		door_seat_doom(s, DOOR_HEAD, 0);
	}
	(void)pthread_mutex_unlock(&l->lock);
	return s;
}

void
door_limit_notify(void *limit, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context != NULL)
			leave_seat(*context);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	*context = info == NULL ? NULL : come(limit, conn, info->connect_fd);
	if (*context == NULL && info != NULL)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
}

struct door_limit *
door_limit_start(const struct door_rules *rules)
{
	struct door_limit *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;

	if (l == NULL)
		return NULL;
	l->rules = *rules;
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&l->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	if ((errno = pthread_create(&l->thread, NULL, door_seat_watch, l)) == 0)
		return l;
	l->stop = 1;
	door_limit_free(l);
	return NULL;
}

void
door_limit_stop(struct door_limit *l)
{
	(void)pthread_mutex_lock(&l->lock);
	l->stop = 1;
	(void)pthread_cond_signal(&l->wake);
	(void)pthread_mutex_unlock(&l->lock);
	(void)pthread_join(l->thread, NULL);
}

void
door_limit_free(struct door_limit *l)
{
	(void)pthread_cond_destroy(&l->wake);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}
