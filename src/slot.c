#include "slot.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "io.h"
#include "tree.h"

/* The children of this process that are no orphans: its supervisors, and what it had before the first of them. */
static struct {
	pid_t *pid;
	size_t n, room;
	struct rlimit files;   /* as they were found */
	int ready;
} family;

static int
family_room(void)
{
	size_t room;
	pid_t *p;

	if (family.n < family.room)
		return 0;
	room = family.room + 32;
	if ((p = reallocarray(family.pid, room, sizeof(*p))) == NULL)
		return -1;
	family.pid = p;
	family.room = room;
	return 0;
}

static void
family_add(void *arg, pid_t pid)
{
	int *error = arg;

	if (family_room() == 0)
		family.pid[family.n++] = pid;
	else
		*error = errno;
}

static void
family_drop(pid_t pid)
{
	size_t i;

	for (i = 0; i < family.n; i++)
		if (family.pid[i] == pid) {
			family.pid[i] = family.pid[--family.n];
			return;
		}
}

static int
family_has(pid_t pid)
{
	size_t i;

	for (i = 0; i < family.n; i++)
		if (family.pid[i] == pid)
			return 1;
	return 0;
}

/* Slots need descriptors here; what they run goes on with as many as this process was given. */
static int
more_files(void)
{
	struct rlimit all;

	if (getrlimit(RLIMIT_NOFILE, &family.files) != 0)
		return -1;
	all = family.files;
	all.rlim_cur = all.rlim_max;
	/* Not where the system has come to allow less than that. */
	(void)setrlimit(RLIMIT_NOFILE, &all);
	return 0;
}

/* Before the first supervisor. A parent that ignored SIGCHLD would have its children reaped by the kernel. */
static int
family_begin(void)
{
	struct sigaction sa;
	int error = 0;

	if (family.ready)
		return 0;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || sigaction(SIGCHLD, NULL, &sa) != 0 || more_files() != 0)
		return -1;
	if (sa.sa_handler == SIG_IGN && signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -1;
	if (tree_each(family_add, &error) != 0 && errno != ENOSYS)
		return -1;
	if (error != 0) {
		family.n = 0;
		errno = error;
		return -1;
	}
	family.ready = 1;
	return 0;
}

/*
 * As fork(2), with *init set to 1 where the child is the first process of its own PID namespace. That takes privilege;
 * without it the supervisor has to find its descendants in /proc.
 * A thread of this process may be in malloc(3) just now: what is begun by the bare call must not allocate; fork(3) sees to it.
 */
static pid_t
spawn(int *init)
{
	struct clone_args args;
	long pid;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_NEWPID;
	args.exit_signal = SIGCHLD;
	*init = 1;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid != -1 || errno == EAGAIN || errno == ENOMEM)
		return (pid_t)pid;
	*init = 0;
	return tree_usable() == 0 ? fork() : -1;
}

