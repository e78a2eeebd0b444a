#include "door_run.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "door_mhd.h"
#include "door_relay.h"
#include "io.h"

enum {
	HEAD_MEMORY = 16384,      /* of a connection: its head, and what is read of its body at a time */
	TIMEOUT = 30,             /* seconds without a byte */
	CONNECTIONS_MAX = 4096, CONNECTIONS_MIN = 16,
	FILES_EACH = 4,           /* descriptors a connection may need: itself, its queue, its draft or result, one in passing */
	FILES_OTHER = 64,
	THREADS_MIN = 2, THREADS_MAX = 16,
	DRAIN = 30000             /* milliseconds that requests have to end after a signal */
};

struct daemon {
	struct door door;
	struct MHD_Daemon *mhd;
	int signals, event;       /* event: the last request, or the single connection, has ended */
};

static void
ring(void *arg)
{
	const struct daemon *d = arg;
	uint64_t one = 1;

	(void)io_write(d->event, &one, sizeof(one));
}

static void
on_connection(void *arg, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code)
{
	(void)conn;
	(void)context;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		ring(arg);
}

/* Before any thread is there, so that none of them takes the signals. */
static int
prepare(struct daemon *d, const struct door_run *run)
{
	sigset_t set;

	*d = (struct daemon){ .door = { .say = run->say, .idle = ring, .arg = d }, .event = -1 };
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if ((errno = pthread_sigmask(SIG_BLOCK, &set, NULL)) != 0)
		return -1;
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals != -1)
		d->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->event != -1)
		d->door.wait = web_wait_new();
	return d->door.wait == NULL ? -1 : 0;
}

static void
finish(struct daemon *d)
{
	int saved = errno;

	if (d->door.checker != NULL)
		web_checker_stop(d->door.checker);
	if (d->door.slow != NULL)
		web_slow_stop(d->door.slow);
	if (d->door.commit != NULL)
		web_commit_stop(d->door.commit);
	if (d->door.wait != NULL)
		web_wait_stop(d->door.wait);
	if (d->mhd != NULL)
		MHD_stop_daemon(d->mhd);
	if (d->door.commit != NULL)
		web_commit_free(d->door.commit);
	if (d->door.wait != NULL)
		web_wait_free(d->door.wait);
	if (d->door.checker != NULL)
		web_checker_free(d->door.checker);
	if (d->door.slow != NULL)
		web_slow_free(d->door.slow);
	(void)io_close(&d->signals);
	(void)io_close(&d->event);
	errno = saved;
}

/* Waits for a signal, 1, or for the event, 0; -1: neither came in time. */
static int
wait_for(const struct daemon *d, int timeout)
{
	struct pollfd p[2] = { { .fd = d->signals, .events = POLLIN }, { .fd = d->event, .events = POLLIN } };
	struct signalfd_siginfo info;
	uint64_t count;

	while (poll(p, 2, timeout) == -1)
		if (errno != EINTR)
			return -1;
	if (p[0].revents != 0)
		return io_read(d->signals, &info, sizeof(info)) > 0;
	if (p[1].revents != 0)
		return io_read(d->event, &count, sizeof(count)) < 0;
	return -1;
}

/* No request begins any more; those that have begun end, unless that takes too long or a second signal comes. */
static void
drain(struct daemon *d)
{
	atomic_store(&d->door.closing, 1);
	web_wait_stop(d->door.wait);
	while (atomic_load(&d->door.requests) > 0 && wait_for(d, DRAIN) == 0)
		;
}

/* As many connections as there are descriptors for. */
static unsigned
count_connections(void)
{
	struct rlimit r;
	rlim_t n;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return CONNECTIONS_MIN;
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		(void)getrlimit(RLIMIT_NOFILE, &r);
	}
	n = r.rlim_cur == RLIM_INFINITY ? CONNECTIONS_MAX : r.rlim_cur > FILES_OTHER ? (r.rlim_cur - FILES_OTHER) / FILES_EACH : 0;
	return n > CONNECTIONS_MAX ? CONNECTIONS_MAX : n < CONNECTIONS_MIN ? CONNECTIONS_MIN : (unsigned)n;
}

static unsigned
count_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < THREADS_MIN ? THREADS_MIN : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* What both kinds of daemon have in common. `more` are the options of one of them. */
static int
start(struct daemon *d, unsigned flags, const struct MHD_OptionItem *more)
{
	flags |= MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	errno = 0;
	d->mhd = MHD_start_daemon(flags, 0, NULL, NULL, door_mhd_access, &d->door,
	    MHD_OPTION_URI_LOG_CALLBACK, door_mhd_begin, &d->door,
	    MHD_OPTION_NOTIFY_COMPLETED, door_mhd_end, &d->door,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT,
	    MHD_OPTION_ARRAY, more,
	    MHD_OPTION_END);
	if (d->mhd == NULL && errno == 0)
		errno = EINVAL;
	return d->mhd == NULL ? -1 : 0;
}

int
door_run_listen(const struct door_run *run)
{
	unsigned connections = count_connections();
	const struct MHD_OptionItem more[] = {
		{ MHD_OPTION_LISTEN_SOCKET, run->fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections, NULL },
		/* No client alone takes all of them, not even a proxy in front. */
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)(connections - connections / 4), NULL },
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)count_threads(), NULL },
		{ MHD_OPTION_END, 0, NULL }
	};
	struct daemon d;
	int r = -1;

	if (prepare(&d, run) == -1 || (d.door.commit = web_commit_start()) == NULL ||
	    (d.door.checker = web_checker_new()) == NULL || (d.door.slow = web_slow_new()) == NULL || start(&d, 0, more) == -1)
		goto out;
	while (wait_for(&d, -1) != 1)
		;
	r = MHD_quiesce_daemon(d.mhd);
	if (r != -1)
		(void)close(r);
	r = 0;
	drain(&d);
out:
	finish(&d);
	return r;
}

int
door_run_single(const struct door_run *run)
{
	struct daemon d;
	const struct MHD_OptionItem more[] = {
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, &d },
		{ MHD_OPTION_END, 0, NULL }
	};
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);
	struct door_relay relay;
	struct stat st;
	int fd = run->fd, r = -1, relayed;

	if (fstat(fd, &st) == -1)
		return -1;
	relayed = !S_ISSOCK(st.st_mode);
	if (prepare(&d, run) == -1 || (relayed && (fd = door_relay_start(&relay, fd, STDOUT_FILENO)) == -1))
		goto out;
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1) {
		r = errno == ENOTCONN ? 0 : -1;
		goto out;
	}
	if (start(&d, MHD_USE_NO_LISTEN_SOCKET, more) == -1 ||
	    MHD_add_connection(d.mhd, fd, (const struct sockaddr *)&peer, len) != MHD_YES)
		goto out;
	if (wait_for(&d, -1) == 1)
		drain(&d);
	r = 0;
out:
	finish(&d);
	if (r == 0 && relayed)
		r = door_relay_wait(&relay);
	return r;
}
