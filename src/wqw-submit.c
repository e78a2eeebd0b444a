#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "feed_field.h"
#include "submit.h"
#include "tool.h"
#include "units.h"

static const char usage[] =
    "usage: wqw-submit [option ...] QUEUE [FILE...]\n"
    "Makes each FILE, or standard input, a job, and prints its address once it is safe on disk.\n"
    "  -t, --type MIME|guess     Content-Type; guess: from the first bytes\n"
    "  -H, --header 'Name: value'   a header field; may be repeated\n"
    "  -p, --priority 0..9       0 is the most urgent, 5 the default\n"
    "  -g, --group GROUP         ordering group\n"
    "  -d, --delay DURATION      not run before that\n"
    "  -a, --at TIME             not run before 2026-12-01T08:00Z\n"
    "  -e, --expires DURATION|TIME|never   not started by then: failed\n"
    "  -k, --key KEY             submitted again with this key, it is the same job\n"
    "  -n, --next QUEUE          the queue beside this one that the result goes on to\n"
    "  -b, --batch BATCH         the jobs are members of this batch of the queue\n"
    "      --then QUEUE2         with --batch: no more are to come; FILE becomes a job of QUEUE2 when all have ended\n"
    "      --notify URL          who is to be told of the end, where the queue's events lead to wqw-notify --job-url\n"
    "  -l, --lines               each line is a job; empty ones are not\n"
    "  -0, --null                the same, of lines that end with a zero byte\n"
    "  -w, --wait[=DURATION]     wait until the jobs have ended; the exit status is that of wqw-wait\n"
    "  -h, --help                this text\n";

enum { THEN = 256, NOTIFY };

