#include <sys/ioctl.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "await.h"
#include "await_line.h"
#include "tool.h"
#include "units.h"

static const char usage[] =
    "usage: wqw-wait [--timeout DURATION] [--any] [--print] ADDRESS|- ...\n"
    "Waits until the jobs have ended. Exits 0 where all are done, 69 where one failed, 75 where one has not ended in\n"
    "time, 66 where there is no such job.\n"
    "  -t, --timeout DURATION   as 500ms, 10s, 5m, 2h; a bare number is seconds\n"
    "  -a, --any                until the first one has ended; prints its address\n"
    "  -p, --print              prints the address of each job when it is done\n"
    "  -h, --help               this text\n";

static const struct option longs[] = {
	{ "timeout", required_argument, NULL, 't' }, { "any", no_argument, NULL, 'a' },
	{ "print", no_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct wait {
	int64_t timeout;    /* microseconds; -1: none */
	int any, print;
	int terminal, drawn;
	struct await_line line;
};

static const char *
clean(const char *text)
{
	static char buf[1024];

	return tool_clean(buf, sizeof(buf), text);
}

static void
option(struct wait *w, int c, char *argv[])
{
	char why[512];

	switch (c) {
	case 't':
		if (units_duration(optarg, &w->timeout) == -1)
			errx(EX_USAGE, "--timeout '%s': not a duration, as 30, 500ms, 10s or 5m", clean(optarg));
		break;
	case 'a':
		w->any = 1;
		break;
	case 'p':
		w->print = 1;
		break;
	case 'h':
		(void)fputs(usage, stdout);
		exit(tool_end() == -1 ? EX_IOERR : EX_OK);
	default:
		errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
	}
}

static void
add(struct await *a, const char *word)
{
	struct address address = ADDRESS_CLOSED;
	char why[1024];
	int error;

	if (address_open(&address, word, 0) == -1) {
		error = errno;
		errx(tool_code(error), "%s", address_fault(why, sizeof(why), word, 0, error));
	}
	if (await_add(a, address.q.word, address.id) == -1) {
		error = errno;
		errx(tool_code(error), "%s: %s", clean(word), strerror(error));
	}
	address_close(&address);
}

static void
add_all(struct await *a, char *const argv[])
{
	struct address_words w = { .next = argv };
	const char *word;

	while ((word = address_next(&w)) != NULL)
		add(a, word);
	if (errno != 0)
		err(EX_IOERR, "standard input");
	address_end(&w);
}

static void
erase(struct wait *w)
{
	if (w->drawn)
		(void)fputs("\r\033[K", stderr);
	w->drawn = 0;
}

static void
ended(void *arg, const char *queue, const struct await_job *job)
{
	struct wait *w = arg;

	erase(w);
	if (job->end == AWAIT_FAILED)
		warnx("%s/%s: failed (%s); wqw-cat --log shows its log", queue, job->id, id_reason_name(job->reason));
	if (job->end == AWAIT_UNKNOWN)
		warnx("%s/%s: no such job", queue, job->id);
	if ((w->print && job->end == AWAIT_DONE) || (w->any && job->end != AWAIT_UNKNOWN)) {
		(void)printf("%s/%s\n", queue, job->id);
		if (fflush(stdout) == EOF)
			err(EX_IOERR, "standard output");
	}
}

static void
draw(void *arg, const struct await *a)
{
	struct wait *w = arg;
	char text[AWAIT_LINE_MAX];
	struct winsize size;
	int columns = 80;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		columns = size.ws_col;
	/* A line that wraps could not be drawn over. */
	(void)fprintf(stderr, "\r%.*s\033[K", columns - 1, await_line(&w->line, a, text));
	w->drawn = 1;
}

int
main(int argc, char *argv[])
{
	struct wait w = { .timeout = -1 };
	struct await a;
	int c, code;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":t:aph", longs, NULL)) != -1)
		option(&w, c, argv);
	if (optind == argc)
		errx(EX_USAGE, "for what? wqw-wait ADDRESS|- ...");
	if (await_open(&a) == -1)
		err(EX_OSERR, "inotify");
	add_all(&a, argv + optind);
	a.ended = ended;
	a.arg = &w;
	if (isatty(STDERR_FILENO))
		a.tick = draw;
	if (await_start(&a) == -1 || await_run(&a, w.timeout, w.any) == -1)
		err(tool_code(errno), "waiting");
	erase(&w);
	code = w.any && a.done + a.failed > 0 ? (a.failed > 0 ? EX_UNAVAILABLE : EX_OK) : await_code(&a);
	if (code == EX_TEMPFAIL)
		warnx("not ended yet: %zu of %zu", a.pending, a.n_jobs);
	await_close(&a);
	if (tool_end() == -1)
		err(EX_IOERR, "standard output");
	return code;
}
