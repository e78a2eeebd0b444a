/* wqw-httpd: the web front by itself: a listener, a service of inetd, or a socket unit of systemd. */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "door_confine.h"
#include "door_run.h"
#include "door_socket.h"
#include "spool.h"
#include "tool.h"
#include "web_helper.h"

static const char usage[] =
    "usage: wqw-httpd [-dh] [-l ADDR:PORT] [--no-confine] [LIMIT...]\n"
    "  -l, --listen ADDR:PORT  listen there: 127.0.0.1:8080, [::1]:8080, *:8080; port 0: any that is free\n"
    "  -d, --debug             say how it has confined itself\n"
    "      --no-confine        leave it all that its user may\n"
    "  -h, --help              print this\n"
    "Limits, and what they are if not given:\n"
    "  --max-connections N     connections at once: 4096, or what there are descriptors for\n"
    "  --max-per-client N      of these, of one address that is not this machine's: 64; 0: all\n"
    "  --max-in-flight N       requests whose body is on its way: half as many as connections\n"
    "  --header-time TIME      for the head of a request: 20s\n"
    "  --idle-time TIME        between two requests: 30s\n"
    "  --min-rate SIZE         bytes a second that a body or a reply must make: 1K; 0: any\n"
    "  --rate-time TIME        in each span of so much time: 20s\n"
    "Without -l it serves the connection on standard input (inetd), or the socket that systemd has handed over.\n"
    "The queues are those of the spool in $WQW_SPOOL.\n";

static void
say(const char *line)
{
	warnx("%s", line);
}

static void
say_to_syslog(const char *line)
{
	syslog(LOG_ERR, "%s", line);
}

/* inetd makes the connection standard error too, where a line for the operator would be part of the reply. */
static void
save_stderr(struct door_run *run)
{
	struct stat in, talk;
	int null;

	if (fstat(run->fd, &in) == -1 || fstat(STDERR_FILENO, &talk) == -1 || in.st_dev != talk.st_dev ||
	    in.st_ino != talk.st_ino)
		return;
	/* At once, as no socket can be made later. */
	openlog("wqw-httpd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	run->say = say_to_syslog;
	if ((null = open("/dev/null", O_WRONLY | O_CLOEXEC)) != -1)
		(void)dup2(null, STDERR_FILENO);
}

static void
set_limit(struct door_rules *rules, const char *name, const char *value)
{
	const char *wanted = "";

	if (door_rules_set(rules, name, value, &wanted) == -1)
		errx(EX_USAGE, "--%s: \"%s\" is not %s", name, value, wanted);
}

/* NULL where no address is given. How to be confined goes into the environment, where wqw.cgi is told the same. */
static const char *
parse_options(int argc, char *argv[], struct door_rules *rules)
{
	enum { LIMIT = 256 };
	static const struct option longs[] = {
		{ "listen", required_argument, NULL, 'l' }, { "debug", no_argument, NULL, 'd' },
		{ "no-confine", no_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' },
		{ "max-connections", required_argument, NULL, LIMIT + 0 },
		{ "max-per-client", required_argument, NULL, LIMIT + 1 },
		{ "max-in-flight", required_argument, NULL, LIMIT + 2 },
		{ "header-time", required_argument, NULL, LIMIT + 3 },
		{ "idle-time", required_argument, NULL, LIMIT + 4 },
		{ "min-rate", required_argument, NULL, LIMIT + 5 },
		{ "rate-time", required_argument, NULL, LIMIT + 6 },
		{ NULL, 0, NULL, 0 }
	};
	const char *where = NULL;
	char why[1024];
	int c, which;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":dhl:", longs, &which)) != -1)
		switch (c) {
		case 'l':
			where = optarg;
			break;
		case 'd':
			(void)setenv("WQW_DEBUG", "1", 1);
			break;
		case 'n':
			(void)setenv("WQW_CONFINE", "no", 1);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EX_OK);
		default:
			if (c < LIMIT)
				errx(EX_USAGE, "%s", tool_wrong(why, sizeof(why), c, argv, longs));
			set_limit(rules, longs[which].name, optarg);
		}
	if (optind < argc)
		errx(EX_USAGE, "%s: no argument is wanted here; -l ADDR:PORT listens, -h tells more", argv[optind]);
	return where;
}

/* The socket to serve. */
static int
find_socket(const char *where)
{
	char why[256];
	struct stat st;
	int fd;

	if (where != NULL) {
		if ((fd = door_socket_listen(where, why, sizeof(why))) == -1)
			errx(errno == EINVAL ? EX_USAGE : EX_UNAVAILABLE, "%s: %s", where, why);
		return fd;
	}
	if ((fd = door_socket_inherited()) != -1)
		return fd;
	if (errno != ENOENT)
		err(EX_CONFIG, "$LISTEN_FDS has to hand over just one socket");
	/* Files and pipes are taken, for tests by hand. */
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISCHR(st.st_mode))
		errx(EX_USAGE, "standard input is %s and no connection; -l ADDR:PORT listens, -h tells more",
		    isatty(STDIN_FILENO) ? "a terminal" : "a device");
	return STDIN_FILENO;
}

/* The last that is done before the first request. What runs the commands of queues is started before that. */
static void
confine(const struct door_run *run)
{
	char line[DOOR_CONFINE_LINE];

	if (web_helper_start() == -1)
		err(EX_OSERR, "no process for the checks of queues");
	if (door_confine(1, line, sizeof(line)) == -1 || door_debugs())
		run->say(line);
}

int
main(int argc, char *argv[])
{
	struct door_run run = { .say = say };
	char name[DOOR_NAME_MAX];
	int r;

	door_rules_default(&run.rules);
	run.fd = find_socket(parse_options(argc, argv, &run.rules));
	if (!door_socket_is_listening(run.fd)) {
		save_stderr(&run);
		confine(&run);
		r = door_run_single(&run);
	} else {
		if (access(spool_root(), X_OK) == -1)
			err(EX_CONFIG, "%s: no spool to serve; wqw-init makes one, $WQW_SPOOL says where", spool_root());
		confine(&run);
		warnx("listening on http://%s/", door_socket_name(run.fd, name));
		r = door_run_listen(&run);
	}
	if (r == -1)
		err(EX_OSERR, "cannot serve");
	return EX_OK;
}
