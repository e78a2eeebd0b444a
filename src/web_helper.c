#include "web_helper.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "io.h"

static int channel = -1;   /* to the helper */

/*
 * What it has open keeps nobody waiting for an end of file: of the front's it has standard error alone. Its end comes with
 * the front's, by the socket, and not by the signals that tell that to end.
 */
static _Noreturn void
become(int fd)
{
	enum { KEPT = 3 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		_exit(EX_OSERR);
	if (fd != KEPT && dup3(fd, KEPT, O_CLOEXEC) == -1)
		_exit(EX_OSERR);
	closefrom(KEPT + 1);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, "wqw-check", 0, 0, 0);
	web_helper_run(KEPT);
}

int
web_helper_start(void)
{
	sigset_t all, old;
	int pair[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	error = errno;
	if (pid == 0)
		become(pair[1]);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)io_close(&pair[1]);
	if (pid == -1) {
		(void)io_close(&pair[0]);
		errno = error;
		return -1;
	}
	channel = pair[0];
	return 0;
}

static int
ask(const struct web_question *q, int payload, int reply)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)q, .iov_len = sizeof(*q) };
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	int given[2] = { payload, reply };
	struct cmsghdr *c;
	ssize_t n;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(given));
	memcpy(CMSG_DATA(c), given, sizeof(given));
	do
		n = sendmsg(channel, &m, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* The end of the socket without a verdict is the helper's. */
static int
hear(int fd, struct web_verdict *v)
{
	ssize_t n;

	do
		n = recv(fd, v, sizeof(*v), 0);
	while (n == -1 && errno == EINTR);
	if (n != -1 && n != (ssize_t)sizeof(*v))
		errno = EPIPE;
	v->line[sizeof(v->line) - 1] = '\0';
	return n == (ssize_t)sizeof(*v) ? 0 : -1;
}

void
web_helper_ask(const char *queue, int payload, int64_t timeout, struct web_verdict *v)
{
	struct web_question q = { .timeout = timeout };
	int pair[2] = { -1, -1 }, r = -1, error = ENOTCONN;

	(void)strncpy(q.queue, queue, sizeof(q.queue) - 1);
	if (channel != -1) {
		r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
		if (r == 0)
			r = ask(&q, payload, pair[1]);
		error = errno;
		(void)io_close(&pair[1]);
	}
	if (r == 0) {
		r = hear(pair[0], v);
		error = errno;
	}
	(void)io_close(&pair[0]);
	if (r == -1)
		*v = (struct web_verdict){ .end = WEB_VERDICT_FAULT, .error = error };
}
