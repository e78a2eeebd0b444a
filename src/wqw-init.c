#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "spool.h"
#include "spool_init.h"
#include "tool.h"
#include "units.h"

static const char usage[] =
    "usage: wqw-init [--group GROUP | --shared GROUP] [--owner USER] QUEUE...\n"
    "Makes queues, or brings the modes of those that are there in order.\n"
    "  -g, --group GROUP    its members, such as a web front, may submit, and open what they know the name of\n"
    "  -s, --shared GROUP   its members may do all that the owner may: workers of several users\n"
    "  -o, --owner USER     whose the queues are (root only)\n"
    "  -h, --help           this text\n"
    "A bare name is a queue of $WQW_SPOOL or /var/spool/wqw, a word with a slash is a path.\n";

static const struct option longs[] = {
	{ "group", required_argument, NULL, 'g' }, { "shared", required_argument, NULL, 's' },
	{ "owner", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

/* A number that no name is given to. */
static int
number(const char *text, int64_t *n)
{
	return units_number(text, 0, UINT_MAX - 1, n) == 0;
}

static gid_t
group(const char *option, const char *name)
{
	const struct group *g = getgrnam(name);
	char clean[256];
	int64_t n;

	if (g != NULL)
		return g->gr_gid;
	if (!number(name, &n))
		errx(EX_USAGE, "--%s: there is no group '%s'", option, tool_clean(clean, sizeof(clean), name));
	return (gid_t)n;
}

static uid_t
owner(const char *name)
{
	const struct passwd *p = getpwnam(name);
	char clean[256];
	int64_t n;

	if (p != NULL)
		return p->pw_uid;
	if (!number(name, &n))
		errx(EX_USAGE, "--owner: there is no user '%s'", tool_clean(clean, sizeof(clean), name));
	return (uid_t)n;
}

static void
share(struct spool_owner *o, enum spool_sharing how, const char *name)
{
	if (o->sharing != SPOOL_PRIVATE)
		errx(EX_USAGE, "--group and --shared: only one of them, once");
	o->sharing = how;
	o->gid = group(how == SPOOL_FRONT ? "group" : "shared", name);
}

static void
parse(int argc, char *argv[], struct spool_owner *o)
{
	char why[512];
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":g:s:o:h", longs, NULL)) != -1)
		switch (c) {
		case 'g':
			share(o, SPOOL_FRONT, optarg);
			break;
		case 's':
			share(o, SPOOL_SHARED, optarg);
			break;
		case 'o':
			o->uid = owner(optarg);
			break;
		case 'h':
			(void)fputs(usage, stdout);
			exit(tool_end() == -1 ? EX_IOERR : EX_OK);
		default:
			errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
		}
	if (optind == argc)
		errx(EX_USAGE, "which queue? wqw-init QUEUE...");
}

static void
warn_unsafe(const char *word)
{
	char clean[1024], type[64];
	struct spool q;

	if (spool_open(&q, word) == -1)
		return;
	if (spool_unsafe(q.fd, type, sizeof(type)) == 1)
		warnx("warning: '%s' is on %s, which has no journal: a power cut may lose jobs that were accepted",
		    tool_clean(clean, sizeof(clean), word), type);
	spool_close(&q);
}

/* Returns the exit code. */
static int
make(char *word, const struct spool_owner *o)
{
	char why[512] = "", clean[1024];
	size_t n = strlen(word);
	int error;

	/* As a shell completes it. */
	while (n > 1 && word[n - 1] == '/')
		word[--n] = '\0';

	if (spool_init(word, o, why, sizeof(why)) == -1) {
		error = errno;
		(void)tool_clean(clean, sizeof(clean), why);
		if (error == EPERM || error == EINVAL)
			warnx("%s", clean);
		else if (error == ENOENT)
			warnx("%s: not there; make the directory first that the queue is to be in", clean);
		else
			warnx("%s: %s", clean, strerror(error));
		return error == ENOENT ? EX_CANTCREAT : tool_code(error);
	}
	warn_unsafe(word);
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	struct spool_owner o = { .uid = (uid_t)-1, .gid = (gid_t)-1, .sharing = SPOOL_PRIVATE };
	int code = EX_OK, c, i;

	if (tool_start() == -1)
		err(EX_OSERR, "/dev/null");
	parse(argc, argv, &o);
	for (i = optind; i < argc; i++)
		if ((c = make(argv[i], &o)) != EX_OK && code == EX_OK)
			code = c;
	return code;
}
