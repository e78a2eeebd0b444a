#include "spool_reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool.h"
#include "spool_tokens.h"

struct reach {
	void (*each)(void *, int, enum spool_reach);
	void *arg;
	int root;
};

static int
is_link(int at, const char *path)
{
	char some[1];

	return readlinkat(at, path, some, sizeof(some)) != -1;
}

/* A file of the operator's that is a link: the directory, and not the file, which is another one as soon as it is edited. */
static void
reach_file(const struct reach *r, const char *file)
{
	char path[ID_WORD_MAX + 64], *target, *slash;
	int fd;

	if (!is_link(r->root, file))
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", r->root, file);
	if ((target = realpath(path, NULL)) == NULL)
		return;
	if ((slash = strrchr(target, '/')) != NULL) {
		slash[slash == target] = '\0';
		if ((fd = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC)) != -1) {
			r->each(r->arg, fd, SPOOL_REACH_POLICY);
			(void)close(fd);
		}
	}
	free(target);
}

static int
reach_queue(void *arg, const char *name)
{
	const struct reach *r = arg;
	char file[ID_WORD_MAX + 16];
	int fd;

	if (is_link(r->root, name) && (fd = openat(r->root, name, O_PATH | O_DIRECTORY | O_CLOEXEC)) != -1) {
		r->each(r->arg, fd, SPOOL_REACH_QUEUES);
		(void)close(fd);
	}
	(void)snprintf(file, sizeof(file), "%s/queue.conf", name);
	reach_file(r, file);
	return 0;
}

int
spool_reach(void (*each)(void *arg, int fd, enum spool_reach what), void *arg)
{
	struct reach r = { .each = each, .arg = arg };
	int saved;

	if ((r.root = open(spool_root(), O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	each(arg, r.root, SPOOL_REACH_QUEUES);
	saved = errno;
	reach_file(&r, spool_tokens);
	(void)spool_scan_queues(reach_queue, &r);
	(void)close(r.root);
	errno = saved;
	return 0;
}
