/* wqw.cgi: the web front as a CGI/1.1 program, behind the web server that is there. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "door_cgi.h"
#include "door_confine.h"
#include "spool.h"
#include "web_helper.h"
#include "web_policy.h"

static const char usage[] =
    "usage: wqw.cgi [-h]\n"
    "Run by a web server as a CGI program. Requests below it are answered from the spool in $WQW_SPOOL:\n"
    "  POST /QUEUE             submit the body as a job: 202, and its address in Location\n"
    "                          a form's files, or lines of application/x-ndjson, are a job each\n"
    "  GET  /QUEUE/ID          its state\n"
    "  GET  /QUEUE/ID/result   its result\n"
    "  GET  /QUEUE/ID/log      what its handler wrote to stderr\n"
    "  GET  /QUEUE/ID/events   what becomes of it, as server-sent events\n"
    "  GET  /healthz           whether jobs are accepted and done\n"
    "  GET  /openapi.json      all of this, for programs\n"
    "For operators:\n"
    "  GET  /QUEUE?state=failed\n"
    "  POST /QUEUE/ID/cancel   end it\n"
    "  POST /QUEUE/ID/retry    put it back\n"
    "  GET  /metrics           all queues, for Prometheus\n";

/* 1 where the request submits to a queue whose policy has a command that judges payloads. */
static int
is_checked(void)
{
	const char *method = getenv("REQUEST_METHOD"), *path = getenv("PATH_INFO");
	struct policy p = { .check = "" };
	char why[256];
	struct spool q;

	if (method == NULL || strcmp(method, "POST") != 0 || path == NULL || *path != '/' || !id_valid_word(path + 1) ||
	    spool_open(&q, path + 1) == -1)
		return 0;
	(void)web_policy_read(&q, &p, why, sizeof(why));
	spool_close(&q);
	return p.check[0] != '\0';
}

static void
confine(void)
{
	char line[DOOR_CONFINE_LINE];

	if (is_checked() && web_helper_start() == -1)
		warn("no process for the queue's check");
	if (door_confine(0, line, sizeof(line)) == -1 || door_debugs())
		warnx("%s", line);
}

int
main(int argc, char *argv[])
{
	char note[HTTP_NOTE_MAX];
	int r;

	/* A query without '=' comes as arguments (RFC 3875, 4.4): they are options only to a person. */
	if (!door_cgi_called()) {
		if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
			fputs(usage, stdout);
			return EX_OK;
		}
		warnx("a CGI program, to be run by a web server: REQUEST_METHOD is not set");
		fputs(usage, stderr);
		return EX_USAGE;
	}
	confine();
	r = door_cgi(STDIN_FILENO, STDOUT_FILENO, note);
	if (note[0] != '\0')
		warnx("%s", note);
	if (r == 0)
		return EX_OK;
	if (errno != EINTR && errno != EPIPE)
		warn("the reply cannot be written");
	return errno == EINTR ? EX_TEMPFAIL : EX_IOERR;
}
