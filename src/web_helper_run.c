#include "web_helper.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "slot.h"
#include "spool.h"

#define SEPARATORS " \t"

enum { WORDS_MAX = POLICY_HANDLER_MAX / 2 + 1, STDERR_MAX = 65536, PAYLOAD = 0, REPLY = 1, FDS = 2 };

struct work {
	struct slot slot;
	int busy, reply, err;
};

struct helper {
	int fd, null;
	struct work work[WEB_HELPER_AT_ONCE];
};

static void
split(char *command, char *argv[WORDS_MAX + 1])
{
	size_t n = 0;
	char *word;

	while ((word = strsep(&command, SEPARATORS)) != NULL && n < WORDS_MAX)
		if (*word != '\0')
			argv[n++] = word;
	argv[n] = NULL;
}

/* The first line of what the command has said. */
static void
first_line(int fd, char line[WEB_HELPER_LINE])
{
	ssize_t n = io_pread(fd, line, WEB_HELPER_LINE - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
}

/* Who has asked may have gone. */
static void
answer(struct work *w, const struct web_verdict *v)
{
	(void)send(w->reply, v, sizeof(*v), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)io_close(&w->reply);
	(void)io_close(&w->err);
	w->busy = 0;
}

static void
judge(struct work *w, const struct slot_result *r)
{
	struct web_verdict v = { .end = WEB_VERDICT_BAD };

	if (r->end == SLOT_EXITED && r->code == 0)
		v.end = WEB_VERDICT_GOOD;
	else if (r->end == SLOT_TIMEDOUT)
		v.end = WEB_VERDICT_SLOW;
	else if (r->end == SLOT_NO_EXEC || r->end == SLOT_LOST) {
		v.end = WEB_VERDICT_FAULT;
		v.error = r->end == SLOT_NO_EXEC ? r->code : ECHILD;
	} else
		first_line(w->err, v.line);
	answer(w, &v);
}

static int
run(struct helper *h, struct work *w, const struct web_question *q, int payload, char *command)
{
	char *argv[WORDS_MAX + 1], queue[ID_WORD_MAX + 16], path[4096];
	char *envp[] = { path, queue, NULL };
	const char *searched = getenv("PATH");
	struct slot_attempt a = { .in = payload, .out = h->null, .err = memfd_create("check", MFD_CLOEXEC), .argv = argv,
	    .envp = envp, .timeout = q->timeout < 1 ? 1 : q->timeout > WEB_HELPER_TIMEOUT ? WEB_HELPER_TIMEOUT : q->timeout,
	    .kill_after = 1000000, .max_out = INT64_MAX, .max_err = STDERR_MAX };

	if ((w->err = a.err) == -1)
		return -1;
	split(command, argv);
	(void)snprintf(queue, sizeof(queue), "WQW_QUEUE=%s", q->queue);
	(void)snprintf(path, sizeof(path), "PATH=%s", searched != NULL ? searched : "/usr/local/bin:/usr/bin:/bin");
	if (w->slot.pid <= 0 && slot_start(&w->slot) == -1)
		return -1;
	return slot_run(&w->slot, &a);
}

/* Nothing of what the front says is believed: a queue is one of the spool's, and what is run is what that has. */
static void
take(struct helper *h, struct work *w, struct web_question *q, int payload)
{
	struct web_verdict v = { .end = WEB_VERDICT_FAULT };
	struct spool queue;
	struct policy p;
	char why[256];
	int r;

	q->queue[sizeof(q->queue) - 1] = '\0';
	if (!id_valid_word(q->queue)) {
		v.error = EINVAL;
		answer(w, &v);
		return;
	}
	r = spool_open(&queue, q->queue);
	if (r == 0)
		r = spool_policy(&queue, &p, why, sizeof(why));
	if (r == 0 && p.check[0] != '\0')
		r = run(h, w, q, payload, p.check);
	else if (r == 0)
		v.end = WEB_VERDICT_GOOD;
	v.error = errno;
	spool_close(&queue);
	if (r == -1 || v.end == WEB_VERDICT_GOOD)
		answer(w, &v);
}

static struct work *
find_idle(struct helper *h)
{
	size_t i;

	for (i = 0; i < WEB_HELPER_AT_ONCE; i++)
		if (!h->work[i].busy)
			return &h->work[i];
	return NULL;
}

static _Noreturn void
leave(struct helper *h)
{
	size_t i;

	for (i = 0; i < WEB_HELPER_AT_ONCE; i++)
		slot_stop(&h->work[i].slot);
	_exit(0);
}

/* The descriptors of a message, all of them ours to close. -1: not those of a question. */
static int
take_descriptors(struct msghdr *m, int fd[FDS])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	size_t n;

	fd[PAYLOAD] = fd[REPLY] = -1;
	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return -1;
	n = c->cmsg_len - CMSG_LEN(0);
	memcpy(fd, CMSG_DATA(c), n < FDS * sizeof(*fd) ? n : FDS * sizeof(*fd));
	return fd[REPLY] == -1 ? -1 : 0;
}

static void
receive(struct helper *h)
{
	struct web_question q;
	struct iovec iov = { .iov_base = &q, .iov_len = sizeof(q) };
	union {
		char buf[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	struct work *w = find_idle(h);
	ssize_t n = recvmsg(h->fd, &m, MSG_CMSG_CLOEXEC);
	int fd[FDS];

	if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN && errno != ENOMEM && errno != ENOBUFS))
		leave(h);
	if (n == -1 || w == NULL)
		return;
	if (take_descriptors(&m, fd) == 0 && n == (ssize_t)sizeof(q)) {
		w->busy = 1;
		w->reply = fd[REPLY];
		fd[REPLY] = -1;
		take(h, w, &q, fd[PAYLOAD]);
	}
	(void)io_close(&fd[PAYLOAD]);
	(void)io_close(&fd[REPLY]);
}

void
web_helper_run(int fd)
{
	struct helper h = { .fd = fd, .null = open("/dev/null", O_WRONLY | O_CLOEXEC) };
	struct pollfd p[WEB_HELPER_AT_ONCE + 1];
	struct slot_result r;
	size_t i;

	for (i = 0; i < WEB_HELPER_AT_ONCE; i++)
		h.work[i] = (struct work){ .slot = { .pid = -1, .fd = -1 }, .reply = -1, .err = -1 };
	for (;;) {
		/* With all of them at work the next question waits in the socket. */
		p[WEB_HELPER_AT_ONCE] = (struct pollfd){ .fd = fd, .events = find_idle(&h) != NULL ? POLLIN : 0 };
		for (i = 0; i < WEB_HELPER_AT_ONCE; i++)
			p[i] = (struct pollfd){ .fd = h.work[i].busy ? h.work[i].slot.fd : -1, .events = POLLIN };
		if (poll(p, WEB_HELPER_AT_ONCE + 1, -1) == -1)
			continue;
		for (i = 0; i < WEB_HELPER_AT_ONCE; i++)
			if (p[i].revents != 0 && slot_result(&h.work[i].slot, &r))
				judge(&h.work[i], &r);
		if ((p[WEB_HELPER_AT_ONCE].revents & POLLHUP) != 0)
			leave(&h);
		if (p[WEB_HELPER_AT_ONCE].revents != 0)
			receive(&h);
	}
}
