#include "door_relay.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include "io.h"

enum { PIECE = 16384 };

static int
copy(int from, int to)
{
	char buf[PIECE];
	ssize_t n;

	while ((n = io_read(from, buf, sizeof(buf))) > 0)
		if (io_write(to, buf, (size_t)n) == -1)
			return errno;
	return 0;
}

static void *
read_all(void *arg)
{
	struct door_relay *r = arg;

	(void)copy(r->in, r->socket);
	(void)shutdown(r->socket, SHUT_WR);
	return NULL;
}

static void *
write_all(void *arg)
{
	struct door_relay *r = arg;

	r->error = copy(r->socket, r->out);
	/* The client is gone: whoever serves it must not wait for room. */
	if (r->error != 0)
		(void)shutdown(r->socket, SHUT_RDWR);
	return NULL;
}

int
door_relay_start(struct door_relay *r, int in, int out)
{
	int pair[2], error;

	*r = (struct door_relay){ .in = in, .out = out };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	r->socket = pair[0];
	if ((error = pthread_create(&r->reader, NULL, read_all, r)) == 0 &&
	    (error = pthread_create(&r->writer, NULL, write_all, r)) == 0)
		return pair[1];
	(void)close(pair[0]);
	(void)close(pair[1]);
	errno = error;
	return -1;
}

int
door_relay_wait(struct door_relay *r)
{
	/* The reader may wait for ever for a client that has nothing more to say; it ends with the process. */
	(void)pthread_join(r->writer, NULL);
	errno = r->error;
	return r->error == 0 ? 0 : -1;
}
