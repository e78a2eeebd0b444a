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
#include "await.h"
#include "feed.h"
#include "feed_ask.h"
#include "feed_fault.h"
#include "feed_field.h"
#include "feed_type.h"
#include "io.h"
#include "spool_batch.h"
#include "spool_outbox.h"
#include "spool_submit.h"
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
    "  -w, --wait[=DURATION]     wait until the jobs have ended; the exit status is that of wqw-wait\n"
    "  -h, --help                this text\n";

enum { THEN = 256 };

static const struct option longs[] = {
	{ "type", required_argument, NULL, 't' }, { "header", required_argument, NULL, 'H' },
	{ "priority", required_argument, NULL, 'p' }, { "group", required_argument, NULL, 'g' },
	{ "delay", required_argument, NULL, 'd' }, { "at", required_argument, NULL, 'a' },
	{ "expires", required_argument, NULL, 'e' }, { "key", required_argument, NULL, 'k' },
	{ "next", required_argument, NULL, 'n' }, { "batch", required_argument, NULL, 'b' },
	{ "then", required_argument, NULL, THEN },
	{ "wait", optional_argument, NULL, 'w' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

/* One round of drafts goes to disk together: so many at most, and so many bytes, that none waits long for the others. */
enum { ROUND = 64, ROUND_BYTES = 64 << 20 };

struct submit {
	struct spool q;
	struct policy p;
	struct feed_ask ask;
	const char *type, *then;
	struct spool home;          /* with --then: the batch's queue, while q is the callback's */
	struct job_header fields;
	const char *outbox;         /* inside a handler: where jobs wait for its success; NULL: elsewhere */
	int wait;
	int64_t patience;           /* microseconds; -1: for ever */
	struct await await;
	struct feed feed;
	struct spool_draft drafts[ROUND];
	size_t n;
	off_t bytes;
};

static const char *
clean(const char *text)
{
	static char buf[1024];

	return tool_clean(buf, sizeof(buf), text);
}

static void
add_field(struct submit *s, const char *text)
{
	const char *why;

	if (feed_field(&s->fields, text, &why) == -1)
		errx(EX_USAGE, "--header '%s': %s", clean(text), why);
}

static void
set_type(struct submit *s, const char *type)
{
	if (strcmp(type, "guess") != 0 && (strchr(type, '/') == NULL || !job_valid_value(type)))
		errx(EX_USAGE, "--type '%s': neither a MIME type, as text/plain, nor 'guess'", clean(type));
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
		errx(EX_USAGE, "--%s '%s': %s", o->name, clean(optarg), why);
}

static void
set_wait(struct submit *s, const char *text)
{
	s->wait = 1;
	if (text != NULL && units_duration(text, &s->patience) == -1)
		errx(EX_USAGE, "--wait '%s': not a duration, as 30, 500ms or 5m", clean(text));
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
		set_ask(s, c);
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
parse(struct submit *s, int argc, char *argv[])
{
	int c;

	opterr = 0;
	feed_ask_init(&s->ask);
	while ((c = getopt_long(argc, argv, ":t:H:p:g:d:a:e:k:n:b:w::h", longs, NULL)) != -1)
		option(s, c, argv);
	if (optind == argc)
		errx(EX_USAGE, "which queue? wqw-submit QUEUE [FILE...]");
	if (s->ask.key[0] != '\0' && argc - optind > 2)
		errx(EX_USAGE, "--key is for one job, and here are %d files", argc - optind - 1);
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
		errx(EX_USAGE, "'%s': a control character in a queue's name", clean(word));
	if (spool_open(&s->q, word) == -1) {
		error = errno;
		errx(tool_code(error), "%s", address_fault(why, sizeof(why), word, 1, error));
	}
	if (spool_policy(&s->q, &s->p, why, sizeof(why)) == -1) {
		if ((error = errno) == EINVAL)
			errx(EX_CONFIG, "%s/%s", s->q.word, clean(why));
		errx(tool_code(error), "%s/%s: %s", s->q.word, clean(why), strerror(error));
	}
}

static void
check_next(const struct submit *s)
{
	char why[256];

	if (feed_ask_there(&s->ask, &s->q, why, sizeof(why)) == -1)
		errx(tool_code(errno), "--next: %s", clean(why));
}

/* All that can be told before the first job is submitted, so that a slip of the pen submits none. */
static void
check_file(const struct submit *s, const char *file)
{
	struct stat st;

	if (strcmp(file, "-") == 0)
		return;
	if (stat(file, &st) == -1 || faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == -1)
		errx(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "%s: %s; nothing was submitted", clean(file), strerror(errno));
	if (S_ISDIR(st.st_mode))
		errx(EX_NOINPUT, "%s: a directory; nothing was submitted", clean(file));
	if (S_ISREG(st.st_mode) && st.st_size > s->p.max_size)
		errx(EX_DATAERR, "%s: %jd bytes, max-size in the queue's queue.conf allows %" PRId64
		    "; nothing was submitted", clean(file), (intmax_t)st.st_size, s->p.max_size);
}

/* What became of one draft in a round. Returns the exit code. */
static int
tell(struct submit *s, const struct spool_draft *d)
{
	char why[512];

	if (d->unknown) {
		warnx("%s/%s: the disk failed (%s): it may or may not be in the queue; look with wqw-status before "
		    "submitting it again", s->q.word, d->id, strerror(d->error));
		return EX_IOERR;
	}
	if (d->error == ENOTUNIQ) {
		warnx("--key '%s': %s/%s was submitted with this key, and another payload", clean(s->ask.key), s->q.word, d->id);
		return EX_DATAERR;
	}
	if (d->error != 0) {
		(void)feed_fault_words(why, sizeof(why), FEED_WRITING, &s->q, s->p.max_size, d->error);
		warnx("not submitted: %s", why);
		return feed_fault_code(FEED_WRITING, d->error);
	}
	if (printf("%s/%s\n", s->q.word, d->id) < 0 || fflush(stdout) == EOF) {
		warn("standard output");
		warnx("%s/%s: accepted all the same", s->q.word, d->id);
		return EX_IOERR;
	}
	if (s->wait && await_add(&s->await, s->q.word, d->id) == -1) {
		warn("waiting");
		return EX_TEMPFAIL;
	}
	return EX_OK;
}

static int
commit(struct submit *s)
{
	struct spool_draft *d[ROUND];
	int code = EX_OK, c;
	size_t i;

	for (i = 0; i < s->n; i++)
		d[i] = &s->drafts[i];
	(void)spool_commit(d, s->n);
	if (s->then != NULL && s->n == 1 && d[0]->error == 0 && spool_batch_close(&s->home, s->ask.batch, d[0]->id) != 0)
		d[0]->error = errno;
	for (i = 0; i < s->n; i++)
		if ((c = tell(s, d[i])) != EX_OK && code == EX_OK)
			code = c;
	s->n = 0;
	s->bytes = 0;
	return code;
}

static void
abort_all(struct submit *s)
{
	while (s->n > 0)
		spool_draft_abort(&s->drafts[--s->n]);
}

/* Says why a draft was not to be. Returns the exit code. */
static int
fault(const struct submit *s, const char *file, enum feed_fault what)
{
	char why[512];
	int error = errno;

	if (error == EINTR && feed_stopped(&s->feed))
		return EX_TEMPFAIL;
	warnx("%s: %s", clean(file), feed_fault_words(why, sizeof(why), what, &s->q, s->p.max_size, error));
	return feed_fault_code(what, error);
}

/* Returns the exit code; on any but EX_OK there is no draft of the file. */
static int
draft(struct submit *s, const char *file, int is_stdin)
{
	struct feed_job job = { .fields = &s->fields, .type = s->type, .path = is_stdin ? NULL : file };
	struct spool_draft *d = &s->drafts[s->n];

	if (feed_ask_open(d, &s->q, &s->p, &s->ask) == -1)
		return fault(s, file, FEED_WRITING);
	if (s->then != NULL && (d->outbox = spool_batch_stage(&s->home, s->ask.batch, d->id)) == -1)
		return fault(s, file, FEED_WRITING);
	if (s->outbox != NULL && spool_outbox_stage(d, s->outbox) == -1)
		return fault(s, s->outbox, FEED_WRITING);
	if (feed_draft(&s->feed, d, &job) == -1) {
		spool_draft_abort(d);
		return fault(s, file, s->feed.fault);
	}
	s->n++;
	s->bytes += d->size;
	return EX_OK;
}

static int
submit(struct submit *s, const char *file)
{
	int code, is_stdin = strcmp(file, "-") == 0;

	s->feed.fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (s->feed.fd == -1) {
		warn("%s", clean(file));
		return EX_NOINPUT;
	}
	code = draft(s, is_stdin ? "standard input" : file, is_stdin);
	if (!is_stdin)
		(void)io_close(&s->feed.fd);
	if (code == EX_OK && (s->n == ROUND || s->bytes >= ROUND_BYTES))
		code = commit(s);
	return code;
}

static int
submit_all(struct submit *s, const char *const *files, size_t n)
{
	int code = EX_OK, c;
	size_t i;

	for (i = 0; code == EX_OK && i < n; i++)
		code = submit(s, files[i]);
	/* Who interrupts it wants none of what has no address yet; who has one bad file, the others before it. */
	if (code != EX_OK && feed_stopped(&s->feed))
		abort_all(s);
	else if ((c = commit(s)) != EX_OK && code == EX_OK)
		code = c;
	if (code != EX_OK && i < n)
		warnx("not submitted: %s and what comes after it", clean(files[i]));
	return code;
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
	static struct submit s = { .q = { .fd = -1 }, .home = { .fd = -1 }, .patience = -1 };
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
