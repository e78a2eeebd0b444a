/*
 * post: clients that submit over HTTP, each on a connection that it keeps, one request after another.
 *
 *	post PORT TARGET CLIENTS REQUESTS
 *
 * Each request is a POST of 256 bytes to TARGET and is answered with 202, or with 200 where a peer does. Prints requests a
 * second and the p50 and p99 of their time in milliseconds.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 256, REPLY = 8192 };

struct client {
	int fd;
	double start;
	size_t n;
	char reply[REPLY + 1];
};

static struct sockaddr_in server = { .sin_family = AF_INET };
static char request[1024];
static size_t request_size;
static double *times;
static long total, sent, answered;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
open_client(struct client *c, int epoll)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 || connect(c->fd, (struct sockaddr *)&server, sizeof(server)) == -1 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e) == -1)
		err(1, "connect");
}

static void
ask(struct client *c)
{
	if (sent == total)
		return;
	sent++;
	c->n = 0;
	c->start = now();
	if (send(c->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size)
		err(1, "send");
}

/* 1 where all of the reply is there. */
static int
is_whole(struct client *c)
{
	const char *body, *length;

	c->reply[c->n] = '\0';
	if ((body = strstr(c->reply, "\r\n\r\n")) == NULL)
		return 0;
	if (strncmp(c->reply, "HTTP/1.1 20", 11) != 0)
		errx(1, "refused: %.*s", (int)strcspn(c->reply, "\r"), c->reply);
	length = strcasestr(c->reply, "\r\nContent-Length:");
	if (length == NULL || length > body)
		errx(1, "a reply without a length");
	return c->n >= (size_t)(body + 4 - c->reply) + strtoul(length + 17, NULL, 10);
}

static void
hear(struct client *c)
{
	ssize_t n = recv(c->fd, c->reply + c->n, REPLY - c->n, 0);

	if (n <= 0)
		err(1, "the server has closed a connection");
	c->n += (size_t)n;
	if (!is_whole(c))
		return;
	times[answered++] = now() - c->start;
	ask(c);
}

int
main(int argc, char *argv[])
{
	long clients = argc == 5 ? strtol(argv[3], NULL, 10) : 0, i;
	struct client *all = calloc((size_t)clients + 1, sizeof(*all));
	int epoll = epoll_create1(EPOLL_CLOEXEC), n;
	struct epoll_event events[64];
	char body[PAYLOAD + 1];
	double start;

	if (argc != 5)
		errx(64, "usage: post PORT TARGET CLIENTS REQUESTS");
	total = strtol(argv[4], NULL, 10);
	times = calloc((size_t)total + 1, sizeof(*times));
	if (all == NULL || times == NULL || epoll == -1)
		err(1, NULL);
	server.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(body, 'x', PAYLOAD);
	body[PAYLOAD] = '\0';
	request_size = (size_t)snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
	    "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%s", argv[2], argv[1], PAYLOAD, body);
	for (i = 0; i < clients; i++)
		open_client(&all[i], epoll);
	start = now();
	for (i = 0; i < clients; i++)
		ask(&all[i]);
	while (answered < total) {
		if ((n = epoll_wait(epoll, events, 64, 60000)) <= 0 && errno != EINTR)
			errx(1, "no answer for a minute");
		for (i = 0; i < n; i++)
			hear(events[i].data.ptr);
	}
	start = now() - start;
	qsort(times, (size_t)total, sizeof(*times), by_size);
	printf("%.0f %.3f %.3f\n", (double)total / start, times[total / 2] * 1e3, times[total * 99 / 100] * 1e3);
	return 0;
}
