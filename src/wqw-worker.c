#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tool.h"
#include "units.h"
#include "worker.h"

static void
usage(FILE *f)
{
	(void)fputs("usage: wqw-worker QUEUE [-j N] [--drain] [--persistent] [-- COMMAND ARG...]\n", f);
}

static int
slots(const char *text)
{
	int64_t n;

	if (units_number(text, 1, WORKER_SLOTS_MAX, &n) == -1)
		errx(EX_USAGE, "-j: \"%s\" is not a number from 1 to %d", text, WORKER_SLOTS_MAX);
	return (int)n;
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "drain", no_argument, NULL, 'd' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "persistent", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct worker_options o = { .slots = 1 };
	char why[1024];
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hj:", options, NULL)) != -1)
		switch (c) {
		case 'd':
			o.drain = 1;
			break;
		case 'j':
			o.slots = slots(optarg);
			break;
		case 'p':
			o.persistent = 1;
			break;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, options));
		}
	if (optind == argc) {
		usage(stderr);
		return EX_USAGE;
	}
	o.queue = argv[optind];
	/* getopt(3) leaves it before what it has not looked at. */
	if (optind + 1 < argc && strcmp(argv[optind - 1], "--") != 0) {
		warnx("'%s' after the queue: a handler comes after --, and a worker has one queue", argv[optind + 1]);
		return EX_USAGE;
	}
	o.command = optind + 1 < argc ? &argv[optind + 1] : NULL;
	return worker_run(&o);
}
