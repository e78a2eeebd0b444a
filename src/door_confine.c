#include "door_confine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "confine.h"
#include "spool.h"
#include "spool_reach.h"

/* What libc reads: how many processors there are, and when memory of threads is given back. */
static const char *const reads[] = { "/sys/devices/system/cpu/online", "/proc/sys/vm/overcommit_memory" };

static void
allow(void *arg, int fd, enum spool_reach what)
{
	confine_allow(arg, fd, what == SPOOL_REACH_POLICY ? CONFINE_READ : CONFINE_CHANGE);
}

static void
allow_path(struct confine *c, const char *path, enum confine_use use)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return;
	confine_allow(c, fd, use);
	(void)close(fd);
}

static void
describe(const struct confine *c, char *line, size_t size)
{
	char landlock[256], filter[64] = "no seccomp", fault[128] = "";

	if (c->landlock)
		(void)snprintf(landlock, sizeof(landlock), "Landlock ABI %d to %.200s", c->abi, spool_root());
	else
		(void)snprintf(landlock, sizeof(landlock), "no Landlock%s", c->abi > 0 && c->abi < CONFINE_ABI_LEAST ?
		    " (its ABI 1 is too old)" : "");
	if (c->calls > 0)
		(void)snprintf(filter, sizeof(filter), "seccomp: %d system calls", c->calls);
	if (c->fault != NULL)
		(void)snprintf(fault, sizeof(fault), "%s: %s; ", c->fault, strerror(c->error));
	if (!c->landlock && c->calls == 0 && c->fault == NULL)
		(void)snprintf(line, size, "not confined: the kernel has %s, %s", landlock, filter);
	else
		(void)snprintf(line, size, "%s%sconfined: %s; %s", fault, c->landlock || c->calls > 0 ? "" : "not ", landlock, filter);
}

int
door_debugs(void)
{
	const char *debug = getenv("WQW_DEBUG");

	return debug != NULL && *debug != '\0' && strcmp(debug, "0") != 0;
}

int
door_confine(int threads, char *line, size_t size)
{
	const char *wanted = getenv("WQW_CONFINE");
	struct confine c;
	size_t i;

	if (wanted != NULL && strcmp(wanted, "no") == 0) {
		(void)snprintf(line, size, "not confined: it is told not to be");
		return 0;
	}
	/* What is read once: later it would be refused, and the kernel might log that. */
	tzset();
	json_object_seed(0);
	confine_begin(&c);
	(void)spool_reach(allow, &c);
	for (i = 0; threads && i < sizeof(reads) / sizeof(reads[0]); i++)
		allow_path(&c, reads[i], CONFINE_READ);
#ifdef CONFINE_SANITIZED
	allow_path(&c, "/proc", CONFINE_LIST);
#endif
	confine_end(&c);
	describe(&c, line, size);
	return c.fault == NULL ? 0 : -1;
}
