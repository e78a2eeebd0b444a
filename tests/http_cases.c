/*
 * http_cases: sends the requests of tests/http/ over every door, and looks at what comes of each: the answers, the
 * connection, the jobs. Each file tells its format.
 *
 *	http_cases [-r] [-d DOOR] [-l PORT] [-w PORT] QUEUE,... FILE...
 *
 * -l: a wqw-httpd that listens there is the door `listener`, and once more, with the request in many pieces, `split`.
 * -w: a web server with wqw.cgi for its whole site is the door `server`. `inetd` and `pipe` are a wqw-httpd for each case,
 * on a socket or on pipes; `cgi` is a wqw.cgi, for the cases that have an environment. -d: that door
 * only. -r: prints what it sees instead.
 *
 * Behind the request, and in the same piece, goes another one, for zz-end: where that is answered the connection was kept,
 * and its answer comes where the server thinks that the request ended. A queue named smuggled is never to be heard of.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io.h"
#include "job.h"
#include "spool.h"

#define SENTINEL "GET /zz-end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

enum { PATIENCE = 10000, ENV_MAX = 24, LINES_MAX = 8, MACROS_MAX = 64, QUEUES_MAX = 8, JOBS_MAX = 64, SMALL = 700, PIECE = 512 };

enum door { LISTENER, SPLIT, INETD, PIPE, SERVER, CGI, DOORS };

static const char *const door_names[DOORS] = { "listener", "split", "inetd", "pipe", "server", "cgi" };

/* Whose expectation a door without one of its own has. */
static const char *const kin[DOORS][3] = {
	[LISTENER] = { "httpd", "all" }, [SPLIT] = { "listener", "httpd", "all" }, [INETD] = { "httpd", "all" },
	[PIPE] = { "inetd", "httpd", "all" }, [SERVER] = { "all" }
};

struct text {
	char *at;
	size_t n;
};

struct line {              /* of a case, behind its first word */
	char word[16];
	char *rest;
};

struct scene {             /* a case */
	const char *file;
	char name[64];
	struct text request;
	int eof;               /* nothing follows the request, and the client says so */
	char *env[ENV_MAX];
	size_t envs, lines;
	struct line line[LINES_MAX];
};

struct seen {
	char statuses[256];
	int ended, smuggled, exit;   /* the sentinel was answered; ...; of the program behind it, if not 0 */
	int in_time;                 /* the connection has ended */
	struct text reply;
	size_t jobs;
	struct text head[JOBS_MAX], payload[JOBS_MAX];
};

static struct {
	char *name;
	struct text value;
} macros[MACROS_MAX];
static size_t macro_count;

static struct spool queues[QUEUES_MAX];
static size_t queue_count;
static const char *only;
static int ports[DOORS], record;
static unsigned checks, failures;

static void
add(struct text *t, const char *at, size_t n)
{
	if ((t->at = realloc(t->at, t->n + n + 1)) == NULL)
		err(1, NULL);
	if (n > 0)
		memcpy(t->at + t->n, at, n);
	t->n += n;
	t->at[t->n] = '\0';
}

static void
drop(struct text *t)
{
	free(t->at);
	*t = (struct text){ 0 };
}

/* --- the files */

