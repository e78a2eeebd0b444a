#include "child_state.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "slot.h"
#include "tree.h"

enum { FIRST_LOOK = 100000, NEXT_LOOK = 1000000 };   /* microseconds between looks at the sizes of the outputs */

int
child_reap(struct attempt *a)
{
	struct rusage u;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &u)) > 0) {
		if (pid == a->pid) {
			a->pid = -1;
			a->status = status;
		}
		a->cpu += (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000);
		a->cpu += u.ru_utime.tv_usec + u.ru_stime.tv_usec;
		if (u.ru_maxrss * INT64_C(1024) > a->max_rss)
			a->max_rss = u.ru_maxrss * INT64_C(1024);
	}
	return pid == 0;
}

/* In its own namespace one kill(2) strikes all others at once, and no fork can slip by. */
void
child_kill_tree(const struct supervisor *s, struct attempt *a)
{
	siginfo_t si;
	int r;

	do {
		r = s->init ? kill(-1, SIGKILL) : tree_kill(NULL);
		if (r == 0 || errno == ESRCH)
			(void)waitid(P_ALL, 0, &si, WEXITED | WNOWAIT);
		else
			(void)poll(NULL, 0, 10);
	} while (child_reap(a));
}

static int64_t
after(int64_t now, int64_t us)
{
	return us > INT64_MAX - now ? INT64_MAX : now + us;
}

/* Asks the attempt to end. One that stopped itself could not hear it. */
static void
terminate(struct attempt *a, enum slot_end why, int64_t now)
{
	a->end = why;
	a->deadline = after(now, a->order.kill_after);
	if (kill(-a->pid, SIGTERM) != 0)
		(void)kill(a->pid, SIGTERM);
	(void)kill(-a->pid, SIGCONT);
}

static int
too_large(const struct attempt *a)
{
	struct stat st;

	return (fstat(a->fd[1], &st) == 0 && st.st_size > a->order.max_out) ||
	    (fstat(a->fd[2], &st) == 0 && st.st_size > a->order.max_err);
}

/* Waits for SIGCHLD, a message, a word of a kept command or the next thing to do. 1: there is a message. */
static int
wait_event(const struct supervisor *s, const struct attempt *a, int64_t now)
{
	struct pollfd p[3] = { { .fd = s->fd, .events = POLLIN }, { .events = POLLIN }, { .events = POLLIN } };
	int kept[2], n = a->line == NULL ? 0 : child_keep_fds(kept), i;
	int64_t next = a->deadline < a->look ? a->deadline : a->look, us = next > now ? next - now : 0;
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = (us % 1000000) * 1000 };

	for (i = 0; i < n; i++)
		p[1 + i].fd = kept[i];
	return ppoll(p, 1 + (nfds_t)n, &t, &s->events) > 0 && p[0].revents != 0;
}

static void
take_message(const struct supervisor *s, struct attempt *a, int64_t now)
{
	char word;

	if (recv(s->fd, &word, 1, 0) <= 0) {
		child_kill_tree(s, a);
		_exit(0);
	}
	if (++a->kills == 1 && a->end == SLOT_EXITED)
		terminate(a, SLOT_STOPPED, now);
}

/* 1: the time of asking is over. */
static int
overdue(struct attempt *a, int64_t now)
{
	if (a->kills > 1)
		return 1;
	if (now >= a->deadline) {
		if (a->end != SLOT_EXITED)
			return 1;
		terminate(a, SLOT_TIMEDOUT, now);
	}
	if (now >= a->look) {
		a->look = now + NEXT_LOOK;
		if (too_large(a)) {
			if (a->end == SLOT_EXITED)
				a->end = SLOT_OVERFLOW;
			return 1;
		}
	}
	return 0;
}

/* Until the main process has ended, or had its time; then nothing else is left either. */
void
child_watch(const struct supervisor *s, struct attempt *a)
{
	int64_t now = io_clock();
	int left = 1, message;

	a->end = SLOT_EXITED;
	a->kills = a->answered = 0;
	a->cpu = a->max_rss = 0;
	a->deadline = after(now, a->order.timeout);
	a->look = now + FIRST_LOOK;
	for (;;) {
		message = wait_event(s, a, now);
		left = child_reap(a);
		if (a->line != NULL)
			child_keep_hear(a);
		if (a->pid == -1 || a->answered)
			break;
		now = io_clock();
		if (message)
			take_message(s, a, now);
		if (overdue(a, now))
			break;
	}
	if (a->end == SLOT_EXITED && too_large(a))
		a->end = SLOT_OVERFLOW;
	/* A kept command that has answered lives on, and what it has started with it. */
	if (left && (a->answered != 1 || a->pid == -1 || a->end != SLOT_EXITED))
		child_kill_tree(s, a);
}