static const struct option longs[] = {
	{ "type", required_argument, NULL, 't' }, { "header", required_argument, NULL, 'H' },
	{ "priority", required_argument, NULL, 'p' }, { "group", required_argument, NULL, 'g' },
	{ "delay", required_argument, NULL, 'd' }, { "at", required_argument, NULL, 'a' },
	{ "expires", required_argument, NULL, 'e' }, { "key", required_argument, NULL, 'k' },
	{ "next", required_argument, NULL, 'n' }, { "batch", required_argument, NULL, 'b' },
	{ "then", required_argument, NULL, THEN }, { "notify", required_argument, NULL, NOTIFY },
	 { "lines", no_argument, NULL, 'l' }, { "null", no_argument, NULL, '0' },
	{ "wait", optional_argument, NULL, 'w' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

static void
add_field(struct submit *s, const char *text)
{
	const char *why;

	if (feed_field(&s->fields, text, &why) == -1)
		errx(EX_USAGE, "--header '%s': %s", submit_clean(text), why);
}

static void
set_type(struct submit *s, const char *type)
{
	if (strcmp(type, "guess") != 0 && (strchr(type, '/') == NULL || !job_valid_value(type)))
		errx(EX_USAGE, "--type '%s': neither a MIME type, as text/plain, nor 'guess'", submit_clean(type));
	s->type = type;
}

/* Those whose long name is what feed_ask calls it. */
static void
set_ask(struct submit *s, int c)
{
	const struct option *o;
	const char *why;

	for (o = longs; o->val != c; o++)
		;
	if (feed_ask_set(&s->ask, o->name, optarg, &why) == -1)
		errx(EX_USAGE, "--%s '%s': %s", o->name, submit_clean(optarg), why);
}

static void
set_wait(struct submit *s, const char *text)
{
	s->wait = 1;
	if (text != NULL && units_duration(text, &s->patience) == -1)
		errx(EX_USAGE, "--wait '%s': not a duration, as 30, 500ms or 5m", submit_clean(text));
}

static void
option(struct submit *s, int c, char *argv[])
{
	char why[512];

	switch (c) {
	case 't':
		set_type(s, optarg);
		break;
	case 'H':
		add_field(s, optarg);
		break;
	case 'p':
	case 'g':
	case 'd':
	case 'a':
	case 'e':
	case 'k':
	case 'n':
	case 'b':
	case NOTIFY:
		set_ask(s, c);
		break;
	case 'l':
		s->lines = '\n';
		break;
	case '0':
		s->lines = '\0';
		break;
	case THEN:
		s->then = optarg;
		break;
	case 'w':
		set_wait(s, optarg);
		break;
	case 'h':
		(void)fputs(usage, stdout);
		exit(tool_end() == -1 ? EX_IOERR : EX_OK);
	default:
		errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
	}
}

static void
check_then(const struct submit *s, int files)
{
	if (s->ask.batch[0] == '\0')
		errx(EX_USAGE, "--then: of which batch? --batch BATCH --then QUEUE2 QUEUE [FILE]");
	if (files > 1 || s->wait || s->ask.key[0] != '\0')
		errx(EX_USAGE, "--then: one FILE at most, and neither --wait nor --key");
}

static void
check_lines(struct submit *s)
{
	if (s->ask.key[0] != '\0' || s->then != NULL)
		errx(EX_USAGE, "--lines: neither --key nor --then, which are for one job");
	if (s->type != NULL && strcmp(s->type, "guess") == 0)
		errx(EX_USAGE, "--lines: --type says what the lines are, and does not guess");
	s->progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
}

static void
parse(struct submit *s, int argc, char *argv[])
{
	int c;

	opterr = 0;
	feed_ask_init(&s->ask);
	while ((c = getopt_long(argc, argv, ":t:H:p:g:d:a:e:k:n:b:l0w::h", longs, NULL)) != -1)
		option(s, c, argv);
	if (optind == argc)
		errx(EX_USAGE, "which queue? wqw-submit QUEUE [FILE...]");
	if (s->ask.key[0] != '\0' && argc - optind > 2)
		errx(EX_USAGE, "--key is for one job, and here are %d files", argc - optind - 1);
	if (s->lines != SUBMIT_FILES)
		check_lines(s);
	if (s->then != NULL)
		check_then(s, argc - optind - 1);
	if (s->type != NULL && feed_has(&s->fields, "Content-Type"))
		errx(EX_USAGE, "--type and a Content-Type by --header: only one of them");
	if (feed_trace(&s->fields) == -1)
		errx(EX_USAGE, "--header: all fields together are more than 16 KiB");
}

/* Inside a handler, jobs are part of what it does: they appear when it has succeeded. */
static void
inherit(struct submit *s)
{
	s->outbox = getenv("WQW_OUTBOX");
	if (s->outbox == NULL || *s->outbox == '\0') {
		s->outbox = NULL;
		return;
	}
	if (s->then != NULL)
		errx(EX_USAGE, "--then inside a handler: its jobs start when it has ended (WQW_OUTBOX is set)");
	if (s->wait)
		errx(EX_USAGE, "--wait inside a handler: the jobs start when it has ended (WQW_OUTBOX is set)");
	if (s->ask.key[0] != '\0')
		errx(EX_USAGE, "--key inside a handler: its jobs appear once, when it has succeeded (WQW_OUTBOX is set)");
}

static void
open_queue(struct submit *s, const char *word)
{
	char why[1024];
	int error;

	/* An address is a line. */
	if (!job_valid_value(word))
		errx(EX_USAGE, "'%s': a control character in a queue's name", submit_clean(word));
	if (spool_open(&s->q, word) == -1) {
		error = errno;
		errx(tool_code(error), "%s", address_fault(why, sizeof(why), word, 1, error));
	}
	if (spool_policy(&s->q, &s->p, why, sizeof(why)) == -1) {
		if ((error = errno) == EINVAL)
			errx(EX_CONFIG, "%s/%s", s->q.word, submit_clean(why));
		errx(tool_code(error), "%s/%s: %s", s->q.word, submit_clean(why), strerror(error));
	}
}

static void
check_next(const struct submit *s)
{
	char why[256];

	if (feed_ask_there(&s->ask, &s->q, why, sizeof(why)) == -1)
		errx(tool_code(errno), "--next: %s", submit_clean(why));
}

/* All that can be told before the first job is submitted, so that a slip of the pen submits none. */
static void
check_file(const struct submit *s, const char *file)
{
	struct stat st;

	if (strcmp(file, "-") == 0)
		return;
	if (stat(file, &st) == -1 || faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == -1)
		errx(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "%s: %s; nothing was submitted", submit_clean(file), strerror(errno));
	if (S_ISDIR(st.st_mode))
		errx(EX_NOINPUT, "%s: a directory; nothing was submitted", submit_clean(file));
	if (s->lines == SUBMIT_FILES && S_ISREG(st.st_mode) && st.st_size > s->p.max_size)
		errx(EX_DATAERR, "%s: %jd bytes, max-size in the queue's queue.conf allows %" PRId64
		    "; nothing was submitted", submit_clean(file), (intmax_t)st.st_size, s->p.max_size);
}

static void
ended(void *arg, const char *queue, const struct await_job *job)
{
	(void)arg;
	if (job->end == AWAIT_FAILED)
		warnx("%s/%s: failed (%s); wqw-cat --log shows its log", queue, job->id, id_reason_name(job->reason));
}

static int
wait_for_all(struct submit *s)
{
	s->await.ended = ended;
	if (await_start(&s->await) == -1 || await_run(&s->await, s->patience, 0) == -1)
		err(EX_IOERR, "waiting");
	if (s->await.pending > 0)
		warnx("accepted, and not ended yet");
	return await_code(&s->await);
}

int
main(int argc, char *argv[])
{
	static struct submit s = { .q = { .fd = -1 }, .home = { .fd = -1 }, .lines = SUBMIT_FILES, .patience = -1 };
	static const char *const only_stdin = "-";
	sigset_t old;
	int code, i;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	/* A job that was accepted stays accepted when nobody reads its address, and a file size limit is an error. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	parse(&s, argc, argv);
	inherit(&s);
	open_queue(&s, argv[optind]);
	if (s.then != NULL) {
		s.home = s.q;
		open_queue(&s, s.then);
	}
	check_next(&s);
	for (i = optind + 1; i < argc; i++)
		check_file(&s, argv[i]);
	if (s.wait && await_open(&s.await) == -1)
		err(EX_OSERR, "inotify");
	if ((s.feed.stop = feed_signals(&old)) == -1)
		err(EX_OSERR, "signals");
	if (optind + 1 == argc)
		code = submit_all(&s, &only_stdin, 1);
	else
		code = submit_all(&s, (const char *const *)argv + optind + 1, (size_t)(argc - optind - 1));
	/* What came meanwhile comes now. */
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (s.wait && code == EX_OK)
		code = wait_for_all(&s);
	if (s.wait)
		await_close(&s.await);
	spool_close(&s.q);
	spool_close(&s.home);
	if (tool_end() == -1 && code == EX_OK) {
		warn("standard output");
		code = EX_IOERR;
	}
	return code;
}