static const char *
escape(const char *p, struct text *out)
{
	static const char names[] = "rnt0\\{}\"", bytes[] = "\r\n\t\0\\{}\"";
	const char *which = *p == '\0' ? NULL : strchr(names, *p);
	char c;

	if (which != NULL) {
		add(out, bytes + (which - names), 1);
		return p + 1;
	}
	if (*p != 'x' || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
		errx(1, "an unknown escape: \\%s", p);
	c = (char)strtol((char[]){ p[1], p[2], '\0' }, NULL, 16);
	add(out, &c, 1);
	return p + 3;
}

static const char *
closing(const char *p)
{
	unsigned depth = 1;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	errx(1, "a brace is not closed");
}

static void expand(const char *p, const char *end, struct text *out);

/* What is in braces: TEXT*N is N times that; else a name, or LENGTH, which is put in later. */
static void
brace(const char *p, const char *end, struct text *out)
{
	const char *star = end;
	unsigned long times;
	size_t i;

	while (star > p && isdigit((unsigned char)star[-1]))
		star--;
	if (star > p && star < end && star[-1] == '*') {
		for (times = strtoul(star, NULL, 10); times > 0; times--)
			expand(p, star - 1, out);
		return;
	}
	for (i = 0; i < macro_count; i++)
		if (strlen(macros[i].name) == (size_t)(end - p) && strncmp(macros[i].name, p, (size_t)(end - p)) == 0) {
			add(out, macros[i].value.at, macros[i].value.n);
			return;
		}
	if (strncmp(p, "LENGTH}", 7) != 0)
		errx(1, "unknown: {%.*s}", (int)(end - p), p);
	add(out, "{LENGTH}", 8);
}

static void
expand(const char *p, const char *end, struct text *out)
{
	const char *brace_end;

	while (p < end) {
		if (*p == '\\')
			p = escape(p + 1, out);
		else if (*p == '{') {
			brace_end = closing(p + 1);
			brace(p + 1, brace_end, out);
			p = brace_end + 1;
		} else
			add(out, p++, 1);
	}
}

/* {LENGTH} is how much follows the first empty line. */
static void
put_length(struct text *t)
{
	char *at = memmem(t->at, t->n, "{LENGTH}", 8), *body = memmem(t->at, t->n, "\r\n\r\n", 4), number[24];
	struct text all = { 0 };

	if (at == NULL)
		return;
	if (body == NULL)
		errx(1, "no end of the head for {LENGTH}");
	add(&all, t->at, (size_t)(at - t->at));
	(void)snprintf(number, sizeof(number), "%zu", t->n - (size_t)(body + 4 - t->at));
	add(&all, number, strlen(number));
	add(&all, at + 8, t->n - (size_t)(at + 8 - t->at));
	free(t->at);
	*t = all;
}

static void
define(char *rest)
{
	size_t n = strcspn(rest, " ");

	if (macro_count == MACROS_MAX)
		errx(1, "too many macros");
	macros[macro_count].name = strndup(rest, n);
	rest += n + (rest[n] == ' ');
	expand(rest, rest + strlen(rest), &macros[macro_count].value);
	macro_count++;
}

static void
take_env(struct scene *s, const char *rest)
{
	struct text t = { 0 };

	if (s->envs == ENV_MAX)
		errx(1, "%s: too many variables", s->name);
	expand(rest, rest + strlen(rest), &t);
	s->env[s->envs++] = t.at;
}

static void
take_line(struct scene *s, const char *word, char *rest)
{
	if (strcmp(word, ">") == 0)
		expand(rest, rest + strlen(rest), &s->request);
	else if (strcmp(word, "env") == 0)
		take_env(s, rest);
	else if (strcmp(word, "eof") == 0)
		s->eof = 1;
	else if (strcmp(word, "why") != 0) {
		if (s->lines == LINES_MAX || strlen(word) >= sizeof(s->line[0].word))
			errx(1, "%s: %s: too many lines, or too long a word", s->name, word);
		(void)snprintf(s->line[s->lines].word, sizeof(s->line[0].word), "%s", word);
		s->line[s->lines++].rest = strdup(rest);
	}
}

static void
forget(struct scene *s)
{
	drop(&s->request);
	while (s->envs > 0)
		free(s->env[--s->envs]);
	while (s->lines > 0)
		free(s->line[--s->lines].rest);
	*s = (struct scene){ .file = s->file };
}

static const char *
find_line(const struct scene *s, const char *word)
{
	size_t i;

	for (i = 0; i < s->lines; i++)
		if (strcmp(s->line[i].word, word) == 0)
			return s->line[i].rest;
	return NULL;
}

static const char *
wanted(const struct scene *s, enum door door)
{
	const char *found = find_line(s, door_names[door]);
	size_t i;

	for (i = 0; found == NULL && i < 3 && kin[door][i] != NULL; i++)
		found = find_line(s, kin[door][i]);
	return found;
}

/* --- one exchange */

static int
dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd == -1 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		err(1, "port %d", port);
	return fd;
}

