#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>

#include "address.h"
#include "io.h"
#include "tool.h"
#include "units.h"
#include "view_json.h"
#include "view_queue.h"

static const char usage[] =
    "usage: wqw-stat [--json] [QUEUE...]\n"
    "Prints a line for each queue: its jobs by state, and the age of the oldest one that is ready to run.\n"
    "  -j, --json   one JSON object a line\n"
    "  -h, --help   this text\n"
    "Without a QUEUE, all queues of $WQW_SPOOL or /var/spool/wqw.\n";

static const struct option longs[] = {
	{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

/* The order of the columns. */
static const enum spool_dir dirs[] = { SPOOL_NEW, SPOOL_LATER, SPOOL_CUR, SPOOL_DONE, SPOOL_FAILED };
static const char *const titles[] = { "new", "later", "running", "done", "failed" };

enum { COLUMNS = sizeof(dirs) / sizeof(*dirs) };

struct row {
	char *word;
	struct view_queue v;
};

struct stat_table {
	struct row *rows;
	size_t n;
	int code;
};

static void
note(struct stat_table *t, int code)
{
	if (t->code == EX_OK)
		t->code = code;
}

static void
add(struct stat_table *t, const char *word)
{
	struct row *rows = reallocarray(t->rows, t->n + 1, sizeof(*rows));

	if (rows == NULL || (rows[t->n].word = strdup(word)) == NULL)
		errx(EX_TEMPFAIL, "out of memory");
	t->rows = rows;
	t->n++;
}

static int
add_found(void *arg, const char *name)
{
	add(arg, name);
	return 0;
}

static int
compare(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	return strcmp(a->word, b->word);
}

static int
look(struct stat_table *t, struct row *r)
{
	struct spool q;
	char why[1024], clean[512];
	int error;

	if (spool_open(&q, r->word) == -1) {
		error = errno;
		warnx("%s", address_fault(why, sizeof(why), r->word, 1, error));
		note(t, tool_code(error));
		return -1;
	}
	if (view_queue(&q, &r->v) == -1) {
		error = errno;
		errx(tool_code(error), "%s: %s", tool_clean(clean, sizeof(clean), r->word), strerror(error));
	}
	spool_close(&q);
	return 0;
}

static int64_t
age(const struct view_queue *v)
{
	int64_t us = v->oldest == -1 ? 0 : io_now() - v->oldest;

	return us > 0 ? us : 0;
}

static void
print_json(const struct row *r)
{
	json_t *j = json_object();
	int bad = json_object_set_new(j, "queue", view_json_text(r->word));
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		bad |= json_object_set_new(j, titles[i],
		    r->v.count[dirs[i]] == -1 ? json_null() : json_integer(r->v.count[dirs[i]]));
	bad |= json_object_set_new(j, "oldest", view_json_time(r->v.oldest));
	bad |= json_object_set_new(j, "oldest_seconds",
	    r->v.oldest == -1 ? json_null() : json_real((double)age(&r->v) / 1e6));
	bad |= json_object_set_new(j, "paused", json_boolean(r->v.paused));
	if (bad)
		errx(EX_TEMPFAIL, "out of memory");
	if (json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0)
		(void)putchar('\n');
	json_decref(j);
}

static void
print(const struct row *r, int width)
{
	char clean[512], text[UNITS_AGE_MAX];
	size_t i;

	(void)printf("%-*s", width, tool_clean(clean, sizeof(clean), r->word));
	for (i = 0; i < COLUMNS; i++)
		if (r->v.count[dirs[i]] == -1)
			(void)printf(" %8s", "-");
		else
			(void)printf(" %8" PRId64, r->v.count[dirs[i]]);
	(void)printf(" %8s%s\n", r->v.oldest == -1 ? "-" : units_age(text, age(&r->v)), r->v.paused ? "  paused" : "");
}

static void
table(struct stat_table *t, int json)
{
	int width = 5;
	size_t i;

	for (i = 0; i < t->n; i++)
		if ((int)strlen(t->rows[i].word) > width)
			width = (int)strlen(t->rows[i].word);
	if (!json)
		(void)printf("%-*s %8s %8s %8s %8s %8s %8s\n", width, "queue", titles[0], titles[1], titles[2], titles[3],
		    titles[4], "oldest");
	for (i = 0; i < t->n; i++)
		if (look(t, &t->rows[i]) == -1)
			continue;
		else if (json)
			print_json(&t->rows[i]);
		else
			print(&t->rows[i], width);
}

int
main(int argc, char *argv[])
{
	struct stat_table t = { .code = EX_OK };
	char why[512];
	int c, json = 0;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jh", longs, NULL)) != -1)
		if (c == 'j')
			json = 1;
		else if (c == 'h') {
			(void)fputs(usage, stdout);
			return tool_end() == -1 ? EX_IOERR : EX_OK;
		} else
			errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
	for (c = optind; c < argc; c++)
		add(&t, argv[c]);
	if (optind == argc) {
		if (spool_scan_queues(add_found, &t) == -1)
			err(tool_code(errno), "%s", spool_root());
		if (t.n > 0)
			qsort(t.rows, t.n, sizeof(*t.rows), compare);
	}
	table(&t, json);
	while (t.n > 0)
		free(t.rows[--t.n].word);
	free(t.rows);
	if (tool_end() == -1)
		err(EX_IOERR, "standard output");
	return t.code;
}
