#include "web_check.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http_value.h"
#include "io.h"
#include "slot.h"
#include "spool_submit.h"
#include "web_reply.h"
#include "web_upload.h"

#define SEPARATORS " \t,"

enum { WORDS_MAX = POLICY_HANDLER_MAX / 2 + 1, LINE_MAX_BYTES = 512, STDERR_MAX = 65536 };

int
web_check_fields(struct web *w)
{
	char names[POLICY_LIST_MAX], *at = names, *name;

	memcpy(names, w->upload->policy.require_header, sizeof(names));
	while ((name = strsep(&at, SEPARATORS)) != NULL)
		if (*name != '\0' && w->req->lookup(w->req, name) == NULL) {
			web_problem(w, 400, "header-required", json_pack("{s:s}", "header", name), "This queue takes no submission without "
			    "the header field %s.", name);
			return -1;
		}
	return 0;
}

/* 1 where a type is one of "text/plain", or of "image/" and anything. */
static int
is_of(const char *type, const char *range)
{
	size_t n = strlen(range);

	if (n > 2 && strcmp(range + n - 2, "/*") == 0)
		return (strcmp(range, "*/*") == 0 && strchr(type, '/') != NULL) || strncasecmp(type, range, n - 1) == 0;
	return http_is_type(type, range);
}

int
web_check_type(struct web *w, const char *type)
{
	char types[POLICY_LIST_MAX], *at = types, *range;

	memcpy(types, w->upload->policy.accept_types, sizeof(types));
	if (types[0] == '\0')
		return 0;
	while ((range = strsep(&at, SEPARATORS)) != NULL)
		if (*range != '\0' && type != NULL && is_of(type, range))
			return 0;
	(void)http_reply_field(w->reply, "Accept", "%s", w->upload->policy.accept_types);
	web_problem(w, 415, "wrong-type", json_pack("{s:s}", "accept-types", w->upload->policy.accept_types), "Queue '%s' takes "
	    "payloads of these types only: %s. Content-Type says which one it is.", w->queue, w->upload->policy.accept_types);
	return -1;
}

static int
wants_json(const struct web_upload *u)
{
	return u->policy.json || u->kind == WEB_LINES;
}

static int
not_json(struct web *w)
{
	const struct web_upload *u = w->upload;
	char which[40] = "";

	if (u->kind != WEB_ONE)
		(void)snprintf(which, sizeof(which), "%s %zu: ", u->kind == WEB_LINES ? "Line" : "File", u->n);
	web_problem(w, 422, "not-json", json_pack("{s:I}", "at", (json_int_t)u->json.at), "%sThe payload is not JSON (RFC 8259): %s "
	    "%" PRIu64 " bytes.", which, http_json_ended(&u->json) ? "it goes on wrongly after" : "it is wrong, or ends, after", u->json.at);
	return -1;
}

int
web_check_piece(struct web *w, const void *buf, size_t n)
{
	return !wants_json(w->upload) || http_json_push(&w->upload->json, buf, n) == 0 ? 0 : not_json(w);
}

int
web_check_piece_end(struct web *w)
{
	return !wants_json(w->upload) || http_json_ended(&w->upload->json) ? 0 : not_json(w);
}

/* --- the command */

static void
split(char *command, char *argv[WORDS_MAX + 1])
{
	size_t n = 0;
	char *word;

	while ((word = strsep(&command, " \t")) != NULL && n < WORDS_MAX)
		if (*word != '\0')
			argv[n++] = word;
	argv[n] = NULL;
}

/* What the slots of this process share is one thread's at a time; none is held while a command runs. */
static pthread_mutex_t slots = PTHREAD_MUTEX_INITIALIZER;

static int
start(struct slot *s, const struct slot_attempt *a)
{
	int r;

	(void)pthread_mutex_lock(&slots);
	r = (s->pid > 0 || slot_start(s) == 0) && slot_run(s, a) == 0 ? 0 : -1;
	(void)pthread_mutex_unlock(&slots);
	return r;
}

