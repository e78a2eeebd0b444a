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

#include "door_limit.h"
#include "door_mhd.h"
#include "door_relay.h"
#include "io.h"

enum {
	/*
	 * Of a connection: its head of at most DOOR_HEAD_MAX with where its fields are, the head of its reply, and what is read
	 * of a body at a time.
	 */
	MEMORY = 16384,
	TIMEOUT = 30,             /* seconds without a byte, for what the limits do not see */
	CONNECTIONS_MIN = 16,
	FILES_EACH = 4,           /* descriptors a connection may need: itself, its queue, its draft or result, one in passing */
	FILES_OTHER = 64 + DOOR_LIMIT_SPARE,
	THREADS_MIN = 2, THREADS_MAX = 16,
	SECOND = 1000000, SPARE_TIME = 5 * SECOND,
	DRAIN = 30000             /* milliseconds that requests have to end after a signal */
};

struct daemon {
	struct door door;
	struct door_rules rules;
	struct door_limit *limit;
	struct MHD_Daemon *mhd;
	int single, signals, event;   /* event: the last request, or the single connection, has ended */
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
	const struct daemon *d = arg;

	door_limit_notify(d->limit, conn, context, code);
	if (d->single && code == MHD_CONNECTION_NOTIFY_CLOSED)
		ring(arg);
}

/* As many connections as there are descriptors for. */
static void
limit_connections(struct door_rules *rules)
{
	int64_t most = rules->connections;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		r.rlim_cur = r.rlim_max = 0;
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		(void)getrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur != RLIM_INFINITY)
		most = r.rlim_cur > FILES_OTHER ? (int64_t)(r.rlim_cur - FILES_OTHER) / FILES_EACH : 0;
	if (most < CONNECTIONS_MIN)
		most = CONNECTIONS_MIN;
	if (rules->connections > most)
		rules->connections = most;
	if (rules->in_flight == 0)
		rules->in_flight = (rules->connections + 1) / 2;
}

/* Before any thread is there, so that none of them takes the signals. */
static int
prepare(struct daemon *d, const struct door_run *run)
{
	sigset_t set;

	*d = (struct daemon){ .door = { .say = run->say, .idle = ring, .arg = d }, .rules = run->rules, .event = -1 };
	limit_connections(&d->rules);
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
	if (d->door.wait != NULL)
		d->limit = door_limit_start(&d->rules);
	return d->limit == NULL ? -1 : 0;
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
	if (d->limit != NULL)
		door_limit_stop(d->limit);
	if (d->mhd != NULL)
		MHD_stop_daemon(d->mhd);
	if (d->limit != NULL)
		door_limit_free(d->limit);
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

static unsigned
count_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < THREADS_MIN ? THREADS_MIN : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* The library's own time without a byte is longer than those that the limits know better how to end. */
static unsigned
count_timeout(const struct door_rules *r)
{
	int64_t most = TIMEOUT * SECOND, i;
	const int64_t times[] = { r->head_time, r->idle_time, r->rate == 0 ? 0 : r->rate_time };

	for (i = 0; i < (int64_t)(sizeof(times) / sizeof(*times)); i++)
		if (times[i] + SPARE_TIME > most)
			most = times[i] + SPARE_TIME;
	return (unsigned)(most / SECOND);
}

/* What both kinds of daemon have in common. `more` are the options of one of them. */
static int
start(struct daemon *d, unsigned flags, const struct MHD_OptionItem *more)
{
	flags |= MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	errno = 0;
	d->mhd = MHD_start_daemon(flags, 0, NULL, NULL, door_mhd_access, &d->door,
	    MHD_OPTION_URI_LOG_CALLBACK, door_mhd_begin, &d->door,
	    MHD_OPTION_NOTIFY_COMPLETED, door_mhd_end, &d->door,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, d,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, count_timeout(&d->rules),
	    MHD_OPTION_ARRAY, more,
	    MHD_OPTION_END);
	if (d->mhd == NULL && errno == 0)
		errno = EINVAL;
	return d->mhd == NULL ? -1 : 0;
}

int
door_run_listen(const struct door_run *run)
{
	struct MHD_OptionItem more[] = {
		{ MHD_OPTION_LISTEN_SOCKET, run->fd, NULL },
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)count_threads(), NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, 0, NULL },
		{ MHD_OPTION_END, 0, NULL }
	};
	struct daemon d;
	int r = -1;

	if (prepare(&d, run) == -1 || (d.door.commit = web_commit_start()) == NULL ||
	    (d.door.checker = web_checker_new()) == NULL || (d.door.slow = web_slow_new()) == NULL)
		goto out;
	/* Who is one too many is told so, and does not stay in the kernel's queue. */
	more[2].value = (intptr_t)(d.rules.connections + DOOR_LIMIT_SPARE);
	if (start(&d, MHD_USE_EPOLL_INTERNAL_THREAD, more) == -1)
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
	const struct MHD_OptionItem none = { MHD_OPTION_END, 0, NULL };
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);
	struct door_relay relay;
	struct stat st;
	int fd = run->fd, r = -1, relayed;

	if (fstat(fd, &st) == -1)
		return -1;
	relayed = !S_ISSOCK(st.st_mode);
	if (prepare(&d, run) == -1)
		goto out;
	d.single = 1;
	if (relayed && (fd = door_relay_start(&relay, fd, STDOUT_FILENO)) == -1)
		goto out;
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1) {
		r = errno == ENOTCONN ? 0 : -1;
		goto out;
	}
	if (start(&d, MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET, &none) == -1 ||
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
