#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "address_queue.h"
#include "io.h"
#include "spool_clean.h"
#include "tool.h"

static const char usage[] =
    "usage: wqw-clean [-n] [-v] [QUEUE...]\n"
    "Removes results, dead letters, logs, keys and batches that are older than the queue.conf of their queue keeps them, and\n"
    "what is left of submissions that were cut short 36 hours ago.\n"
    "  -n, --dry-run   removes nothing, prints what would be\n"
    "  -v, --verbose   prints what is removed\n"
    "  -h, --help      this text\n"
    "Without a QUEUE, all queues of $WQW_SPOOL or /var/spool/wqw.\n";

static const struct option longs[] = {
	{ "dry-run", no_argument, NULL, 'n' }, { "verbose", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

struct clean {
	int dry, verbose, code;
	const char *word;      /* the queue, fit for a terminal */
};

static void
removed(void *arg, const char *dir, const char *file)
{
	const struct clean *c = arg;

	if (c->dry || c->verbose)
		(void)printf("%s/%s/%s\n", c->word, dir, file);
}

static void
fault(void *arg, int code, const char *text)
{
	struct clean *c = arg;

	warnx("%s", text);
	if (c->code == EX_OK)
		c->code = code;
}

static int
clean(void *arg, const struct spool *q, const struct policy *p, const char *word)
{
	struct clean *c = arg;
	struct spool_cleaning s = {
		.q = q, .p = p, .now = io_now(), .dry = c->dry, .removed = removed, .arg = c
	};

	c->word = word;
	return spool_clean(&s);
}

int
main(int argc, char *argv[])
{
	struct clean c = { .code = EX_OK };
	const struct address_queues queues = { .each = clean, .fault = fault, .arg = &c };
	char why[512];
	int o;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	opterr = 0;
	while ((o = getopt_long(argc, argv, ":nvh", longs, NULL)) != -1)
		if (o == 'n')
			c.dry = 1;
		else if (o == 'v')
			c.verbose = 1;
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