/* How much of what is left goes at once. */
static size_t
piece(const struct text *t, size_t at, int split)
{
	size_t n = 0;

	if (!split || at == t->n)
		return t->n - at;
	if (t->n < SMALL)
		return 1;
	while (at + n < t->n && n < PIECE && (n++ == 0 || strchr("\r\n", t->at[at + n - 1]) == NULL))
		;
	return n;
}

/* Writes and reads until the other side has ended. Returns 1, or 0 where it does not end. */
static int
converse(int in, int out, const struct text *t, int split, int eof, struct text *reply)
{
	struct pollfd p[2] = { { .fd = in, .events = POLLIN }, { .fd = out, .events = POLLOUT } };
	char buf[65536];
	size_t at = 0;
	ssize_t n;

	while (poll(p, 2, PATIENCE) > 0) {
		if (p[1].fd != -1 && p[1].revents != 0) {
			n = write(out, t->at + at, piece(t, at, split));
			at += n > 0 ? (size_t)n : 0;
			if (at == t->n && eof)
				(void)(in == out ? shutdown(out, SHUT_WR) : close(out));
			if (at == t->n || (n == -1 && errno != EAGAIN))
				p[1].fd = -1;
			(void)sched_yield();
		}
		if (p[0].revents != 0) {
			n = read(in, buf, sizeof(buf));
			if (n == 0 || (n == -1 && errno != EAGAIN))
				return 1;
			if (n > 0)
				add(reply, buf, (size_t)n);
		}
	}
	return 0;
}

/* Both ends of a connection, as inetd hands one over. */
static void
connected(int pair[2])
{
	static int door = -1, port;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	if (door == -1) {
		door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (door == -1 || bind(door, (struct sockaddr *)&at, sizeof(at)) == -1 || listen(door, 8) == -1 ||
		    getsockname(door, (struct sockaddr *)&at, &len) == -1)
			err(1, "listen");
		port = ntohs(at.sin_port);
	}
	pair[1] = dial(port);
	if ((pair[0] = accept4(door, NULL, NULL, SOCK_CLOEXEC)) == -1)
		err(1, "accept");
}

static pid_t
spawn(char *program, int in, int out, char *envp[])
{
	char *argv[] = { program, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawn_file_actions_adddup2(&actions, in, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, out, 1) != 0 ||
	    (errno = posix_spawnp(&pid, program, &actions, NULL, argv, envp)) != 0)
		err(1, "%s", program);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(in);
	if (in != out)
		(void)close(out);
	return pid;
}

static void
unblock(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		err(1, "fcntl");
}

