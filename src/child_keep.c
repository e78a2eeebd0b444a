#include "child_state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

/* READS: of what it says on stderr, before something else has its turn. */
enum { ANSWER_MAX = 1024, PIECE = 8192, READS = 16, PARTS = 4 };

/* The command that is kept, and what leads to it. */
static struct {
	pid_t pid;                  /* -1: there is none */
	int orders, answers, words; /* our ends of its stdin, stdout and stderr */
	int box[2];                 /* see lock_up */
	int status;                 /* what its answer says, as wait(2) would have it */
	size_t n;                   /* of the answer that has come so far */
	char answer[ANSWER_MAX];
	int64_t cpu;                /* that it had used when the attempt began */
	int64_t kill_after;
	struct slot_limits limits;  /* what it was started with: */
	uint32_t argc, envc;
	size_t size;
	char block[CHILD_BLOCK];
} kept = { .pid = -1, .orders = -1, .answers = -1, .words = -1, .box = { -1, -1 } };

static void
forget(void)
{
	kept.pid = -1;
	(void)io_close(&kept.orders);
	(void)io_close(&kept.answers);
	(void)io_close(&kept.words);
	(void)io_close(&kept.box[0]);
	(void)io_close(&kept.box[1]);
}

/*
 * The lock on a job must live as long as any process that works on it, and the command cannot be given the descriptor once
 * it runs. So it inherits one end of a socket from which nobody reads, and the descriptor waits in that: whoever has the
 * end has the lock.
 */
static int
lock_up(int fd)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(&control, 0, sizeof(control));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(kept.box[0], &m, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -1;
}

/* Without room for it the descriptor is closed as it comes. */
static void
unlock(void)
{
	char byte;

	while (recv(kept.box[1], &byte, 1, MSG_DONTWAIT) > 0)
		;
}

static int64_t
cpu_time(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return io_time(t);
}

/* The words that it is started with, without the line. */
static size_t
started_with(const struct attempt *a)
{
	return (size_t)(a->line - a->block);
}

static int
is_same(const struct attempt *a)
{
	return kept.argc == a->order.argc && kept.envc == a->order.envc && kept.size == started_with(a) &&
	    memcmp(kept.block, a->block, kept.size) == 0 && memcmp(&kept.limits, &a->order.limits, sizeof(kept.limits)) == 0;
}

static int
open_ends(int theirs[PARTS])
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int r = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, kept.box) == 0 ? 0 : -1;

	kept.orders = in[1];
	kept.answers = out[0];
	kept.words = err[0];
	theirs[0] = in[0];
	theirs[1] = out[1];
	theirs[2] = err[1];
	theirs[3] = kept.box[1];
	if (r == 0 && (fcntl(kept.orders, F_SETFL, O_NONBLOCK) == -1 || fcntl(kept.answers, F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(kept.words, F_SETFL, O_NONBLOCK) == -1))
		r = -1;
	return r;
}

static int
begin(const struct supervisor *s, struct attempt *a)
{
	int theirs[PARTS], r = open_ends(theirs), i;

	if (r == -1)
		a->error = errno;
	else
		r = child_start(s, a, theirs, PARTS);
	for (i = 0; i < PARTS - 1; i++)
		(void)io_close(&theirs[i]);
	if (r == -1) {
		forget();
		return -1;
	}
	kept.pid = a->pid;
	kept.limits = a->order.limits;
	kept.argc = a->order.argc;
	kept.envc = a->order.envc;
	kept.size = started_with(a);
	memcpy(kept.block, a->block, kept.size);
	return 0;
}

/* What it says while nobody has asked belongs to no job. */
static void
pass_words(int to)
{
	char piece[PIECE];
	ssize_t n = -1;
	int i;

	for (i = 0; i < READS && kept.words != -1 && (n = read(kept.words, piece, sizeof(piece))) > 0; i++)
		(void)io_write(to, piece, (size_t)n);
	if (n == 0)
		(void)io_close(&kept.words);
}

/* Nobody but it is left: it has ended, or is to. */
static void
end(const struct supervisor *s, struct attempt *a)
{
	int64_t until;
	struct timespec t;

	(void)io_close(&kept.orders);
	until = kept.kill_after > INT64_MAX - io_clock() ? INT64_MAX : io_clock() + kept.kill_after;
	a->pid = kept.pid;
	while (child_reap(a) && a->pid != -1 && io_clock() < until) {
		t = (struct timespec){ .tv_sec = (until - io_clock()) / 1000000 + 1 };
		(void)ppoll(NULL, 0, &t, &s->events);
	}
	child_kill_tree(s, a);
	forget();
}

