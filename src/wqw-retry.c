#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "address_round.h"
#include "io.h"
#include "tool.h"
#include "units.h"

static const char usage[] =
    "usage: wqw-retry [--older TIME] [--newer TIME] [--reason REASON] [--match PATTERN] [--all] [--rate N]\n"
    "                 ADDRESS|QUEUE|- ...\n"
    "       wqw-retry --resume QUEUE|- ...\n"
    "Puts dead letters back, with no attempts counted, and releases held jobs. Prints the address of each one when that is\n"
    "on disk. - reads addresses from standard input; a queue stands for those of its dead letters that the options choose.\n"
    "      --older TIME       only those that failed at least so long ago: 10m, 2h, 7d\n"
    "      --newer TIME       only those that failed less long ago\n"
    "      --reason REASON    only those that failed for this reason; may be given several times\n"
    "      --match PATTERN    only those whose ID matches, as file names do in a shell\n"
    "      --all              of a queue, all\n"
    "      --rate N           not more than N of them become ready in a second\n"
    "      --resume           ends wqw-cancel --pause\n"
    "  -h, --help             this text\n";

enum { OLDER = 256, NEWER, REASON, MATCH, ALL, RATE, RESUME };

static const struct option longs[] = {
	{ "older", required_argument, NULL, OLDER }, { "newer", required_argument, NULL, NEWER },
	{ "reason", required_argument, NULL, REASON }, { "match", required_argument, NULL, MATCH },
	{ "all", no_argument, NULL, ALL }, { "rate", required_argument, NULL, RATE },
	{ "resume", no_argument, NULL, RESUME }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct retry {
	struct address at;
	struct address_round round;
	int64_t older, newer;    /* microseconds; 0: any */
	unsigned reasons;        /* a bit for each; 0: any */
	const char *match;
	int all, resume;
	int64_t rate, count, start;   /* a second, 0: at once; how many were put back; when the first was */
	char **found;            /* files in failed/ */
	size_t n, room;
	int code;
};

static void
fault(struct retry *t, int code, const char *text)
{
	warnx("%s", text);
	if (t->code == EX_OK)
		t->code = code;
}

static void
end_round(struct retry *t)
{
	char text[PATH_MAX + ID_MAX + 256];
	size_t i;
	int error;

	if (address_round_end(&t->round, stdout) == -1) {
		error = errno;
		for (i = 0; i < t->round.n; i++) {
			(void)snprintf(text, sizeof(text), "%s: may or may not stay so: %s", t->round.done[i], strerror(error));
			fault(t, EX_IOERR, text);
		}
	}
	address_round_clear(&t->round);
}

static void
done(struct retry *t, const char *id)
{
	int r = address_round_add(&t->round, id);

	t->count++;
	if (r == -1)
		errx(EX_TEMPFAIL, "out of memory");
	if (r == 1)
		end_round(t);
}

/* The first ones at once, as many as a second may have none of them ahead of its time. */
static int64_t
due(const struct retry *t)
{
	return t->rate == 0 || t->count == 0 ? 0 : t->start + (int64_t)((double)t->count / (double)t->rate * 1e6);
}

static int
has_filter(const struct retry *t)
{
	return t->older != 0 || t->newer != 0 || t->reasons != 0 || t->match != NULL;
}

static int
is_wanted(const struct retry *t, const struct spool_job *job)
{
	int64_t failed = io_time(job->st.st_ctim), age = io_now() - failed;

	return (t->older == 0 || age >= t->older) && (t->newer == 0 || age < t->newer) &&
	    (t->reasons == 0 || (t->reasons & 1U << job->name.reason) != 0) &&
	    (t->match == NULL || fnmatch(t->match, job->name.id, 0) == 0);
}

static void
job_fault(struct retry *t, const char *id, int error, const char *refusal)
{
	char text[PATH_MAX + ID_MAX + 256];

	(void)snprintf(text, sizeof(text), "%s/%s: %s", t->at.q.word, id, refusal != NULL ? refusal :
	    error == ENOENT ? "no such job" : error == EAGAIN ? "locked by another" : strerror(error));
	fault(t, refusal != NULL ? EX_UNAVAILABLE : tool_code(error), text);
}

static void
one_job(struct retry *t)
{
	struct spool_job job;
	int r;

	t->round.jobs.q = &t->at.q;
	/* Of jobs that are named one by one, those are passed over in silence that the options do not choose. */
	if (has_filter(t) && spool_find(&t->at.q, t->at.id, &job) == 0 && (job.dir != SPOOL_FAILED || !is_wanted(t, &job)))
		return;
	if ((r = spool_retry(&t->round.jobs, t->at.id, due(t), &job)) == 0)
		done(t, t->at.id);
	else
		job_fault(t, t->at.id, errno, r == 1 ? address_refusal(&job) : NULL);
}

/* --- all of a queue */

static int
collect(void *arg, const char *file)
{
	struct retry *t = arg;
	struct spool_job job = { .dir = SPOOL_FAILED };
	char **p;

	if (id_parse(file, &job.name) == -1 || spool_stat(&t->at.q, SPOOL_FAILED, file, &job.st) == -1 || !is_wanted(t, &job))
		return 0;
	if (t->n == t->room) {
		t->room = t->room == 0 ? 1024 : t->room * 2;
		if ((p = reallocarray(t->found, t->room, sizeof(*p))) == NULL)
			errx(EX_TEMPFAIL, "out of memory");
		t->found = p;
	}
	if ((t->found[t->n] = strdup(file)) == NULL)
		errx(EX_TEMPFAIL, "out of memory");
	t->n++;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names first: one that fails again meanwhile must not be found again. The oldest goes first. */
static void
one_queue(struct retry *t)
{
	struct spool_job job = { .dir = SPOOL_FAILED };
	char text[PATH_MAX + 256];
	size_t i;
	int r, error;

	t->round.jobs.q = &t->at.q;
	t->n = 0;
	if (spool_scan(&t->at.q, SPOOL_FAILED, collect, t) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), "%s/%s: %s", t->at.q.word, spool_dir_name(SPOOL_FAILED), strerror(error));
		fault(t, tool_code(error), text);
	}
	if (t->n > 0)
		qsort(t->found, t->n, sizeof(*t->found), compare);
	for (i = 0; i < t->n; i++) {
		if (!ferror(stdout) && id_parse(t->found[i], &job.name) == 0) {
			if ((r = spool_retry_found(&t->round.jobs, &job, due(t))) == 1)
				done(t, job.name.id);
			else if (r == -1)
				job_fault(t, job.name.id, errno, NULL);
		}
		free(t->found[i]);
	}
	end_round(t);
}