static int
has_ended(struct slot *s, struct slot_result *r)
{
	int ended;

	(void)pthread_mutex_lock(&slots);
	ended = slot_result(s, r);
	(void)pthread_mutex_unlock(&slots);
	return ended;
}

static void
run(struct slot *s, const struct slot_attempt *a, struct slot_result *r)
{
	struct pollfd p = { .events = POLLIN };

	*r = (struct slot_result){ .end = SLOT_LOST };
	if (start(s, a) == -1)
		return;
	for (p.fd = s->fd; !has_ended(s, r); )
		(void)poll(&p, 1, -1);
}

/* The first line of what the command has said. */
static void
first_line(int fd, char line[LINE_MAX_BYTES])
{
	ssize_t n = io_pread(fd, line, LINE_MAX_BYTES - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
}

/* 1: it is good; 0: the reply says why it is not. */
static int
judge(struct web *w, const struct slot_result *r, int err)
{
	char line[LINE_MAX_BYTES];

	if (r->end == SLOT_EXITED && r->code == 0)
		return 1;
	if (r->end == SLOT_NO_EXEC || r->end == SLOT_LOST) {
		web_fault(w, r->end == SLOT_NO_EXEC ? r->code : errno, "The queue's check cannot be run");
		return 0;
	}
	first_line(err, line);
	if (r->end == SLOT_TIMEDOUT)
		(void)snprintf(line, sizeof(line), "The check has not come to an end in %d seconds.", WEB_CHECK_SECONDS);
	else if (line[0] == '\0')
		(void)snprintf(line, sizeof(line), "The queue's check has refused the payload.");
	web_problem(w, 422, "invalid", NULL, "%s", line);
	return 0;
}

static int
check_one(struct web *w, struct slot *s, const struct spool_draft *d, int64_t until)
{
	char command[POLICY_HANDLER_MAX], *argv[WORDS_MAX + 1], queue[ID_WORD_MAX + 16], path[4096];
	char *envp[] = { path, queue, NULL };
	const char *searched = getenv("PATH");
	struct slot_attempt a = { .in = spool_draft_read(d), .out = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    .err = memfd_create("check", MFD_CLOEXEC), .argv = argv, .envp = envp, .timeout = until - io_clock(),
	    .kill_after = 1000000, .max_out = INT64_MAX, .max_err = STDERR_MAX };
	struct slot_result r;
	int ok = 0;

	memcpy(command, w->upload->policy.check, sizeof(command));
	split(command, argv);
	(void)snprintf(queue, sizeof(queue), "WQW_QUEUE=%s", w->queue);
	(void)snprintf(path, sizeof(path), "PATH=%s", searched != NULL ? searched : "/usr/local/bin:/usr/bin:/bin");
	if (a.timeout < 1)
		a.timeout = 1;
	if (a.in == -1 || a.out == -1 || a.err == -1)
		web_fault(w, errno, "The queue's check cannot be run");
	else {
		run(s, &a, &r);
		ok = judge(w, &r, a.err);
	}
	(void)io_close(&a.in);
	(void)io_close(&a.out);
	(void)io_close(&a.err);
	return ok;
}

int
web_has_check(const struct web *w)
{
	return w->upload->policy.check[0] != '\0';
}

static int
check_all(struct web *w, struct slot *s)
{
	int64_t until = io_clock() + WEB_CHECK_SECONDS * INT64_C(1000000);
	size_t i;

	for (i = 0; i < w->upload->n; i++)
		if (!check_one(w, s, w->upload->draft[i], until)) {
			web_upload_abort(w);
			return 0;
		}
	return 1;
}

int
web_check(struct web *w)
{
	struct slot s = { .pid = -1, .fd = -1 };
	int ok = check_all(w, &s);

	(void)pthread_mutex_lock(&slots);
	slot_stop(&s);
	(void)pthread_mutex_unlock(&slots);
	return ok;
}
