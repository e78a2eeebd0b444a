#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "address.h"
#include "io.h"
#include "tool.h"
#include "view.h"
#include "view_json.h"

static const char usage[] =
    "usage: wqw-status [--json] [--new] [--later] [--held] [--running] [--done] [--failed] ADDRESS|QUEUE|- ...\n"
    "Prints the state of jobs, a line each: address, state, and what else there is to say. - reads addresses from\n"
    "standard input; a queue stands for all of its jobs.\n"
    "  -j, --json   one JSON object a line\n"
    "  --new ...    only jobs in one of these states\n"
    "  -h, --help   this text\n";

enum { NEW = 256, LATER, HELD, RUNNING, DONE, FAILED };

static const struct option longs[] = {
	{ "json", no_argument, NULL, 'j' }, { "new", no_argument, NULL, NEW }, { "later", no_argument, NULL, LATER },
	{ "held", no_argument, NULL, HELD }, { "running", no_argument, NULL, RUNNING }, { "done", no_argument, NULL, DONE },
	{ "failed", no_argument, NULL, FAILED }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct status {
	struct address at;
	int json;
	unsigned wanted;       /* a bit for each enum view_state; 0: all */
	enum spool_dir dir;    /* of the scan */
	int64_t now;
	long strangers;
	int code;
};

static void
option(struct status *s, int c, char *argv[])
{
	static const unsigned states[] = {
		[NEW - NEW] = 1U << VIEW_NEW, [LATER - NEW] = 1U << VIEW_LATER, [HELD - NEW] = 1U << VIEW_HELD,
		[RUNNING - NEW] = 1U << VIEW_RUNNING | 1U << VIEW_ABANDONED,
		[DONE - NEW] = 1U << VIEW_DONE, [FAILED - NEW] = 1U << VIEW_FAILED
	};
	char why[512];

	switch (c) {
	case 'j':
		s->json = 1;
		break;
	case NEW: case LATER: case HELD: case RUNNING: case DONE: case FAILED:
		s->wanted |= states[c - NEW];
		break;
	case 'h':
		(void)fputs(usage, stdout);
		exit(tool_end() == -1 ? EX_IOERR : EX_OK);
	default:
		errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
	}
}

/* Says what is wrong with something, and remembers the first such thing for the exit status. */
static void
fault(struct status *s, int error, const char *text)
{
	warnx("%s", text);
	if (s->code == EX_OK)
		s->code = tool_code(error);
}

static void
fault_in(struct status *s, int error, enum spool_dir d)
{
	char text[PATH_MAX + 256];

	(void)snprintf(text, sizeof(text), "%s/%s: %s", s->at.q.word, spool_dir_name(d), strerror(error));
	fault(s, error, text);
}

static int
is_wanted(const struct status *s, enum view_state state)
{
	return s->wanted == 0 || (s->wanted & 1U << state) != 0;
}

static int
is_wanted_dir(const struct status *s, enum spool_dir d)
{
	switch (d) {
	case SPOOL_LATER:
		return is_wanted(s, VIEW_LATER) || is_wanted(s, VIEW_HELD);
	case SPOOL_NEW:
		return is_wanted(s, VIEW_NEW);
	case SPOOL_CUR:
		return is_wanted(s, VIEW_RUNNING);
	case SPOOL_DONE:
		return is_wanted(s, VIEW_DONE);
	default:
		return is_wanted(s, VIEW_FAILED);
	}
}

static void
print_json(const struct view *v)
{
	json_t *j = view_json(v);

	if (j == NULL)
		errx(EX_TEMPFAIL, "out of memory");
	if (json_dumpf(j, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(j);
}

static int
print(const struct status *s, const struct view *v)
{
	char address[PATH_MAX + ID_MAX + 2], words[VIEW_WORDS_MAX];

	if (s->json)
		print_json(v);
	else
		(void)printf("%s\t%s\t%s\n", view_address(v, address, sizeof(address)), view_state_name(v->state),
		    view_words(v, s->now, words));
	return ferror(stdout);
}

static int
list_one(void *arg, const char *file)
{
	struct status *s = arg;
	struct view v;

	if (view_file(&s->at.q, s->dir, file, &v) == 0)
		return is_wanted(s, v.state) ? print(s, &v) : 0;
	if (errno == EINVAL)
		s->strangers++;
	else if (errno != ENOENT)
		fault_in(s, errno, s->dir);
	return 0;
}

static void
list(struct status *s)
{
	/* As a job moves, so that one that moves meanwhile is rather listed twice than not at all. */
	static const enum spool_dir dirs[] = { SPOOL_LATER, SPOOL_NEW, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED };
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		if (!is_wanted_dir(s, dirs[i]))
			continue;
		s->dir = dirs[i];
		s->strangers = 0;
		if (spool_scan(&s->at.q, dirs[i], list_one, s) == -1)
			fault_in(s, errno, dirs[i]);
		if (s->strangers > 0)
			warnx("%s/%s: %ld names that are no job's", s->at.q.word, spool_dir_name(dirs[i]), s->strangers);
	}
}

static void
show(struct status *s, const char *id)
{
	char text[PATH_MAX + ID_MAX + 256];
	struct view v;
	int error;

	if (view_find(&s->at.q, id, &v) == 0) {
		if (is_wanted(s, v.state))
			(void)print(s, &v);
		return;
	}
	error = errno;
	(void)snprintf(text, sizeof(text), "%s/%s: %s", s->at.q.word, id, error == ENOENT ? "no such job" : strerror(error));
	fault(s, error, text);
}

static void
words(struct status *s, char *const argv[])
{
	struct address_words w = { .next = argv };
	const char *word;
	char why[1024];
	int error;

	while ((word = address_next(&w)) != NULL && !ferror(stdout)) {
		s->now = io_now();
		if (address_open(&s->at, word, 1) == -1) {
			error = errno;
			fault(s, error, address_fault(why, sizeof(why), word, 0, error));
			continue;
		}
		if (s->at.id[0] == '\0')
			list(s);
		else
			show(s, s->at.id);
	}
	if (word == NULL && errno != 0)
		fault(s, EIO, "cannot read standard input");
	address_close(&s->at);
	address_end(&w);
}

int
main(int argc, char *argv[])
{
	struct status s = { .at = ADDRESS_CLOSED, .code = EX_OK };
	int c;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jh", longs, NULL)) != -1)
		option(&s, c, argv);
	if (optind == argc)
		errx(EX_USAGE, "of what? wqw-status ADDRESS|QUEUE|- ...");
	words(&s, argv + optind);
	if (tool_end() == -1) {
		warn("standard output");
		return EX_IOERR;
	}
	return s.code;
}
