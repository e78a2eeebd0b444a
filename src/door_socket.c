#include "door_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "units.h"

enum { FIRST_INHERITED = 3, BACKLOG = 1024, PORT_MAX = 65535 };

struct place {
	char host[NI_MAXHOST], port[8];
	int any;   /* all addresses of both families */
};

/* -1: EINVAL. */
static int
parse(const char *where, struct place *p)
{
	const char *colon = strrchr(where, ':'), *end = colon;
	int64_t number;

	if (colon == NULL || units_number(colon + 1, 0, PORT_MAX, &number) == -1)
		goto out;
	(void)snprintf(p->port, sizeof(p->port), "%d", (int)number);
	if (*where == '[') {
		where++;
		if (end == where || *--end != ']')
			goto out;
	} else if (memchr(where, ':', (size_t)(end - where)) != NULL)
		goto out;
	if (end <= where || (size_t)(end - where) >= sizeof(p->host))
		goto out;
	memcpy(p->host, where, (size_t)(end - where));
	p->host[end - where] = '\0';
	p->any = strcmp(p->host, "*") == 0;
	return 0;
out:
	errno = EINVAL;
	return -1;
}

static int
open_at(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, off = 0, saved;

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

/* The first of the addresses that can be had, of the wanted family. */
static int
open_first(const struct addrinfo *all, int family)
{
	int fd = -1;

	for (; all != NULL && fd == -1; all = all->ai_next)
		if (family == AF_UNSPEC || all->ai_family == family)
			fd = open_at(all);
	return fd;
}

int
door_socket_listen(const char *where, char *why, size_t size)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *all;
	struct place p = { .any = 0 };
	int r, fd = -1;

	if (parse(where, &p) == -1) {
		(void)snprintf(why, size, "not ADDR:PORT, [ADDR6]:PORT or *:PORT with a port from 0 to 65535");
		return -1;
	}
	if ((r = getaddrinfo(p.any ? NULL : p.host, p.port, &hints, &all)) != 0) {
		(void)snprintf(why, size, "%s", r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
		errno = EADDRNOTAVAIL;
		return -1;
	}
	/* One socket of the newer family hears the older one too. */
	if (p.any)
		fd = open_first(all, AF_INET6);
	if (fd == -1)
		fd = open_first(all, AF_UNSPEC);
	if (fd == -1)
		(void)snprintf(why, size, "%s", strerror(errno));
	freeaddrinfo(all);
	return fd;
}

int
door_socket_inherited(void)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	int64_t n, id;

	errno = ENOENT;
	if (fds == NULL || pid == NULL || units_number(pid, 1, INT32_MAX, &id) == -1 || id != getpid() ||
	    units_number(fds, 0, INT32_MAX, &n) == -1 || n == 0) {
		errno = ENOENT;
		return -1;
	}
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDNAMES");
	if (n > 1) {
		errno = E2BIG;
		return -1;
	}
	if (fcntl(FIRST_INHERITED, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	return FIRST_INHERITED;
}

int
door_socket_is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

char *
door_socket_name(int fd, char buf[DOOR_NAME_MAX])
{
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage room;
	} a = { .room = { 0 } };
	char host[INET6_ADDRSTRLEN + 32], port[8];
	socklen_t len = sizeof(a);

	(void)strlcpy(buf, "a socket", DOOR_NAME_MAX);
	if (getsockname(fd, &a.any, &len) == -1)
		return buf;
	if (a.any.sa_family == AF_UNIX)
		(void)strlcpy(buf, a.local.sun_path, DOOR_NAME_MAX);
	else if (getnameinfo(&a.any, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)snprintf(buf, DOOR_NAME_MAX, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
	return buf;
}
