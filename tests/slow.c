/*
 * slow: many clients at once that take their time. `slow [-a ADDRESSES] [-b BYTES] [-f FIRST] [-i MS] [-n N] [-p TARGET]
 * MODE PORT`, where MODE is
 *
 *	silent   says nothing
 *	head     sends a head without end
 *	again    the same, as the second request of its connection
 *	idle     sends one request, and no second
 *	body     sends a head and then a body without end, or of BYTES bytes
 *	reader   asks for TARGET and reads what comes
 *
 * a byte, or STEP of -s, each MS milliseconds, on N connections that are spread over as many ADDRESSES from FIRST
 * (127.0.1.1) on; FIRST may be 127.0.0.1. The first BYTES of -h go at once. Prints "up" when all are there and have sent
 * what goes at once; then, as each ends, the status it was answered with last, or "none", and "closed" or "reset" and after
 * how many milliseconds. SIGTERM, or the end of all, ends it; who is there then is "open".
 */
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum mode { SILENT, HEAD, AGAIN, IDLE, BODY, READER, MODES };

static const char *const names[MODES] = { "silent", "head", "again", "idle", "body", "reader" };

struct client {
	int fd;              /* -1: it has ended */
	char status[4];      /* of the last reply */
	int64_t next;        /* when to send or read again */
	long left;           /* of a body */
	size_t at;           /* bytes matched of "HTTP/1.1 " */
};

static struct {
	enum mode mode;
	int port, n, addresses, step;
	long bytes, first_bytes;
	int64_t every;
	const char *first, *target;
} o = { .n = 1, .addresses = 1, .step = 1, .bytes = -1, .every = 1000, .first = "127.0.1.1", .target = "/" };

static volatile sig_atomic_t over;
static int64_t start;