int
slot_start(struct slot *s)
{
	int error, init, pair[2];
	sigset_t all, old;

	s->pid = -1;
	s->fd = -1;
	s->busy = 0;
	if (family_begin() != 0 || family_room() != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	/* This process' handlers must not run in the supervisor. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	s->pid = spawn(&init);
	error = errno;
	if (s->pid == 0) {
		(void)close(pair[0]);
		(void)setrlimit(RLIMIT_NOFILE, &family.files);
		child_supervise(pair[1], init);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)io_close(&pair[1]);
	if (s->pid == -1) {
		(void)io_close(&pair[0]);
		errno = error;
		return -1;
	}
	family.pid[family.n++] = s->pid;
	s->fd = pair[0];
	return 0;
}

/* Appends the words to the block of size CHILD_BLOCK that holds *used bytes. */
static int
pack(char *block, size_t *used, char *const *words, uint32_t *count)
{
	size_t n;

	for (*count = 0; words[*count] != NULL; (*count)++) {
		n = strlen(words[*count]) + 1;
		if (n > CHILD_BLOCK - *used || *count == CHILD_WORDS) {
			errno = E2BIG;
			return -1;
		}
		memcpy(block + *used, words[*count], n);
		*used += n;
	}
	return 0;
}

static int
send_order(int fd, const struct child_order *o, const char *block, size_t used, const struct slot_attempt *a)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)(uintptr_t)o, .iov_len = sizeof(*o) },
		{ .iov_base = (void *)(uintptr_t)block, .iov_len = used }
	};
	union {
		char buf[CMSG_SPACE(CHILD_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.buf };
	struct cmsghdr *c;
	int given[CHILD_FDS] = { a->in, a->out, a->err };
	size_t fds = 3;
	ssize_t n;

	if (o->token)
		given[fds++] = a->token;
	if (o->cgroup)
		given[fds++] = a->cgroup;
	memset(&control, 0, sizeof(control));
	m.msg_controllen = CMSG_SPACE(fds * sizeof(int));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(fds * sizeof(int));
	memcpy(CMSG_DATA(c), given, fds * sizeof(int));
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

int
slot_kill(struct slot *s)
{
	const char word = CHILD_KILL;
	ssize_t n;

	if (!s->busy) {
		errno = ESRCH;
		return -1;
	}
	do
		n = send(s->fd, &word, 1, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	/* A supervisor that has died is told by slot_result. */
	return n == -1 && errno != EPIPE && errno != ECONNRESET ? -1 : 0;
}

static void
reap(void *arg, pid_t pid)
{
	pid_t *left = arg;

	if (!family_has(pid) && waitpid(pid, NULL, WNOHANG) == 0)
		*left = pid;
}

/* Returns when no orphan is left: those of another user, which cannot be killed, are waited for. */
static void
end_orphans(void)
{
	siginfo_t si;
	pid_t left;

	do {
		left = 0;
		if (tree_kill(family_has) != 0 || tree_each(reap, &left) != 0) {
			/* Every supervisor had a namespace, and so leaves no orphans. */
			if (errno == ENOSYS)
				return;
			left = -1;
			(void)poll(NULL, 0, 10);
		} else if (left != 0)
			(void)waitid(P_PID, (id_t)left, &si, WEXITED | WNOWAIT);
	} while (left != 0);
}

/* The end of a supervisor that goes or has gone. In a namespace its own end waits for that of all others there. */
static void
leave(struct slot *s)
{
	(void)io_close(&s->fd);
	(void)kill(s->pid, SIGCONT);
	while (waitpid(s->pid, NULL, 0) == -1 && errno == EINTR)
		;
	family_drop(s->pid);
	s->pid = -1;
	s->busy = 0;
	end_orphans();
}

int
slot_run(struct slot *s, const struct slot_attempt *a)
{
	char block[CHILD_BLOCK];
	struct child_order o = {
		.timeout = a->timeout, .kill_after = a->kill_after, .max_out = a->max_out, .max_err = a->max_err,
		.limits = a->limits, .token = a->token != 0, .cgroup = a->cgroup != 0,
		.line = a->line != NULL
	};
	char *const line[2] = { (char *)(uintptr_t)a->line, NULL };
	uint32_t lines;
	size_t used = 0;
	int r;

	if (s->busy || s->pid <= 0 || a->argv[0] == NULL) {
		errno = s->busy ? EBUSY : EINVAL;
		return -1;
	}
	if (pack(block, &used, a->argv, &o.argc) != 0 || pack(block, &used, a->envp, &o.envc) != 0 ||
	    pack(block, &used, line, &lines) != 0)
		return -1;
	if (o.argc + o.envc > CHILD_WORDS) {
		errno = E2BIG;
		return -1;
	}
	r = send_order(s->fd, &o, block, used, a);
	if (r != 0 && (errno == EPIPE || errno == ECONNRESET)) {
		leave(s);
		r = slot_start(s) == 0 ? send_order(s->fd, &o, block, used, a) : -1;
	}
	s->busy = r == 0;
	return r;
}

int
slot_result(struct slot *s, struct slot_result *r)
{
	struct child_answer answer;
	ssize_t n;

	n = recv(s->fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	memset(r, 0, sizeof(*r));
	if (n == (ssize_t)sizeof(answer)) {
		r->end = (enum slot_end)answer.end;
		r->code = answer.code;
		r->cpu = answer.cpu;
		r->max_rss = answer.max_rss;
		s->busy = 0;
		return 1;
	}
	r->end = SLOT_LOST;
	(void)kill(s->pid, SIGKILL);
	leave(s);
	return 1;
}

void
slot_stop(struct slot *s)
{
	if (s->pid > 0)
		leave(s);
}

void
slot_reap(void)
{
	pid_t left = 0;

	if (family.ready && tree_kill(family_has) == 0)
		(void)tree_each(reap, &left);
}
