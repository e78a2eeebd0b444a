#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "address_queue.h"
#include "spool_check.h"
#include "tool.h"

static const char usage[] =
    "usage: wqw-check [--repair] [QUEUE...]\n"
    "Reads queues and prints a line for each thing in them that should not be.\n"
    "      --repair   mends what can be mended, and loses nothing\n"
    "  -h, --help     this text\n"
    "Without a QUEUE, all queues of $WQW_SPOOL or /var/spool/wqw.\n";

enum { FOUND = 1, REPAIR = 256 };

static const struct option longs[] = {
	{ "repair", no_argument, NULL, REPAIR }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct check {
	int repair, code;
	const char *word;      /* the queue, fit for a terminal */
};

/* What is told of a queue is not the fault of this program: the status of one is of more weight. */
static void
found(void *arg, const char *path, const char *what, enum spool_finding f)
{
	static const char *const words[] = { [SPOOL_FOUND] = "", [SPOOL_MENDED] = " (mended)", [SPOOL_WARNED] = " (warning)" };
	struct check *c = arg;
	char clear[4200];

	(void)printf("%s/%s: %s%s\n", c->word, tool_clean(clear, sizeof(clear), path), what, words[f]);
	if (f == SPOOL_FOUND && c->code == EX_OK)
		c->code = FOUND;
}

static void
fault(void *arg, int code, const char *text)
{
	struct check *c = arg;

	warnx("%s", text);
	if (c->code == EX_OK || c->code == FOUND)
		c->code = code;
}

static int
check(void *arg, const struct spool *q, const struct policy *p, const char *word)
{
	struct check *c = arg;
	struct spool_checking s = { .q = q, .p = p, .repair = c->repair, .found = found, .arg = c };

	c->word = word;
	return spool_check(&s);
}

int
main(int argc, char *argv[])
{
	struct check c = { .code = EX_OK };
	const struct address_queues queues = { .each = check, .fault = fault, .arg = &c };
	char why[512];
	int o;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((o = getopt_long(argc, argv, ":h", longs, NULL)) != -1)
		if (o == REPAIR)
			c.repair = 1;
		else if (o == 'h') {
			(void)fputs(usage, stdout);
			return tool_end() == -1 ? EX_IOERR : EX_OK;
		} else
			errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), o, argv, longs));
	if (address_each_queue(&queues, argv + optind) == -1)
		err(tool_code(errno), "%s", spool_root());
	if (tool_end() == -1)
		err(EX_IOERR, "standard output");
	return c.code;
}