/* One that has died since its last answer is replaced, and so is one that was started with something else. */
static int
ready(const struct supervisor *s, struct attempt *a)
{
	char byte;

	if (kept.pid != -1) {
		pass_words(STDERR_FILENO);
		a->pid = kept.pid;
		(void)child_reap(a);
		/* Nor is one to be trusted that speaks without being asked. */
		if (a->pid != -1 && is_same(a) && read(kept.answers, &byte, 1) == -1 && errno == EAGAIN)
			return 0;
		end(s, a);
	}
	return begin(s, a);
}

static int
send_line(const struct attempt *a)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)(uintptr_t)a->line, .iov_len = strlen(a->line) }, { .iov_base = (void *)(uintptr_t)"\n", .iov_len = 1 }
	};

	return writev(kept.orders, iov, 2) == (ssize_t)(iov[0].iov_len + 1) ? 0 : -1;
}

int
child_keep(const struct supervisor *s, struct attempt *a)
{
	int tries;

	if (a->error != 0)
		return -1;
	for (tries = 0; tries < 2; tries++) {
		if (ready(s, a) == -1)
			return -1;
		kept.kill_after = a->order.kill_after;
		kept.n = 0;
		kept.cpu = cpu_time(kept.pid);
		a->pid = kept.pid;
		if (lock_up(a->fd[0]) == 0 && send_line(a) == 0)
			return 0;
		a->error = errno;
		unlock();
		end(s, a);
	}
	return -1;
}

int
child_keep_fds(int fd[2])
{
	int n = 0;

	if (kept.answers != -1)
		fd[n++] = kept.answers;
	if (kept.words != -1)
		fd[n++] = kept.words;
	return n;
}

static void
complain(const struct attempt *a, const char *what)
{
	static const char prefix[] = "wqw: the handler ";

	(void)io_write(a->fd[2], prefix, sizeof(prefix) - 1);
	(void)io_write(a->fd[2], what, strlen(what));
}

/* "0", or "1 and why". -1: neither. */
static int
parse(const char *text)
{
	int code = 0, digits;

	for (digits = 0; digits < 3 && isdigit((unsigned char)*text); digits++)
		code = code * 10 + (*text++ - '0');
	return digits > 0 && code <= 255 && (*text == '\0' || *text == ' ') ? code : -1;
}

static void
take_answer(struct attempt *a)
{
	char *end = memchr(kept.answer, '\n', kept.n), *why;
	int code;

	if (end == NULL && kept.n < sizeof(kept.answer))
		return;
	code = -1;
	if (end != NULL && end + 1 == kept.answer + kept.n) {
		*end = '\0';
		code = parse(kept.answer);
	}
	a->answered = code == -1 ? 2 : 1;
	pass_words(a->fd[2]);
	if (code == -1)
		complain(a, "did not answer with one line, an exit status and perhaps a blank and words\n");
	else if ((why = strchr(kept.answer, ' ')) != NULL) {
		complain(a, "says:");
		(void)io_write(a->fd[2], why, strlen(why));
		(void)io_write(a->fd[2], "\n", 1);
	}
	kept.status = (code == -1 ? EX_PROTOCOL : code) << 8;
}

void
child_keep_hear(struct attempt *a)
{
	ssize_t n = 0;

	if (kept.answers == -1)
		return;
	pass_words(a->fd[2]);
	while (kept.n < sizeof(kept.answer) && (n = read(kept.answers, kept.answer + kept.n, sizeof(kept.answer) - kept.n)) > 0)
		kept.n += (size_t)n;
	if (n == 0) {
		/* It has ended, or will never answer. */
		(void)io_close(&kept.answers);
		if (a->pid != -1)
			(void)kill(a->pid, SIGKILL);
	}
	take_answer(a);
}

void
child_keep_over(struct attempt *a)
{
	int lives = a->answered == 1 && a->pid != -1 && a->end == SLOT_EXITED;

	if (a->answered)
		a->status = kept.status;
	else if (a->end == SLOT_EXITED && a->status == 0) {
		complain(a, "has ended without an answer\n");
		a->status = EX_PROTOCOL << 8;
	}
	if (lives)
		a->cpu += cpu_time(kept.pid) - kept.cpu;
	unlock();
	if (!lives)
		forget();
}

void
child_keep_end(const struct supervisor *s)
{
	struct attempt none = { .pid = -1 };

	if (kept.pid != -1)
		end(s, &none);
}