/* A program with its ends at in[1] and out[0]; on one socket where `sock`. */
static void
by_program(char *program, int sock, char *envp[], const struct scene *s, const struct text *t, struct seen *seen)
{
	int in[2], out[2], status;
	pid_t pid;

	if (sock) {
		connected(in);
		pid = spawn(program, in[0], in[0], envp);
		out[0] = in[1];
	} else {
		if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
			err(1, "pipe");
		pid = spawn(program, in[0], out[1], envp);
		unblock(out[0]);
	}
	unblock(in[1]);
	seen->in_time = converse(out[0], in[1], t, 0, s->eof, &seen->reply);
	(void)close(out[0]);
	if (!sock && !(s->eof && seen->in_time))
		(void)close(in[1]);
	if (!seen->in_time)
		(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	seen->exit = status;
}

static void
by_cgi(const struct scene *s, struct seen *seen)
{
	static const char *const base[] = { "GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=POST",
	    "SCRIPT_NAME=", "PATH_INFO=/box", "QUERY_STRING=", "SERVER_NAME=127.0.0.1", "SERVER_PORT=80", "HTTP_HOST=127.0.0.1",
	    "REMOTE_ADDR=127.0.0.1" };
	static const char *const kept[] = { "WQW_SPOOL", "PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_PRELOAD" };
	char *envp[sizeof(base) / sizeof(base[0]) + sizeof(kept) / sizeof(kept[0]) + ENV_MAX + 1], program[] = "wqw.cgi";
	struct text vars[sizeof(kept) / sizeof(kept[0])] = { { 0 } };
	size_t i, n = 0;

	for (i = 0; i < s->envs; i++)
		if (strchr(s->env[i], '=') != NULL)
			envp[n++] = s->env[i];
	for (i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
		size_t k, len = strcspn(base[i], "=");

		for (k = 0; k < s->envs && (strncmp(s->env[k], base[i], len) != 0 || strchr("=", s->env[k][len]) == NULL); k++)
			;
		if (k == s->envs)
			envp[n++] = (char *)(uintptr_t)base[i];
	}
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (getenv(kept[i]) != NULL) {
			add(&vars[i], kept[i], strlen(kept[i]));
			add(&vars[i], "=", 1);
			add(&vars[i], getenv(kept[i]), strlen(getenv(kept[i])));
			envp[n++] = vars[i].at;
		}
	envp[n] = NULL;
	by_program(program, 0, envp, s, &s->request, seen);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		drop(&vars[i]);
}

static void
exchange(const struct scene *s, enum door door, struct seen *seen)
{
	char program[] = "wqw-httpd";
	struct text all = { 0 };
	int fd;

	if (door == CGI) {
		by_cgi(s, seen);
		return;
	}
	add(&all, s->request.at, s->request.n);
	if (!s->eof)
		add(&all, SENTINEL, strlen(SENTINEL));
	if (door == INETD || door == PIPE)
		by_program(program, door == INETD, environ, s, &all, seen);
	else {
		fd = dial(ports[door]);
		unblock(fd);
		seen->in_time = converse(fd, fd, &all, door == SPLIT, s->eof, &seen->reply);
		(void)close(fd);
	}
	drop(&all);
}

/* --- what has come */

static const char *
field(const char *head, const char *end, const char *name)
{
	size_t n = strlen(name);
	const char *p;

	for (p = head; (p = memmem(p, (size_t)(end - p), "\r\n", 2)) != NULL; ) {
		p += 2;
		if ((size_t)(end - p) > n && strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

/* Where a reply's body ends. A reply to HEAD has none, and what follows tells. */
static const char *
body_end(const char *head, const char *body, const char *end, int status)
{
	const char *length = field(head, body, "Content-Length"), *coding = field(head, body, "Transfer-Encoding"), *last;
	size_t n;

	if (status < 200 || status == 204 || status == 304 || body == end || strncmp(body, "HTTP/1.", 7) == 0)
		return body;
	if (coding != NULL)
		return (last = memmem(body, (size_t)(end - body), "0\r\n\r\n", 5)) != NULL ? last + 5 : end;
	if (length == NULL)
		return end;
	n = strtoul(length, NULL, 10);
	return n < (size_t)(end - body) ? body + n : end;
}

static int
has(const char *at, const char *end, const char *word)
{
	return memmem(at, (size_t)(end - at), word, strlen(word)) != NULL;
}

/* 0: what is no reply. */
static void
note_status(struct seen *seen, int status)
{
	size_t n = strlen(seen->statuses);
	const char *comma = n > 0 ? "," : "";

	if (status == 0)
		(void)snprintf(seen->statuses + n, sizeof(seen->statuses) - n, "%sgarbage", comma);
	else
		(void)snprintf(seen->statuses + n, sizeof(seen->statuses) - n, "%s%d", comma, status);
}

/* The replies, one after another; interim ones do not count, and whatever is none is "garbage". */
static void
read_replies(struct seen *seen, int cgi)
{
	const char *p = seen->reply.at, *end = p + seen->reply.n, *body, *next;
	int status;

	for (; p != NULL && p < end; p = next) {
		body = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
		status = cgi ? sscanf(p, "Status: %3d", &status) == 1 ? status : 0 : sscanf(p, "HTTP/1.%*1[01] %3d", &status) == 1 ?
		    status : 0;
		if (body == NULL || status == 0 || seen->ended) {
			note_status(seen, 0);
			return;
		}
		body += 4;
		next = body_end(p, body, end, status);
		seen->smuggled |= has(body, next, "smuggled'") ;
		if (has(body, next, "'zz-end'"))
			seen->ended = 1;
		else if (status >= 200)
			note_status(seen, status);
	}
}

/* --- the queues */

struct names {
	size_t n;
	char at[JOBS_MAX][256];
};

static int
take_name(void *arg, const char *name)
{
	struct names *names = arg;

	if (names->n < JOBS_MAX)
		(void)snprintf(names->at[names->n++], sizeof(names->at[0]), "%s", name);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
list(const struct spool *q, enum spool_dir dir, struct names *names)
{
	names->n = 0;
	if (spool_scan(q, dir, take_name, names) == -1)
		err(1, "%s", spool_dir_name(dir));
	qsort(names->at, names->n, sizeof(names->at[0]), by_name);
}

static void
take_job(int dir, const char *name, struct seen *seen)
{
	struct job_header head = { 0 };
	const char *why = "unreadable";
	char buf[65536];
	ssize_t n;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || job_read(fd, &head, &why) == -1)
		errx(1, "%s: %s", name, why);
	add(&seen->head[seen->jobs], head.text, head.len);
	add(&seen->payload[seen->jobs], "", 0);
	if (lseek(fd, (off_t)head.len, SEEK_SET) == -1)
		err(1, "%s", name);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		add(&seen->payload[seen->jobs], buf, (size_t)n);
	seen->jobs++;
	(void)close(fd);
}

/* The jobs of a directory, which it is then rid of. */
static void
take_jobs(const struct spool *q, enum spool_dir which, struct seen *seen)
{
	int dir = spool_open_dir(q, which);
	struct names names;
	size_t i;

	list(q, which, &names);
	for (i = 0; i < names.n; i++) {
		if (which != SPOOL_KEYS && seen->jobs < JOBS_MAX)
			take_job(dir, names.at[i], seen);
		if (unlinkat(dir, names.at[i], 0) == -1)
			err(1, "%s", names.at[i]);
	}
	(void)close(dir);
}

/* What broke off leaves nothing half made, though it may take its program a moment to know. Returns 1 once it is so. */
static int
tidied(const struct spool *q)
{
	struct names names;
	int i;

	for (i = 0; i < PATIENCE; i++) {
		list(q, SPOOL_TMP, &names);
		if (names.n == 0)
			return 1;
		(void)poll(NULL, 0, 1);
	}
	return 0;
}

static int
look_at_queues(struct seen *seen)
{
	size_t i;
	int r = 1;

	for (i = 0; i < queue_count; i++) {
		r &= tidied(&queues[i]);
		take_jobs(&queues[i], SPOOL_NEW, seen);
		take_jobs(&queues[i], SPOOL_LATER, seen);
		take_jobs(&queues[i], SPOOL_KEYS, seen);
	}
	return r;
}

/* --- the comparison */

/* "400|413,202+" against "400,202,202": a plus takes the same once more. "-|400": or nothing at all. */
static int
statuses_fit(const char *want, const char *got)
{
	size_t w, g, n;
	const char *p;
	int fits;

	if (*want == '-' && *got == '\0')
		return 1;
	while (*want != '\0' && *got != '\0') {
		w = strcspn(want, ",");
		g = strcspn(got, ",");
		for (fits = 0, p = want; p < want + w; p += n + 1) {
			n = strcspn(p, "|,+");
			fits |= n == g && strncmp(p, got, n) == 0;
		}
		if (!fits)
			return 0;
		if (want[w - 1] == '+' && got[g] == ',' && strncmp(got, got + g + 1, g) == 0)
			got += g + 1;
		want += w + (want[w] == ',');
		got += g + (got[g] == ',');
	}
	return *want == *got;
}

/* The payloads at the end of an expectation, each in quotes. */
static int
payloads_fit(const char *p, const struct seen *seen)
{
	struct text t = { 0 };
	const char *end;
	size_t n = 0;
	int fits = 1;

	while ((p = strchr(p, '"')) != NULL) {
		for (end = ++p; *end != '"'; end++)
			if (*end == '\0' || (*end == '\\' && *++end == '\0'))
				errx(1, "a quote is missing: %s", p);
		expand(p, end, &t);
		fits &= n < seen->jobs && t.n == seen->payload[n].n && memcmp(t.at == NULL ? "" : t.at, seen->payload[n].at, t.n) == 0;
		drop(&t);
		p = end + 1;
		n++;
	}
	return fits && n == seen->jobs;
}

/* Lines `says TEXT`, `never TEXT` of the replies; `job LINE`, `nojob TEXT` of the head of a job. NULL: all is as they say. */
static const char *
details_fit(const struct scene *s, const struct seen *seen)
{
	struct text t = { 0 };
	const char *p, *wrong = NULL;
	size_t i, k;
	int said, not;

	for (i = 0; i < s->lines && wrong == NULL; i++) {
		const struct line *l = &s->line[i];

		not = strcmp(l->word, "never") == 0 || strcmp(l->word, "nojob") == 0;
		drop(&t);
		expand(l->rest, l->rest + strlen(l->rest), &t);
		if (strcmp(l->word, "says") == 0 || strcmp(l->word, "never") == 0)
			said = seen->reply.n > 0 && memmem(seen->reply.at, seen->reply.n, t.at, t.n) != NULL;
		else if (strcmp(l->word, "job") == 0 || strcmp(l->word, "nojob") == 0) {
			for (said = 0, k = 0; k < seen->jobs; k++)
				said |= (p = memmem(seen->head[k].at, seen->head[k].n, t.at, t.n)) != NULL &&
				    (p == seen->head[k].at || p[-1] == '\n');
			said |= !not && seen->jobs == 0;
		} else
			continue;
		if (said == not)
			wrong = l->rest;
	}
	drop(&t);
	return wrong;
}

static void
show(const struct text *t, const char *next)
{
	size_t i;

	for (i = 0; i < t->n && i < 600; i++)
		if (t->at[i] == '\n')
			printf("\\n%s", i + 1 < t->n ? next : "");
		else if (t->at[i] == '\r')
			printf("\\r");
		else if (isprint((unsigned char)t->at[i]) && t->at[i] != '\\')
			putchar(t->at[i]);
		else
			printf("\\x%02x", (unsigned char)t->at[i]);
	printf("%s", t->n > i ? " ..." : "");
}

static void
summary(char *buf, size_t size, enum door door, const struct seen *seen)
{
	(void)snprintf(buf, size, "%s%s%s%s", *seen->statuses != '\0' ? seen->statuses : "-", door == CGI ? "" :
	    seen->ended ? " kept" : " closed", seen->smuggled ? ", and what was smuggled is answered" : "",
	    !seen->in_time ? ", and the connection does not end" : seen->exit != 0 ? ", and the program fails" : "");
}

static void
report(const struct scene *s, enum door door, const struct seen *seen, const char *want, const char *wrong)
{
	char got[512];
	size_t i;

	summary(got, sizeof(got), door, seen);
	if (record) {
		printf("%s\t%s\t%s", s->name, door_names[door], got);
		for (i = 0; i < seen->jobs; i++) {
			printf(" \"");
			show(&seen->payload[i], "");
			printf("\"");
		}
		printf("%s\n", wrong == NULL ? "" : "\t!");
		return;
	}
	printf("%sok %u - %s: %s\n", wrong == NULL ? "" : "not ", ++checks, door_names[door], s->name);
	if (wrong == NULL)
		return;
	failures++;
	printf("# %s: %s: %s\n# wanted: %s\n#    got: %s, jobs: %zu\n#   ", s->file, s->name, wrong, want, got, seen->jobs);
	show(&seen->reply, "\n#   ");
	for (i = 0; i < seen->jobs; i++) {
		printf("\n# job %zu:\n#   ", i + 1);
		show(&seen->head[i], "\n#   ");
		printf("\n#   ");
		show(&seen->payload[i], "\n#   ");
	}
	printf("\n");
}

/* NULL, or what is wrong. */
static const char *
judge(const struct scene *s, enum door door, const struct seen *seen, int tidy, const char *want)
{
	size_t n = strcspn(want, " ");
	char statuses[256], how[8] = "";
	int fits;

	(void)snprintf(statuses, sizeof(statuses), "%.*s", (int)n, want);
	(void)sscanf(want + n, " %7[a-z]", how);
	if (!seen->in_time)
		return "the connection does not end";
	if (seen->exit != 0)
		return "the program fails";
	if (seen->smuggled)
		return "a request in a body is answered";
	if (!statuses_fit(statuses, seen->statuses))
		return "the answers are others";
	fits = strcmp(how, "any") == 0 || strcmp(how, seen->ended ? "kept" : "closed") == 0;
	if (door != CGI && !s->eof && !fits)
		return "the connection is not as it should be";
	if (!payloads_fit(want, seen))
		return "the jobs are others";
	return tidy ? details_fit(s, seen) : "something is left in tmp/";
}

static void
run(const struct scene *s, enum door door)
{
	const char *want = wanted(s, door), *wrong;
	struct seen seen = { 0 };
	size_t i;
	int tidy;

	if (want == NULL && !record)
		errx(1, "%s: %s: nothing is said about %s", s->file, s->name, door_names[door]);
	exchange(s, door, &seen);
	read_replies(&seen, door == CGI);
	tidy = look_at_queues(&seen);
	wrong = want == NULL ? "not said" : judge(s, door, &seen, tidy, want);
	report(s, door, &seen, want, wrong);
	drop(&seen.reply);
	for (i = 0; i < seen.jobs; i++) {
		drop(&seen.head[i]);
		drop(&seen.payload[i]);
	}
}

/*
 * A wqw-httpd for each case is dear: by the case's name it is on a socket, on pipes, or for half of them not at all, as the
 * listener has been asked the same; on both where the case has a word for pipes.
 */
static int
is_for(const struct scene *s, enum door door)
{
	unsigned sum = 0;
	const char *p;

	if (only != NULL && strcmp(only, door_names[door]) != 0)
		return 0;
	if ((door == CGI) != (s->envs > 0))
		return 0;
	for (p = s->name; *p != '\0'; p++)
		sum += (unsigned char)*p;
	if (door == INETD || door == PIPE)
		return sum % 4 == (door == PIPE) || find_line(s, "pipe") != NULL;
	return door == CGI || ports[door] != 0;
}

static void
run_doors(struct scene *s)
{
	enum door door;

	if (s->name[0] != '\0') {
		add(&s->request, "", 0);
		put_length(&s->request);
		for (door = 0; door < DOORS; door++)
			if (is_for(s, door))
				run(s, door);
	}
	forget(s);
}

static void
run_file(const char *path)
{
	struct scene s = { .file = path };
	FILE *f = fopen(path, "r");
	char *line = NULL, *rest;
	size_t size = 0;
	ssize_t n;

	if (f == NULL)
		err(1, "%s", path);
	while ((n = getline(&line, &size, f)) > 0) {
		line[n - 1] = '\0';
		rest = line + strcspn(line, " ");
		if (*rest == ' ')
			*rest++ = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		if (strcmp(line, "let") == 0)
			define(rest);
		else if (strcmp(line, "case") == 0) {
			run_doors(&s);
			(void)snprintf(s.name, sizeof(s.name), "%s", rest);
		} else
			take_line(&s, line, rest);
	}
	run_doors(&s);
	free(line);
	(void)fclose(f);
	while (macro_count > 0) {
		free(macros[--macro_count].name);
		drop(&macros[macro_count].value);
	}
}

int
main(int argc, char *argv[])
{
	char *word, *words;
	int c;

	while ((c = getopt(argc, argv, "d:l:rw:")) != -1)
		if (c == 'd')
			only = optarg;
		else if (c == 'l')
			ports[LISTENER] = ports[SPLIT] = atoi(optarg);
		else if (c == 'w')
			ports[SERVER] = atoi(optarg);
		else if (c == 'r')
			record = 1;
		else
			return 1;
	if (argc - optind < 2)
		errx(1, "which queues, and which files?");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (words = argv[optind++]; (word = strsep(&words, ",")) != NULL && queue_count < QUEUES_MAX; queue_count++)
		if (spool_open(&queues[queue_count], word) == -1)
			err(1, "%s", word);
	for (; optind < argc; optind++)
		run_file(argv[optind]);
	if (record)
		return 0;
	if (ports[SERVER] == 0)
		printf("ok %u - a server # SKIP lighttpd is missing\n", ++checks);
	printf("1..%u\n", checks);
	return failures > 0;
}
