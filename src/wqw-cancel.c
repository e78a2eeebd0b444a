#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "address_round.h"
#include "spool_cancel.h"
#include "tool.h"

static const char usage[] =
    "usage: wqw-cancel [--hold] ADDRESS|- ...\n"
    "       wqw-cancel --pause QUEUE|- ...\n"
    "Ends jobs that wait or run: they become dead letters with the reason cancelled. Prints the address of each one when\n"
    "that is on disk. - reads addresses from standard input.\n"
    "      --hold    holds jobs that wait, until wqw-retry releases them\n"
    "      --pause   no job of the queue is started, until wqw-retry --resume\n"
    "  -h, --help    this text\n";

enum { HOLD = 256, PAUSE };

static const struct option longs[] = {
	{ "hold", no_argument, NULL, HOLD }, { "pause", no_argument, NULL, PAUSE }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct cancel {
	struct address at;
	struct address_round round;
	int what;              /* HOLD, PAUSE; 0: cancel */
	int code;
};

static void
fault(struct cancel *c, int code, const char *text)
{
	warnx("%s", text);
	if (c->code == EX_OK)
		c->code = code;
}

static void
end_round(struct cancel *c)
{
	char text[PATH_MAX + ID_MAX + 256];
	size_t i;
	int error;

	if (address_round_end(&c->round, stdout) == -1) {
		error = errno;
		for (i = 0; i < c->round.n; i++) {
			(void)snprintf(text, sizeof(text), "%s: may or may not stay so: %s", c->round.done[i], strerror(error));
			fault(c, EX_IOERR, text);
		}
	}
	address_round_clear(&c->round);
}

static void
one_job(struct cancel *c)
{
	char text[PATH_MAX + ID_MAX + 256], why[256];
	struct spool_job job;
	struct policy policy;
	int r, error;

	c->round.jobs.q = &c->at.q;
	r = c->what == HOLD ? spool_hold(&c->round.jobs, c->at.id, &job) : spool_cancel(&c->round.jobs, c->at.id, &job);
	error = errno;
	if (r == 0) {
		if ((r = address_round_add(&c->round, c->at.id)) == -1)
			errx(EX_TEMPFAIL, "out of memory");
		if (r == 1)
			end_round(c);
		return;
	}
	/* A dead letter is told of as queue.conf says. */
	if (r == -1 && error == EINVAL && spool_policy(&c->at.q, &policy, why, sizeof(why)) == -1 && errno == EINVAL) {
		(void)snprintf(text, sizeof(text), "%s/%s", c->at.q.word, why);
		fault(c, EX_CONFIG, text);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s/%s: %s", c->at.q.word, c->at.id, r == 1 ? address_refusal(&job) :
	    error == ENOENT ? "no such job" : error == EAGAIN ? "locked by another" : strerror(error));
	fault(c, r == 1 ? EX_UNAVAILABLE : tool_code(error), text);
}

static void
one_queue(struct cancel *c, const char *word)
{
	struct spool q;
	char text[1024];
	int error;

	if (spool_open(&q, word) == -1) {
		error = errno;
		fault(c, tool_code(error), address_fault(text, sizeof(text), word, 1, error));
		return;
	}
	if (spool_pause(&q) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), "%s/pause: %s", q.word, strerror(error));
		fault(c, tool_code(error), text);
	} else
		(void)printf("%s\n", q.word);
	spool_close(&q);
}

static void
words(struct cancel *c, char *const argv[])
{
	struct address_words w = { .next = argv };
	const char *word;
	char why[1024];
	int error;

	while ((word = address_next(&w)) != NULL && !ferror(stdout)) {
		if (c->what == PAUSE) {
			one_queue(c, word);
			continue;
		}
		if (address_leaves(&c->at, word))
			end_round(c);
		if (address_open(&c->at, word, 0) == -1) {
			error = errno;
			fault(c, tool_code(error), address_fault(why, sizeof(why), word, 0, error));
			continue;
		}
		one_job(c);
	}
	error = errno;
	end_round(c);
	if (word == NULL && error != 0)
		fault(c, EX_IOERR, "cannot read standard input");
	address_close(&c->at);
	address_end(&w);
}

int
main(int argc, char *argv[])
{
	struct cancel c = { .at = ADDRESS_CLOSED, .code = EX_OK };
	char why[512];
	int o;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((o = getopt_long(argc, argv, ":h", longs, NULL)) != -1)
		if (o == 'h') {
			(void)fputs(usage, stdout);
			return tool_end() == -1 ? EX_IOERR : EX_OK;
		} else if ((o == HOLD || o == PAUSE) && (c.what == 0 || c.what == o))
			c.what = o;
		else if (o == HOLD || o == PAUSE)
			errx(EX_USAGE, "--hold is for jobs and --pause for queues: one of them");
		else
			errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), o, argv, longs));
	if (optind == argc)
		errx(EX_USAGE, "%s", c.what == PAUSE ? "which queue? wqw-cancel --pause QUEUE" : "what? wqw-cancel ADDRESS|- ...");
	words(&c, argv + optind);
	if (tool_end() == -1) {
		warn("standard output");
		return EX_IOERR;
	}
	return c.code;
}
