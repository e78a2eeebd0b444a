#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "address.h"
#include "io.h"
#include "metrics.h"
#include "screen.h"
#include "tool.h"
#include "units.h"
#include "view_age.h"
#include "view_batch.h"
#include "view_json_queue.h"
#include "view_rows.h"
#include "view_table.h"

static const char usage[] =
    "usage: wqw-stat [--json | --prometheus] [--watch[=SECONDS]] [QUEUE...]\n"
    "       wqw-stat --age[=queue|group|priority] [--bucket TIME] [--new] [--later] [--running] [--done] [--failed]\n"
    "                [--json] [--watch[=SECONDS]] [QUEUE...]\n"
    "       wqw-stat --batches [--json] [--watch[=SECONDS]] [QUEUE...]\n"
    "Prints a line for each queue: its jobs by state, the age of the oldest one that is ready to run, the workers that\n"
    "live, and how many jobs were done and failed a minute; with --age, how old jobs are, in buckets that double.\n"
    "      --age[=WHAT]        a line for each queue, ordering group or priority\n"
    "      --bucket TIME       the limit of the first bucket, as 5s (the default) or 10m\n"
    "      --new, --later, --running, --done, --failed\n"
    "                          the jobs that --age looks at; without any, the new ones\n"
    "      --batches           how many members of each batch wait, were done and failed\n"
    "  -j, --json              one JSON object a line\n"
    "      --prometheus        metrics for Prometheus, as the textfile collector of node_exporter takes them\n"
    "      --watch[=SECONDS]   again and again, each 2 seconds; on a terminal, q ends it\n"
    "  -h, --help              this text\n"
    "Without a QUEUE, all queues of $WQW_SPOOL or /var/spool/wqw.\n";

enum { AGE = 256, BUCKET, NEW, LATER, RUNNING, DONE, FAILED, PROMETHEUS, WATCH, BATCHES };

static const struct option longs[] = {
	{ "age", optional_argument, NULL, AGE }, { "bucket", required_argument, NULL, BUCKET },
	{ "new", no_argument, NULL, NEW }, { "later", no_argument, NULL, LATER }, { "running", no_argument, NULL, RUNNING },
	{ "done", no_argument, NULL, DONE }, { "failed", no_argument, NULL, FAILED }, { "json", no_argument, NULL, 'j' },
	{ "prometheus", no_argument, NULL, PROMETHEUS }, { "watch", optional_argument, NULL, WATCH },
	{ "batches", no_argument, NULL, BATCHES },
	{ "help", no_argument, NULL, 'h' }, { 0 }
};

/* What NEW to FAILED stand for. */
static const enum spool_dir dirs[] = { SPOOL_NEW, SPOOL_LATER, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED };

enum { DIRS = sizeof(dirs) / sizeof(*dirs) };

struct stat_run {
	int json, prometheus, aged, batches, code;
	unsigned chosen;                /* bits: of dirs */
	enum view_age_by by;
	int64_t bucket, watch;          /* microseconds; 0: not given */
	char *const *words;             /* the arguments */
	FILE *out;                      /* of a screen: what is wrong is said there, too */
	FILE *to;                       /* what is shown */
	struct view_rows rows;
	struct view_age age;
};

static void
fault(struct stat_run *t, int code, const char *text)
{
	if (t->code == EX_OK)
		t->code = code;
	if (t->out != NULL)
		(void)fprintf(t->out, "%s\n", text);
	else
		warnx("%s", text);
}

static int
scan_ages(struct stat_run *t, const struct spool *q)
{
	size_t i;

	for (i = 0; i < DIRS; i++)
		if ((t->chosen & 1U << i) != 0 && view_age_scan(&t->age, q, dirs[i]) == -1)
			return -1;
	return 0;
}

/* One queue that cannot be read keeps none of the others from being shown. */
static int
look(void *arg, const char *word)
{
	struct stat_run *t = arg;
	struct spool q;
	char why[1024], clean[512];

	if (spool_open(&q, word) == -1) {
		fault(t, tool_code(errno), address_fault(why, sizeof(why), word, 1, errno));
		return 0;
	}
	if ((t->batches ? view_batches(t->to, &q, t->json) : t->aged ? scan_ages(t, &q) : view_rows_add(&t->rows, &q)) == -1) {
		(void)snprintf(why, sizeof(why), "%s: %s", tool_clean(clean, sizeof(clean), word), strerror(errno));
		fault(t, tool_code(errno), why);
	}
	spool_close(&q);
	return 0;
}

static int
look_at_all(struct stat_run *t)
{
	char why[1024], clean[512];
	size_t i;

	for (i = 0; t->words[i] != NULL; i++)
		(void)look(t, t->words[i]);
	if (i == 0 && spool_scan_queues(look, t) == -1) {
		(void)snprintf(why, sizeof(why), "%s: %s", tool_clean(clean, sizeof(clean), spool_root()), strerror(errno));
		fault(t, tool_code(errno), why);
		return -1;
	}
	if (i == 0)
		view_rows_sort(&t->rows);
	return 0;
}

static int
print(struct stat_run *t, FILE *f)
{
	int64_t now = io_now();

	if (t->batches)
		return 0;
	if (t->prometheus)
		return metrics_write(f, t->rows.row, t->rows.n, now);
	if (t->aged)
		view_age_sort(&t->age);
	if (t->json)
		return t->aged ? view_json_ages(f, &t->age) : view_json_queues(f, t->rows.row, t->rows.n, now);
	if (t->aged)
		view_table_age(f, &t->age);
	else if (t->rows.n > 0 || t->code == EX_OK)
		view_table(f, t->rows.row, t->rows.n, now);
	return 0;
}