static void
resume(struct retry *t, const char *word)
{
	struct spool q;
	char text[1024];
	int error;

	if (spool_open(&q, word) == -1) {
		error = errno;
		fault(t, tool_code(error), address_fault(text, sizeof(text), word, 1, error));
		return;
	}
	if (spool_resume(&q) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), "%s/pause: %s", q.word, strerror(error));
		fault(t, tool_code(error), text);
	} else
		(void)printf("%s\n", q.word);
	spool_close(&q);
}

static void
one_word(struct retry *t, const char *word)
{
	char text[1024];
	int error;

	if (t->resume) {
		resume(t, word);
		return;
	}
	if (address_leaves(&t->at, word))
		end_round(t);
	if (address_open(&t->at, word, 1) == -1) {
		error = errno;
		fault(t, tool_code(error), address_fault(text, sizeof(text), word, 0, error));
	} else if (t->at.id[0] != '\0')
		one_job(t);
	else if (t->all || has_filter(t))
		one_queue(t);
	else {
		(void)snprintf(text, sizeof(text), "%s: which of its dead letters? (--older, --newer, --reason, --match, or --all)", t->at.q.word);
		fault(t, EX_USAGE, text);
	}
}

static void
words(struct retry *t, char *const argv[])
{
	struct address_words w = { .next = argv };
	const char *word;
	int error;

	t->start = io_now();
	while ((word = address_next(&w)) != NULL && !ferror(stdout))
		one_word(t, word);
	error = errno;
	end_round(t);
	if (word == NULL && error != 0)
		fault(t, EX_IOERR, "cannot read standard input");
	address_close(&t->at);
	address_end(&w);
	free(t->found);
}

/* --- options */

static int64_t
age(const char *option, const char *value)
{
	char clean[128];
	int64_t us;

	if (units_duration(value, &us) == -1 || us == 0)
		errx(EX_USAGE, "--%s: '%s' is not a duration such as 10s, 5m, 2h or 7d, of at most 100 years", option,
		    tool_clean(clean, sizeof(clean), value));
	return us;
}

static void
take_reason(struct retry *t, const char *value)
{
	enum id_reason x = id_reason_parse(value);
	char clean[128];

	if (x == ID_NONE)
		errx(EX_USAGE, "--reason: '%s' is not exit, signal, timeout, lost, cancelled, expired, limit or malformed",
		    tool_clean(clean, sizeof(clean), value));
	t->reasons |= 1U << x;
}

static void
option(struct retry *t, int c, char *argv[])
{
	char why[512];

	switch (c) {
	case OLDER:
		t->older = age("older", optarg);
		break;
	case NEWER:
		t->newer = age("newer", optarg);
		break;
	case REASON:
		take_reason(t, optarg);
		break;
	case MATCH:
		if (*optarg == '\0' || strlen(optarg) > ID_NAME_MAX)
			errx(EX_USAGE, "--match: a pattern has 1 to %d bytes", ID_NAME_MAX);
		t->match = optarg;
		break;
	case ALL:
		t->all = 1;
		break;
	case RATE:
		if (units_number(optarg, 1, 1000000, &t->rate) == -1)
			errx(EX_USAGE, "--rate: '%s' is not a number from 1 to 1000000", tool_clean(why, sizeof(why), optarg));
		break;
	case RESUME:
		t->resume = 1;
		break;
	case 'h':
		(void)fputs(usage, stdout);
		exit(tool_end() == -1 ? EX_IOERR : EX_OK);
	default:
		errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
	}
}

int
main(int argc, char *argv[])
{
	struct retry t = { .at = ADDRESS_CLOSED, .code = EX_OK };
	int c;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1)
		option(&t, c, argv);
	if (t.resume && (t.all || t.rate != 0 || has_filter(&t)))
		errx(EX_USAGE, "--resume is for queues, and goes with no other option");
	if (optind == argc)
		errx(EX_USAGE, "what? wqw-retry ADDRESS|QUEUE|- ...");
	words(&t, argv + optind);
	if (tool_end() == -1) {
		warn("standard output");
		return EX_IOERR;
	}
	return t.code;
}