static void
on_term(int sig)
{
	(void)sig;
	over = 1;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
end(struct client *c, const char *how)
{
	printf("%s %s %lld\n", c->status[0] != '\0' ? c->status : "none", how, (long long)(now_ms() - start));
	(void)fflush(stdout);
	(void)close(c->fd);
	c->fd = -1;
}

/* 0: it cannot be sent to any more; what it was told is still to be read. */
static int
put(const struct client *c, const char *text, size_t n)
{
	return send(c->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void
say_first(struct client *c)
{
	char head[512], fill[8192];
	int n = 0;

	c->left = o.bytes;
	if (o.mode == READER || o.mode == IDLE || o.mode == AGAIN)
		n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", o.target);
	else if (o.mode == BODY && o.bytes >= 0)
		n = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %ld\r\n\r\n", o.target, o.bytes);
	else if (o.mode == BODY)
		n = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", o.target);
	else if (o.mode == HEAD)
		n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: x\r\nX: ", o.target);
	(void)put(c, head, (size_t)n);
	if (o.first_bytes > 0 && o.first_bytes <= (long)sizeof(fill)) {
		memset(fill, 'x', sizeof(fill));
		(void)put(c, fill, (size_t)o.first_bytes);
		c->left -= o.first_bytes;
	}
}

static void
open_one(struct client *c, int i)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	int small = 2048, on = 1;

	(void)inet_aton(o.first, &from.sin_addr);
	from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + (uint32_t)(i % o.addresses));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)o.port);
	*c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (c->fd == -1)
		err(1, "socket");
	(void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (o.mode == READER)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == -1 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		err(1, "connection %d", i);
	(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
	say_first(c);
	/* Each at its own time within the interval. */
	c->next = now_ms() + 1 + o.every * (i % 100) / 100;
}

/* Finds the status of each reply in what comes. */
static void
hear(struct client *c, const char *text, size_t n)
{
	static const char word[] = "HTTP/1.1 ";
	size_t i, len = sizeof(word) - 1;

	for (i = 0; i < n; i++)
		if (c->at < len)
			c->at = text[i] == word[c->at] ? c->at + 1 : text[i] == word[0];
		else {
			c->status[c->at++ - len] = text[i];
			if (c->at == len + 3)
				c->at = 0;
		}
}

static void
read_some(struct client *c, size_t most)
{
	char buf[8192];
	ssize_t n = recv(c->fd, buf, most < sizeof(buf) ? most : sizeof(buf), 0);

	if (n > 0)
		hear(c, buf, (size_t)n);
	else if (n == 0)
		end(c, "closed");
	else if (errno != EAGAIN && errno != EINTR)
		end(c, "reset");
}

static void
act(struct client *c, int64_t now)
{
	static const char again[] = "GET /";
	char fill[4096];
	size_t n = (size_t)o.step;

	c->next = now + o.every;
	memset(fill, 'x', sizeof(fill));
	if (o.mode == READER)
		read_some(c, n);
	else if (o.mode == AGAIN && c->status[0] != '\0' && c->left < 0) {
		(void)put(c, again, sizeof(again) - 1);
		c->left = 0;
	} else if (o.mode == HEAD || (o.mode == AGAIN && c->status[0] != '\0'))
		(void)put(c, fill, n);
	else if (o.mode == BODY && c->left != 0) {
		if (c->left > 0 && n > (size_t)c->left)
			n = (size_t)c->left;
		(void)put(c, fill, n);
		if (c->left > 0)
			c->left -= (long)n;
	}
}

/* Returns how many are left. */
static int
turn(struct client *all, struct pollfd *p)
{
	int64_t now = now_ms(), next = now + o.every;
	int i, left = 0;

	for (i = 0; i < o.n; i++) {
		p[i] = (struct pollfd){ .fd = all[i].fd, .events = o.mode == READER ? 0 : POLLIN };
		left += all[i].fd != -1;
		if (all[i].fd != -1 && all[i].next < next)
			next = all[i].next;
	}
	if (left == 0 || (poll(p, (nfds_t)o.n, next > now ? (int)(next - now) : 0) == -1 && errno != EINTR))
		return 0;
	now = now_ms();
	for (i = 0; i < o.n; i++) {
		if (all[i].fd != -1 && p[i].revents != 0)
			read_some(&all[i], SIZE_MAX);
		if (all[i].fd != -1 && now >= all[i].next)
			act(&all[i], now);
	}
	return left;
}

static void
parse(int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "a:b:f:h:i:n:p:s:")) != -1)
		switch (c) {
		case 'a': o.addresses = atoi(optarg); break;
		case 'b': o.bytes = atol(optarg); break;
		case 'f': o.first = optarg; break;
		case 'h': o.first_bytes = atol(optarg); break;
		case 'i': o.every = atol(optarg); break;
		case 'n': o.n = atoi(optarg); break;
		case 'p': o.target = optarg; break;
		case 's': o.step = atoi(optarg); break;
		default: exit(EX_USAGE);
		}
	if (argc - optind != 2)
		errx(EX_USAGE, "MODE and PORT");
	for (o.mode = 0; o.mode < MODES && strcmp(names[o.mode], argv[optind]) != 0; o.mode++)
		;
	o.port = atoi(argv[optind + 1]);
	if (o.mode == MODES || o.n < 1 || o.addresses < 1 || o.step < 1 || o.step > 4096)
		errx(EX_USAGE, "no such mode or number");
}

static void
raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
main(int argc, char *argv[])
{
	const struct sigaction sa = { .sa_handler = on_term };
	struct client *all;
	struct pollfd *p;
	int i;

	parse(argc, argv);
	raise_limit();
	all = calloc((size_t)o.n, sizeof(*all));
	p = calloc((size_t)o.n, sizeof(*p));
	if (all == NULL || p == NULL)
		err(1, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	start = now_ms();
	for (i = 0; i < o.n; i++)
		open_one(&all[i], i);
	puts("up");
	(void)fflush(stdout);
	while (!over && turn(all, p) > 0)
		;
	for (i = 0; i < o.n; i++)
		if (all[i].fd != -1)
			end(&all[i], "open");
	free(all);
	free(p);
	return 0;
}