/* Looks, and prints. -1: out of memory, or it cannot be written. */
static int
show(struct stat_run *t, FILE *f)
{
	int r;

	t->code = EX_OK;
	t->to = f;
	if (t->batches && !t->json)
		view_batch_title(f);
	if (t->aged && view_age_open(&t->age, t->by, t->bucket) == -1)
		return -1;
	r = look_at_all(t) == -1 ? 0 : print(t, f);
	if (t->aged)
		view_age_close(&t->age);
	view_rows_clear(&t->rows);
	return r;
}

static int
show_on_screen(void *arg, FILE *f)
{
	struct stat_run *t = arg;
	char now[UNITS_TIME_MAX], root[512];

	t->out = f;
	(void)fprintf(f, "wqw-stat: %s at %s, each %gs; q quits\n\n", tool_clean(root, sizeof(root), spool_root()),
	    units_time(now, io_now()), (double)t->watch / 1e6);
	return show(t, f);
}

/* Where nobody looks at a screen, one after the other. */
static int
repeat(struct stat_run *t)
{
	struct timespec pause = { .tv_sec = (time_t)(t->watch / 1000000), .tv_nsec = (long)(t->watch % 1000000) * 1000 };
	int r;

	while ((r = show(t, stdout)) == 0 && fflush(stdout) == 0) {
		(void)nanosleep(&pause, NULL);
		if (!t->json)
			(void)putchar('\n');
	}
	return r;
}

/* Who names what is not there hears of it at once, and not again and again; a queue that goes later is another matter. */
static void
all_there(const struct stat_run *t)
{
	struct spool q;
	char why[1024];
	size_t i;

	for (i = 0; t->words[i] != NULL; i++) {
		if (spool_open(&q, t->words[i]) == -1)
			errx(tool_code(errno), "%s", address_fault(why, sizeof(why), t->words[i], 1, errno));
		spool_close(&q);
	}
}

/* Ends by the signal that has ended the watching. */
static int
watch(struct stat_run *t)
{
	int r;

	all_there(t);
	if (t->json || !screen_usable())
		return repeat(t);
	if ((r = screen_loop(t->watch, show_on_screen, t)) > 0) {
		(void)signal(r, SIG_DFL);
		(void)raise(r);
	}
	t->out = NULL;
	t->code = EX_OK;
	return r;
}

static void
age_kind(struct stat_run *t, const char *text)
{
	char clean[512];

	t->aged = 1;
	for (t->by = VIEW_AGE_QUEUE; text != NULL && t->by < VIEW_AGE_KINDS; t->by++)
		if (strcmp(text, view_age_name(t->by)) == 0)
			return;
	if (text != NULL)
		errx(EX_USAGE, "--age: '%s' is not queue, group or priority", tool_clean(clean, sizeof(clean), text));
}

static int64_t
duration(const char *option, const char *text, int64_t least, const char *allowed)
{
	static const int64_t day = INT64_C(86400) * 1000000;
	char clean[512];
	int64_t us;

	if (units_duration(text, &us) == -1 || us < least || us > day)
		errx(EX_USAGE, "--%s: '%s' is not a time from %s to 1d, as 5, 500ms or 10m", option,
		    tool_clean(clean, sizeof(clean), text), allowed);
	return us;
}

static void
option(struct stat_run *t, int c, char *argv[])
{
	char why[1024];

	switch (c) {
	case 'h':
		(void)fputs(usage, stdout);
		exit(tool_end() == -1 ? EX_IOERR : EX_OK);
	case 'j':
		t->json = 1;
		break;
	case AGE:
		age_kind(t, optarg);
		break;
	case BUCKET:
		t->bucket = duration("bucket", optarg, 1000, "1ms");
		break;
	case PROMETHEUS:
		t->prometheus = 1;
		break;
	case BATCHES:
		t->batches = 1;
		break;
	case WATCH:
		t->watch = duration("watch", optarg == NULL ? "2" : optarg, 100000, "100ms");
		break;
	case NEW: case LATER: case RUNNING: case DONE: case FAILED:
		t->chosen |= 1U << (c - NEW);
		break;
	default:
		errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
	}
}

static void
check(struct stat_run *t)
{
	if (t->prometheus && (t->json || t->aged || t->watch != 0))
		errx(EX_USAGE, "--prometheus does not go with --json, --age or --watch");
	if (t->batches && (t->prometheus || t->aged))
		errx(EX_USAGE, "--batches does not go with --prometheus or --age");
	if (!t->aged && (t->bucket != 0 || t->chosen != 0))
		errx(EX_USAGE, "--bucket, --new, --later, --running, --done and --failed go with --age");
	if (t->bucket == 0)
		t->bucket = 5000000;
	if (t->chosen == 0)
		t->chosen = 1;   /* NEW */
}

int
main(int argc, char *argv[])
{
	struct stat_run t = { .code = EX_OK };
	int c;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jh", longs, NULL)) != -1)
		option(&t, c, argv);
	check(&t);
	t.words = argv + optind;
	if ((t.watch != 0 ? watch(&t) : show(&t, stdout)) == -1 && !ferror(stdout))
		err(tool_code(errno), "cannot go on");
	if (tool_end() == -1)
		err(EX_IOERR, "standard output");
	return t.code;
}
