#include "worker_state.h"

#include <sys/signalfd.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "io.h"
#include "spool_count.h"
#include "spool_event.h"
#include "spool_init.h"
#include "tool.h"

static int
read_policy(struct worker *w)
{
	struct policy p;
	char why[256];
	const char *what;

	if (spool_policy(&w->q, &p, why, sizeof(why)) == -1) {
		if (errno == EINVAL)
			warnx("%s/%s", w->q.word, why);
		else
			warn("%s/%s", w->q.word, why);
		return -1;
	}
	if (w->o->persistent && p.max_cpu != 0) {
		warnx("%s/queue.conf: max-cpu: not with --persistent, whose handler has many jobs and one count of its time", w->q.word);
		return -1;
	}
	if (spool_event_check(&w->q, &p, &what) == -1) {
		if (errno == ELOOP) {
			warnx("%s/queue.conf: %s: this queue itself; its jobs would never end", w->q.word, what);
			return -1;
		}
		(void)snprintf(why, sizeof(why), WORKER_NO_WAY, what);
		warn("%s: %s", w->q.word, why);
	}
	ends_wait(w);
	w->p = p;
	return 0;
}

/* Signals are read from a descriptor like everything else; they are blocked before the first supervisor starts. */
static int
catch_signals(struct worker *w)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	(void)signal(SIGPIPE, SIG_IGN);
	w->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return w->signals == -1 ? -1 : 0;
}

static void
take_signals(struct worker *w)
{
	struct signalfd_siginfo s;

	while (read(w->signals, &s, sizeof(s)) == (ssize_t)sizeof(s))
		switch (s.ssi_signo) {
		case SIGHUP:
			if (read_policy(w) == 0) {
				w->scan_at = 0;
				limit_renew(w);
			}
			break;
		case SIGCHLD:
			slot_reap();
			break;
		default:
			if (++w->stopping >= 2)
				slots_kill(w);
		}
}

static int
open_queue(struct worker *w)
{
	char why[256], host[64], text[1024];
	int error;

	if (spool_open(&w->q, w->o->queue) == -1) {
		error = errno;
		errx(tool_code(error), "%s", address_fault(text, sizeof(text), w->o->queue, 1, error));
	}
	if (spool_trusted(w->q.fd, why, sizeof(why)) == -1) {
		if (errno == EPERM)
			errx(EX_NOPERM, "%s: %s", w->o->queue, why);
		err(EX_NOPERM, "%s: %s", w->o->queue, why);
	}
	if (read_policy(w) == -1)
		return EX_CONFIG;
	if (spool_count_open(&w->q) == -1)
		warn("%s/%s: nothing is counted", w->o->queue, spool_dir_name(SPOOL_STAT));
	if ((w->dir = spool_real_path(&w->q)) == NULL)
		err(EX_OSERR, "%s", w->o->queue);
	if (gethostname(host, sizeof(host)) == -1)
		err(EX_OSERR, "gethostname");
	host[sizeof(host) - 1] = '\0';
	(void)snprintf(w->name, sizeof(w->name), "%s.%ld", host, (long)getpid());
	return slots_handler(w) ? EX_OK : EX_CONFIG;
}

static int64_t
wait_time(const struct worker *w)
{
	int64_t now = io_clock(), at = w->broken ? INT64_MAX : scan_next(w);

	if (w->hold_until > now && w->hold_until < at)
		at = w->hold_until;
	if (w->ring.at < at)
		at = w->ring.at;
	if (ends_next(w) < at)
		at = ends_next(w);
	if (backlog_next(w) < at)
		at = backlog_next(w);
	return at > now ? at - now : 0;
}

static void
wait_for_something(struct worker *w)
{
	struct pollfd fd[WORKER_SLOTS_MAX + 3];
	int64_t us = wait_time(w);
	struct timespec ts = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 };
	nfds_t n = 3;
	int i;

	fd[0] = (struct pollfd){ .fd = w->watch.fd, .events = POLLIN };
	fd[1] = (struct pollfd){ .fd = w->signals, .events = POLLIN };
	fd[2] = (struct pollfd){ .fd = w->ends.settler.fd, .events = POLLIN };
	for (i = 0; i < w->o->slots; i++)
		if (w->slot[i].busy)
			fd[n++] = (struct pollfd){ .fd = w->slot[i].fd, .events = POLLIN };
	if (ppoll(fd, n, &ts, NULL) == -1 && errno != EINTR)
		err(EX_OSERR, "poll");
}

static int
finished(struct worker *w)
{
	if (w->running > 0 || ends_any(w))
		return 0;
	if (w->stopping || w->broken)
		return 1;
	if (!w->o->drain)
		return 0;
	if (w->paused) {
		warnx("%s: the queue is paused; remove the file `pause` in it", w->q.word);
		w->broken = EX_TEMPFAIL;
		return 1;
	}
	return scan_nothing_left(w);
}

static void
look(struct worker *w)
{
	if (scan_again(w) == -1) {
		warn("%s", w->q.word);
		w->broken = EX_NOINPUT;
	}
	scan_promote(w);
}

static void
loop(struct worker *w)
{
	for (;;) {
		slots_collect(w);
		scan_hear(w);
		take_signals(w);
		if (!w->broken)
			look(w);
		ring_take(w);
		backlog_tell(w);
		slots_fill(w);
		if (finished(w))
			return;
		wait_for_something(w);
	}
}

int
worker_run(const struct worker_options *o)
{
	struct worker w = { .o = o, .signals = -1, .backlog = { .fd = -1, .shown = -1 }, .enrolled = { .fd = -1 }, .limits = { .group = { .own = -1 } } };
	int r = open_queue(&w);

	if (r == EX_OK) {
		cursor_start(&w);
		if (catch_signals(&w) == -1 || slots_start(&w) == -1 || scan_start(&w) == -1)
			err(EX_OSERR, "%s", o->queue);
		if (spool_enroll(&w.enrolled, &w.q, w.name, o->slots) == -1)
			warn("%s/%s: not shown among the workers", o->queue, spool_dir_name(SPOOL_STAT));
		loop(&w);
		r = w.broken;
	}
	slots_stop(&w);
	cursor_stop(&w);
	spool_leave(&w.enrolled, &w.q);
	window_clear(&w.ready);
	window_clear(&w.later);
	window_clear(&w.aside);
	window_clear(&w.stalled);
	window_clear(&w.backlog.old);
	window_lines_clear(&w.lines);
	watch_close(&w.watch);
	(void)io_close(&w.backlog.fd);
	(void)io_close(&w.backlog.shown);
	free(w.dir);
	spool_close(&w.q);
	return r;
}
