#include "cgroup.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "io.h"

enum { PATH_MAX_HERE = 4096, TEXT_MAX = 1024 };

/* Where the version 2 hierarchy is mounted. */
static int
mount_point(char *path, size_t size)
{
	struct mntent *m;
	FILE *f = setmntent("/proc/self/mounts", "r");
	int r = -1;

	if (f == NULL)
		return -1;
	while (r == -1 && (m = getmntent(f)) != NULL)
		if (strcmp(m->mnt_type, "cgroup2") == 0 && strlcpy(path, m->mnt_dir, size) < size)
			r = 0;
	(void)endmntent(f);
	return r;
}

/* The path below that: the line "0::/path". */
static int
group_path(char *path, size_t size)
{
	char line[PATH_MAX_HERE];
	FILE *f = fopen("/proc/self/cgroup", "re");
	int r = -1;

	if (f == NULL)
		return -1;
	while (r == -1 && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0 && strlcpy(path, line + 3, size) < size)
			r = 0;
	}
	(void)fclose(f);
	return r;
}

/*
 * An ordinary user may write only to what was given to him. Root may write everywhere: there the manager's mark counts, or
 * that it is the top of a namespace, as in a container; the real top has no type.
 */
static int
is_delegated(int own, const char *path)
{
	char mark;

	if (faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) != 0 || faccessat(own, "cgroup.subtree_control", W_OK, AT_EACCESS) != 0)
		return 0;
	if (geteuid() != 0)
		return 1;
	if (strcmp(path, "/") == 0)
		return faccessat(own, "cgroup.type", F_OK, 0) == 0;
	return (fgetxattr(own, "user.delegate", &mark, 1) == 1 || fgetxattr(own, "trusted.delegate", &mark, 1) == 1) && mark == '1';
}

int
cgroup_own(void)
{
	char mount[PATH_MAX_HERE / 2], path[PATH_MAX_HERE / 2], whole[PATH_MAX_HERE];
	int own = -1;

	if (mount_point(mount, sizeof(mount)) == 0 && group_path(path, sizeof(path)) == 0) {
		(void)snprintf(whole, sizeof(whole), "%s%s", mount, path);
		own = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (own != -1 && !is_delegated(own, path))
			(void)io_close(&own);
	}
	if (own == -1)
		errno = ENOTSUP;
	return own;
}

static int
put(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC), r, saved;

	if (fd == -1)
		return -1;
	r = io_write(fd, text, strlen(text));
	saved = errno;
	(void)io_close(&fd);
	errno = saved;
	return r;
}

/* What is in a file, with a blank before and after each word; "" where it cannot be read. */
static char *
get(int dir, const char *file, char text[TEXT_MAX])
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : io_pread(fd, text + 1, TEXT_MAX - 3, 0);
	char *p;

	(void)io_close(&fd);
	text[0] = ' ';
	n = n < 0 ? 0 : n;
	text[n + 1] = ' ';
	text[n + 2] = '\0';
	while ((p = strchr(text, '\n')) != NULL)
		*p = ' ';
	return text;
}

/* A group that has others below it with controllers may have no processes of its own. */
static int
make_room(struct cgroup *g)
{
	char procs[CGROUP_NAME_MAX + 16];
	int saved;

	(void)snprintf(g->worker, sizeof(g->worker), "worker.%ld", (long)getpid());
	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", g->worker);
	if ((mkdirat(g->own, g->worker, 0755) == 0 || errno == EEXIST) && put(g->own, procs, "0") == 0 &&
	    (!g->memory || put(g->own, "cgroup.subtree_control", "+memory") == 0) &&
	    (!g->pids || put(g->own, "cgroup.subtree_control", "+pids") == 0))
		return 0;
	saved = errno;
	(void)put(g->own, "cgroup.procs", "0");
	(void)unlinkat(g->own, g->worker, AT_REMOVEDIR);
	errno = saved;
	return -1;
}

int
cgroup_open(struct cgroup *g, int own)
{
	char text[TEXT_MAX];
	int saved;

	*g = (struct cgroup){ .own = own };
	if (own == -1)
		return -1;
	(void)get(own, "cgroup.controllers", text);
	g->memory = strstr(text, " memory ") != NULL;
	g->pids = strstr(text, " pids ") != NULL;
	errno = ENOTSUP;
	if ((g->memory || g->pids) && make_room(g) == 0)
		return 0;
	saved = errno;
	(void)io_close(&g->own);
	errno = saved;
	return -1;
}

/* Its own group cannot go while this process is in it. */
void
cgroup_close(struct cgroup *g)
{
	(void)io_close(&g->own);
}

static int
put_limit(int dir, const char *file, int64_t n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	return put(dir, file, n == 0 ? "max" : text);
}

static uint64_t
killed(const struct cgroup_leaf *leaf)
{
	char text[TEXT_MAX], *p = strstr(get(leaf->dir, "memory.events", text), " oom_kill ");

	return p == NULL ? 0 : strtoull(p + sizeof(" oom_kill ") - 1, NULL, 10);
}

static int
make(const struct cgroup *g, struct cgroup_leaf *leaf, int i)
{
	(void)snprintf(leaf->name, sizeof(leaf->name), "slot.%ld.%d", (long)getpid(), i);
	if (mkdirat(g->own, leaf->name, 0755) == -1 && errno != EEXIST)
		return -1;
	if ((leaf->dir = openat(g->own, leaf->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if ((leaf->procs = openat(leaf->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC)) == -1)
		return -1;
	leaf->killed = killed(leaf);
	leaf->memory = leaf->processes = 0;
	/* Not all kernels have these: what is killed is then one process, and may swap before. */
	if (g->memory) {
		(void)put(leaf->dir, "memory.oom.group", "1");
		(void)put(leaf->dir, "memory.swap.max", "0");
	}
	return 0;
}

int
cgroup_limit(const struct cgroup *g, struct cgroup_leaf *leaf, int i, int64_t memory, int64_t processes)
{
	if (leaf->procs == -1 && make(g, leaf, i) == -1)
		return -1;
	if (g->memory && leaf->memory != memory) {
		if (put_limit(leaf->dir, "memory.max", memory) == -1)
			return -1;
		leaf->memory = memory;
	}
	if (g->pids && leaf->processes != processes) {
		if (put_limit(leaf->dir, "pids.max", processes) == -1)
			return -1;
		leaf->processes = processes;
	}
	return 0;
}

int
cgroup_oom(struct cgroup_leaf *leaf)
{
	uint64_t before = leaf->killed;

	if (leaf->procs == -1 || leaf->memory == 0)
		return 0;
	leaf->killed = killed(leaf);
	return leaf->killed != before;
}

void
cgroup_remove(const struct cgroup *g, struct cgroup_leaf *leaf)
{
	int saved = errno;

	if (leaf->dir != -1) {
		/* Nothing is left in it, unless its supervisor could not kill that. */
		(void)put(leaf->dir, "cgroup.kill", "1");
		(void)unlinkat(g->own, leaf->name, AT_REMOVEDIR);
	}
	(void)io_close(&leaf->procs);
	(void)io_close(&leaf->dir);
	errno = saved;
}
