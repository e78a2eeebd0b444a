#include "child_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "child_limit.h"
#include "exec.h"
#include "io.h"
#include "slot.h"

enum order { ORDER_RUN, ORDER_KILL, ORDER_END };

static void
no_op(int sig)
{
	(void)sig;
}

/* So that `$$` in the handlers of two slots is seldom the same: people name files by it. */
static void
scatter_pids(void)
{
	char text[16];
	uint32_t n;
	int fd;

	/* Not by the libc, which may have locks of its own for it: see spawn in slot.c. */
	if (syscall(SYS_getrandom, &n, sizeof(n), GRND_NONBLOCK) != (long)sizeof(n))
		return;
	if ((fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC)) == -1)
		return;
	(void)snprintf(text, sizeof(text), "%u", (unsigned)(300 + n % 30000));
	(void)io_write(fd, text, strlen(text));
	(void)io_close(&fd);
}

/* Leaves 0, 1, 2, open on something, and the socket, which returns. */
static int
settle_descriptors(int fd)
{
	int kept = 3, null;

	if (fd != kept) {
		if (dup3(fd, kept, O_CLOEXEC) == -1)
			_exit(EX_OSERR);
		(void)close(fd);
	}
	closefrom(kept + 1);
	while ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) != -1 && null < kept)
		(void)fcntl(null, F_SETFD, 0);
	if (null != -1)
		(void)close(null);
	return kept;
}

/*
 * All signals are blocked and stay so, but for SIGCHLD while waiting; the handler exists so that SIGCHLD interrupts,
 * and exec resets it. Its own process group keeps a kill of the worker's group, and the terminal, away from it: it
 * ends when its socket does, and holds the locks of the job until the tree is gone. That is also why it has no
 * parent-death signal: killed, it would give up the locks before its namespace is empty.
 */
static void
settle(struct supervisor *s)
{
	/* Of struct sigaction as the kernel knows it: libc keeps two signals to itself, and lets nobody reset them. */
	const unsigned long no_action[8] = { 0 };
	const struct rlimit none = { 0, 0 };
	struct sigaction sa;
	int sig;

	for (sig = 1; sig <= SIGRTMAX; sig++)
		(void)syscall(SYS_rt_sigaction, sig, no_action, NULL, _NSIG / 8);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = no_op;
	sa.sa_flags = SA_NOCLDSTOP;
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigfillset(&s->events);
	(void)sigdelset(&s->events, SIGCHLD);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, "wqw-slot", 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	if (s->init)
		scatter_pids();
	else if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		_exit(EX_OSERR);
}

/* Splits the block of n bytes into a->words: argv, NULL, envp, NULL. */
static int
split(struct attempt *a, size_t n)
{
	const struct child_order *o = &a->order;
	char *p = a->block, *end = a->block + n;
	uint32_t i, w = 0;

	if (o->argc == 0 || o->argc > CHILD_WORDS || o->envc > CHILD_WORDS - o->argc)
		return -1;
	a->line = NULL;
	for (i = 0; i < o->argc + o->envc + (o->line != 0); i++) {
		if (i == o->argc)
			a->words[w++] = NULL;
		if (i < o->argc + o->envc)
			a->words[w++] = p;
		else
			a->line = p;
		if (p == end || (p = memchr(p, '\0', (size_t)(end - p))) == NULL)
			return -1;
		p++;
	}
	if (o->envc == 0 && !o->line)
		a->words[w++] = NULL;
	a->words[w] = NULL;
	return 0;
}

static void
take_descriptors(struct msghdr *m, struct attempt *a)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	size_t n, i;

	for (i = 0; i < CHILD_FDS; i++)
		a->fd[i] = -1;
	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	n = c->cmsg_len - CMSG_LEN(0);
	memcpy(a->fd, CMSG_DATA(c), n < sizeof(a->fd) ? n : sizeof(a->fd));
}

