#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "io.h"
#include "job.h"
#include "tool.h"
#include "view.h"
#include "view_log.h"

static const char usage[] =
    "usage: wqw-cat [--job] [--header] ADDRESS|- ...\n"
    "       wqw-cat --log [--follow] ADDRESS|- ...\n"
    "Prints the results of jobs that are done. Exits 75 where one is not done yet, 69 where it failed.\n"
    "  -l, --log      what the handler wrote to standard error, instead\n"
    "  -f, --follow   and goes on until the job has ended\n"
    "  -j, --job      the job's own payload, instead\n"
    "  -i, --header   the header, not the payload\n"
    "  -h, --help     this text\n";

static const struct option longs[] = {
	{ "log", no_argument, NULL, 'l' }, { "follow", no_argument, NULL, 'f' }, { "job", no_argument, NULL, 'j' },
	{ "header", no_argument, NULL, 'i' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct cat {
	int log, follow, job, header;
	struct address at;
};

static void
parse(struct cat *c, int argc, char *argv[])
{
	char why[512];
	int o;

	opterr = 0;
	while ((o = getopt_long(argc, argv, ":lfjih", longs, NULL)) != -1)
		switch (o) {
		case 'l':
			c->log = 1;
			break;
		case 'f':
			c->follow = 1;
			break;
		case 'j':
			c->job = 1;
			break;
		case 'i':
			c->header = 1;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			exit(tool_end() == -1 ? EX_IOERR : EX_OK);
		default:
			errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), o, argv, longs));
		}
	if (c->log && (c->job || c->header))
		errx(EX_USAGE, "--log goes with neither --job nor --header");
	if (c->follow && !c->log)
		errx(EX_USAGE, "--follow goes with --log");
	if (optind == argc)
		errx(EX_USAGE, "which job's? wqw-cat ADDRESS|- ...");
}

static int
fault(const struct cat *c)
{
	int error = errno;

	if (error == ENOENT)
		warnx("%s/%s: no such job", c->at.q.word, c->at.id);
	else
		warn("%s/%s", c->at.q.word, c->at.id);
	return tool_code(error);
}

/* Why there is no result. */
static int
no_result(const struct cat *c)
{
	char words[VIEW_WORDS_MAX];
	struct view v;

	if (view_find(&c->at.q, c->at.id, &v) == -1)
		return fault(c);
	(void)view_words(&v, io_now(), words);
	if (v.state == VIEW_FAILED) {
		warnx("%s/%s: failed: %s; wqw-cat --log shows its log", c->at.q.word, c->at.id, words);
		return EX_UNAVAILABLE;
	}
	warnx("%s/%s: not done yet: %s, %s", c->at.q.word, c->at.id, view_state_name(v.state), words);
	return EX_TEMPFAIL;
}

/* The job's own file. It may move between the look and the opening. */
static int
open_job(const struct cat *c, int *code)
{
	struct spool_job job;
	int tries, fd;

	for (tries = 0; tries < 3; tries++) {
		if (spool_find(&c->at.q, c->at.id, &job) == -1)
			break;
		if (job.dir == SPOOL_DONE) {
			warnx("%s/%s: done; of a job that is done only the result is kept", c->at.q.word, c->at.id);
			*code = EX_NOINPUT;
			return -1;
		}
		if ((fd = spool_open_job(&c->at.q, &job)) != -1 || errno != ENOENT)
			return fd;
	}
	*code = fault(c);
	return -1;
}

static int
print_header(const struct job_header *h)
{
	char name[JOB_NAME_MAX + 1], value[JOB_VALUE_MAX + 1], clean[4 * JOB_VALUE_MAX + 1];
	int terminal = isatty(STDOUT_FILENO);
	size_t at = 0;

	while (job_next(h, &at, name, value))
		(void)printf("%s: %s\n", name, terminal ? tool_clean(clean, sizeof(clean), value) : value);
	return fflush(stdout) == EOF ? -1 : 0;
}

static int
print_file(const struct cat *c, int fd)
{
	struct job_header h;
	const char *why;

	if (job_read(fd, &h, &why) == -1) {
		if (errno != EBADMSG)
			return fault(c);
		warnx("%s/%s: %s", c->at.q.word, c->at.id, why);
		return EX_DATAERR;
	}
	if ((c->header ? print_header(&h) :
	    lseek(fd, (off_t)h.len, SEEK_SET) == -1 || io_copy(fd, STDOUT_FILENO, INT64_MAX) == -1 ? -1 : 0) == -1)
		err(EX_IOERR, "%s/%s", c->at.q.word, c->at.id);
	return EX_OK;
}

static int
print_log(const struct cat *c)
{
	struct spool_job job;
	int fd;

	if (spool_find(&c->at.q, c->at.id, &job) == -1)
		return fault(c);
	if (c->follow) {
		if (view_log_follow(&c->at.q, c->at.id, STDOUT_FILENO) == -1)
			err(EX_IOERR, "%s/%s", c->at.q.word, c->at.id);
		return EX_OK;
	}
	/* A job that has written none has an empty one. */
	if ((fd = spool_open_log(&c->at.q, c->at.id)) == -1)
		return errno == ENOENT ? EX_OK : fault(c);
	if (io_copy(fd, STDOUT_FILENO, INT64_MAX) == -1)
		err(EX_IOERR, "%s/%s", c->at.q.word, c->at.id);
	(void)io_close(&fd);
	return EX_OK;
}

/* Returns the exit code. */
static int
print(const struct cat *c)
{
	int fd, code = EX_OK;

	if (c->log)
		return print_log(c);
	if (c->job) {
		if ((fd = open_job(c, &code)) == -1)
			return code != EX_OK ? code : fault(c);
	} else if ((fd = spool_open_result(&c->at.q, c->at.id)) == -1)
		return errno == ENOENT ? no_result(c) : fault(c);
	code = print_file(c, fd);
	(void)io_close(&fd);
	return code;
}

static int
print_all(struct cat *c, char *const argv[])
{
	struct address_words w = { .next = argv };
	char why[1024];
	const char *word;
	int code = EX_OK, one, error;

	while ((word = address_next(&w)) != NULL) {
		if (address_open(&c->at, word, 0) == -1) {
			error = errno;
			warnx("%s", address_fault(why, sizeof(why), word, 0, error));
			one = tool_code(error);
		} else
			one = print(c);
		if (code == EX_OK)
			code = one;
	}
	if (errno != 0)
		err(EX_IOERR, "standard input");
	address_close(&c->at);
	address_end(&w);
	return code;
}

int
main(int argc, char *argv[])
{
	struct cat c = { .at = ADDRESS_CLOSED };
	int code;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	parse(&c, argc, argv);
	code = print_all(&c, argv + optind);
	if (tool_end() == -1)
		err(EX_IOERR, "standard output");
	return code;
}
