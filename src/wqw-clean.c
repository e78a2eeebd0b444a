#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "address.h"
#include "io.h"
#include "spool_clean.h"
#include "tool.h"

static const char usage[] =
    "usage: wqw-clean [-n] [-v] [QUEUE...]\n"
    "Removes results, dead letters, logs and keys that are older than the queue.conf of their queue keeps them, and what is\n"
    "left of submissions that were cut short 36 hours ago.\n"
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
fault(struct clean *c, int code, const char *text)
{
	warnx("%s", text);
	if (c->code == EX_OK)
		c->code = code;
}

static void
clean(struct clean *c, const struct spool *q)
{
	char why[256], text[1024];
	struct policy p;
	struct spool_cleaning s = {
		.q = q, .p = &p, .now = io_now(), .dry = c->dry, .removed = removed, .arg = c
	};
	int error;

	if (spool_policy(q, &p, why, sizeof(why)) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), error == EINVAL ? "%s/%s" : "%s/%s: %s", c->word, why, strerror(error));
		fault(c, error == EINVAL ? EX_CONFIG : tool_code(error), text);
	} else if (spool_clean(&s) == -1) {
		error = errno;
		(void)snprintf(text, sizeof(text), "%s: %s", c->word, strerror(error));
		fault(c, tool_code(error), text);
	}
}

static int
one_queue(void *arg, const char *word)
{
	struct clean *c = arg;
	char clear[512], why[1024];
	struct spool q;
	int error;

	c->word = tool_clean(clear, sizeof(clear), word);
	if (spool_open(&q, word) == -1) {
		error = errno;
		fault(c, tool_code(error), address_fault(why, sizeof(why), word, 1, error));
		return 0;
	}
	clean(c, &q);
	spool_close(&q);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct clean c = { .code = EX_OK };
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
	if (optind == argc && spool_scan_queues(one_queue, &c) == -1)
		err(tool_code(errno), "%s", spool_root());
	for (; optind < argc; optind++)
		(void)one_queue(&c, argv[optind]);
	if (tool_end() == -1)
		err(EX_IOERR, "standard output");
	return c.code;
}