/* Waits for a message. ORDER_RUN: *a holds the order and its descriptors; a->error says what is wrong with it. */
static enum order
receive(int fd, struct attempt *a)
{
	struct iovec iov[2] = {
		{ .iov_base = &a->order, .iov_len = sizeof(a->order) },
		{ .iov_base = a->block, .iov_len = sizeof(a->block) }
	};
	union {
		char buf[CMSG_SPACE(CHILD_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = control.buf, .msg_controllen = sizeof(control.buf)
	};
	ssize_t n;

	n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return ORDER_END;
	take_descriptors(&m, a);
	if ((size_t)n < sizeof(a->order))
		return ORDER_KILL;
	a->error = 0;
	if (split(a, (size_t)n - sizeof(a->order)) != 0)
		a->error = EBADMSG;
	else if (a->fd[2 + (a->order.token != 0) + (a->order.cgroup != 0)] == -1)
		a->error = EMFILE;
	return ORDER_RUN;
}

/*
 * The new process, in the supervisor's memory until it execs. All that the supervisor has open is close-on-exec and
 * above 2, and RLIMIT_CORE and the dispositions of signals are as the command should find them.
 */
static _Noreturn void
become(const struct supervisor *s, struct attempt *a, const int *fd, int n)
{
	sigset_t none;
	int i;

	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != s->pid)
		_exit(127);
	for (i = 0; i < n; i++)
		if (dup2(fd[i], i) == -1) {
			a->error = errno;
			_exit(127);
		}
	if ((a->order.cgroup && child_enter(a->fd[3 + (a->order.token != 0)]) != 0) || child_limit(&a->order.limits) != 0) {
		a->error = errno;
		_exit(127);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	a->error = exec_command(a->words, a->words + a->order.argc + 1);
	_exit(127);
}

int
child_start(const struct supervisor *s, struct attempt *a, const int *fd, int n)
{
	pid_t pid;

	if (a->error != 0)
		return -1;
	if ((pid = vfork()) == 0)
		become(s, a, fd, n);
	if (pid == -1) {
		a->error = errno;
		return -1;
	}
	if (a->error != 0) {
		(void)waitpid(pid, NULL, 0);
		return -1;
	}
	a->pid = pid;
	return 0;
}

static void
judge(const struct attempt *a, struct child_answer *answer)
{
	answer->end = (int32_t)a->end;
	answer->cpu = a->cpu;
	answer->max_rss = a->max_rss;
	if (a->end != SLOT_EXITED)
		return;
	if (WIFSIGNALED(a->status)) {
		answer->end = SLOT_SIGNALED;
		answer->code = WTERMSIG(a->status);
	} else
		answer->code = WEXITSTATUS(a->status);
}

/* The dispatcher waits for it as long as this process lives: an answer that cannot be given ends that, too. */
static void
tell(int fd, const struct child_answer *answer)
{
	while (send(fd, answer, sizeof(*answer), MSG_NOSIGNAL) == -1)
		if (errno == ENOMEM || errno == ENOBUFS)
			(void)poll(NULL, 0, 10);
		else if (errno != EINTR)
			_exit(EX_OSERR);
}

static void
run(const struct supervisor *s, struct attempt *a)
{
	struct child_answer answer;
	int i;

	memset(&answer, 0, sizeof(answer));
	if ((a->line == NULL ? child_start(s, a, a->fd, 3) : child_keep(s, a)) == 0) {
		child_watch(s, a);
		if (a->line != NULL)
			child_keep_over(a);
		judge(a, &answer);
	} else {
		answer.end = SLOT_NO_EXEC;
		answer.code = a->error;
	}
	/* The locks go before the answer. */
	for (i = 0; i < CHILD_FDS; i++)
		if (a->fd[i] != -1)
			(void)close(a->fd[i]);
	tell(s->fd, &answer);
}

_Noreturn void
child_supervise(int fd, int init)
{
	static struct attempt a;
	struct supervisor s = { .fd = settle_descriptors(fd), .init = init, .pid = getpid() };
	enum order order;

	settle(&s);
	while ((order = receive(s.fd, &a)) != ORDER_END)
		if (order == ORDER_RUN)
			run(&s, &a);
	child_keep_end(&s);
	_exit(0);
}
