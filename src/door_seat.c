#include "door_seat.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <time.h>

#include "io.h"

enum { SECOND = 1000000, MILLISECOND = 1000 };

/* How often to look: so many times in the shortest time, within bounds. Microseconds. */
static const int64_t looks = 8, look_least = 20000, look_most = SECOND / 4;
/* How long who has come in vain has to say what for. */
static const int64_t told_time = 2 * SECOND;

#define TOO_LATE "{\"title\": \"Request Timeout\", \"status\": 408, \"detail\": \"The request did not come in time.\"}\n"
#define TOO_LATE_LENGTH "91"

static const char too_late[] = "HTTP/1.1 408 Request Timeout\r\n"
    "Content-Type: application/problem+json\r\n"
    "Content-Length: " TOO_LATE_LENGTH "\r\n"
    "Connection: close\r\n"
    "\r\n" TOO_LATE;

_Static_assert(sizeof(TOO_LATE) - 1 == 91, "TOO_LATE_LENGTH");

/* What the kernel knows of it: bytes that have come, and bytes that the other side has taken. */
static int64_t
count_passed(const struct door_seat *s, enum door_phase phase)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (phase == DOOR_BODY)
		return atomic_load(&s->bytes);
	if (!s->tcp || getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return 0;
	return (int64_t)(phase == DOOR_SENDING ? info.tcpi_bytes_acked : info.tcpi_bytes_received);
}

/* 1: the client has yet to take something. That of others than TCP is left to the library's time without a byte. */
static int
owes(const struct door_seat *s)
{
	int left = 0;

	return s->tcp && ioctl(s->fd, SIOCOUTQ, &left) == 0 && left > 0;
}

/* 1: what it has sent lies unread: the slow ones are we. */
static int
is_unread(const struct door_seat *s)
{
	int unread = 0;

	return ioctl(s->fd, SIOCINQ, &unread) == 0 && unread > 0;
}

/*
 * libmicrohttpd 0.9 with epoll takes a short read for the last that there is, and so misses the end that has come with it.
 * To shut down what is shut wakes it again.
 */
static void
nudge(const struct door_seat *s, enum door_phase phase)
{
	struct pollfd p = { .fd = s->fd, .events = POLLRDHUP };

	if (phase == DOOR_DOOMED)
		(void)shutdown(s->fd, s->ends);
	else if (phase != DOOR_OURS && phase != DOOR_SENDING && poll(&p, 1, 0) == 1 && (p.revents & POLLRDHUP) != 0 && !is_unread(s))
		(void)shutdown(s->fd, SHUT_RD);
}

/* The descriptor is good: who closes it has to take the seat off first, which needs the lock that is held here. */
void
door_seat_doom(struct door_seat *s, enum door_phase phase, int told)
{
	const struct linger at_once = { .l_onoff = 1 };
	unsigned word = s->seen;

	if (phase == DOOR_BODY)
		atomic_store(&s->slow, 1);
	if (!atomic_compare_exchange_strong(&s->word, &word, door_seat_next(word, DOOR_DOOMED))) {
		atomic_store(&s->slow, 0);
		return;
	}
	if (told)
		(void)send(s->fd, too_late, sizeof(too_late) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* What it does not take would fill the kernel's memory for minutes. */
	if (phase == DOOR_SENDING)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	s->ends = phase == DOOR_BODY ? SHUT_RD : SHUT_RDWR;
	(void)shutdown(s->fd, s->ends);
}

static void
restart(struct door_seat *s, int64_t passed, int64_t now)
{
	s->since = now;
	s->base = passed;
}

/* A span ends well, and another begins, or badly: 1. */
static int
is_slow(struct door_seat *s, const struct door_rules *rules, int64_t passed, int64_t now)
{
	if (rules->rate == 0 || now - s->since < rules->rate_time)
		return 0;
	if ((passed - s->base) * MILLISECOND < rules->rate * (rules->rate_time / MILLISECOND))
		return 1;
	restart(s, passed, now);
	return 0;
}

static void
look_at_head(struct door_seat *s, const struct door_rules *rules, int64_t passed, int64_t now)
{
	int64_t time = s->over != 0 && told_time < rules->head_time ? told_time : rules->head_time;

	if (now - s->since > time && !is_unread(s))
		door_seat_doom(s, DOOR_HEAD, s->over == 0 && (passed > 0 || !s->tcp));
}

static void
look_at_idle(struct door_seat *s, const struct door_rules *rules, int64_t passed, int64_t now)
{
	if (s->begun)
		look_at_head(s, rules, passed, now);
	else if (passed != s->base) {
		s->begun = 1;
		s->since = now;
	} else if (now - s->since > rules->idle_time)
		door_seat_doom(s, DOOR_IDLE, 0);
}

static void
look_at(struct door_seat *s, const struct door_rules *rules, int64_t now)
{
	unsigned word = atomic_load(&s->word);
	enum door_phase phase = door_seat_phase(word);
	int64_t passed = count_passed(s, phase);

	if (word != s->seen) {
		s->seen = word;
		s->begun = 0;
		restart(s, passed, now);
	}
	/* What waits for us has a new span as soon as that is over. */
	if ((phase == DOOR_BODY && is_unread(s)) || (phase == DOOR_SENDING && !owes(s)))
		restart(s, passed, now);
	nudge(s, phase);
	switch (phase) {
	case DOOR_HEAD:
		look_at_head(s, rules, passed, now);
		break;
	case DOOR_IDLE:
		look_at_idle(s, rules, passed, now);
		break;
	case DOOR_BODY:
	case DOOR_SENDING:
		if (is_slow(s, rules, passed, now) || (s->over != 0 && now - s->since_accept > rules->head_time))
			door_seat_doom(s, phase, 0);
		break;
	default:
		break;
	}
}

/* Others get in between two buckets. */
static void
look_at_all(struct door_limit *l)
{
	int64_t now = io_clock() - l->skew;
	struct door_seat *s;
	size_t i;

	for (i = 0; i < DOOR_BUCKETS && !l->stop; i++) {
		for (s = l->bucket[i]; s != NULL; s = s->next)
			look_at(s, &l->rules, now);
		(void)pthread_mutex_unlock(&l->lock);
		(void)pthread_mutex_lock(&l->lock);
	}
}

static int64_t
count_pause(const struct door_rules *r)
{
	int64_t least = r->head_time;

	if (r->idle_time < least)
		least = r->idle_time;
	if (r->rate != 0 && r->rate_time < least)
		least = r->rate_time;
	least /= looks;
	return least < look_least ? look_least : least > look_most ? look_most : least;
}

/* Until the next look, or the end. A machine that was stopped meanwhile has held all of them up. */
static void
rest(struct door_limit *l, int64_t pause)
{
	int64_t at = io_clock() + pause, late;
	const struct timespec until = { .tv_sec = at / SECOND, .tv_nsec = at % SECOND * 1000 };

	while (!l->stop && pthread_cond_timedwait(&l->wake, &l->lock, &until) == 0)
		;
	late = io_clock() - at;
	if (late > pause)
		l->skew += late;
}

void *
door_seat_watch(void *limit)
{
	struct door_limit *l = limit;
	int64_t pause = count_pause(&l->rules);

	(void)pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (l->seats == 0) {
			(void)pthread_cond_wait(&l->wake, &l->lock);
			continue;
		}
		rest(l, pause);
		look_at_all(l);
	}
	(void)pthread_mutex_unlock(&l->lock);
	return NULL;
}
