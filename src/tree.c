#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"

enum { DEEP = 16 };   /* generations below a direct child that one pass goes down */

struct pass {
	int (*spared)(pid_t pid);
	int depth;
	pid_t own, parent;
	pid_t dying;    /* a direct child that was struck and is not dead yet; 0: none */
};

int
tree_usable(void)
{
	char own[32], seen[32];
	ssize_t n;

	/* In a PID namespace below that of the mount of /proc, its numbers are those of strangers here. */
	(void)snprintf(own, sizeof(own), "%ld", (long)getpid());
	n = readlink("/proc/self", seen, sizeof(seen) - 1);
	if (n > 0) {
		seen[n] = '\0';
		if (strcmp(own, seen) == 0)
			return 0;
	}
	errno = ENOSYS;
	return -1;
}

/* The list is in the order of arrival: the last to come is the likeliest to be gone in a moment, so it comes first. */
static void
each_backwards(const char *list, size_t n, void (*each)(void *arg, pid_t child), void *arg)
{
	size_t at;

	while (n > 0) {
		for (at = n - 1; at > 0 && list[at - 1] != ' '; at--)
			;
		each(arg, (pid_t)strtol(list + at, NULL, 10));
		n = at;
	}
}

/* The children of one thread. */
static int
each_listed(const char *path, void (*each)(void *arg, pid_t child), void *arg)
{
	char buf[4096 + 1];
	size_t kept = 0, end;
	ssize_t n;
	int error, fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	while ((n = io_read(fd, buf + kept, sizeof(buf) - 1 - kept)) > 0) {
		kept += (size_t)n;
		buf[kept] = '\0';
		for (end = kept; end > 0 && buf[end - 1] != ' '; end--)
			;
		each_backwards(buf, end, each, arg);
		kept -= end;
		memmove(buf, buf + end, kept);
	}
	error = errno;
	(void)io_close(&fd);
	errno = error;
	return n == 0 ? 0 : -1;
}

static pid_t
parent_of(pid_t pid)
{
	char path[64], buf[512], *p;
	int fd;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = io_read(fd, buf, sizeof(buf) - 1);
	(void)io_close(&fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	/* "pid (any name) state ppid" */
	p = strrchr(buf, ')');
	return p != NULL && strlen(p) > 4 ? (pid_t)strtol(p + 4, NULL, 10) : -1;
}

int
tree_scan(void (*each)(void *arg, pid_t child), void *arg)
{
	DIR *dir;
	struct dirent *e;
	pid_t own = getpid(), pid;

	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL)
		if ((pid = (pid_t)strtol(e->d_name, NULL, 10)) > 0 && parent_of(pid) == own)
			each(arg, pid);
	(void)closedir(dir);
	return 0;
}

int
tree_each(void (*each)(void *arg, pid_t child), void *arg)
{
	if (tree_usable() != 0)
		return -1;
	if (each_listed("/proc/thread-self/children", each, arg) == 0)
		return 0;
	return errno == ENOENT ? tree_scan(each, arg) : -1;
}

static void strike_below(struct pass *p, pid_t pid);

/*
 * Only a direct child has a number that cannot go to a stranger at any moment. Here a descriptor holds on to whoever
 * has the number now, and its parent tells whether that is still a descendant.
 */
static void
strike_descendant(void *arg, pid_t pid)
{
	struct pass *p = arg;
	pid_t parent = p->parent, seen;
	int fd;

	if ((fd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1)
		return;
	seen = parent_of(pid);
	if (seen == parent || seen == p->own)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	(void)io_close(&fd);
	if (p->depth == DEEP || (seen != parent && seen != p->own))
		return;
	p->depth++;
	strike_below(p, pid);
	p->depth--;
	p->parent = parent;
}

static void
strike_below(struct pass *p, pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
	p->parent = pid;
	(void)each_listed(path, strike_descendant, p);
}

static void
strike(void *arg, pid_t pid)
{
	struct pass *p = arg;
	siginfo_t si;

	if ((p->spared != NULL && p->spared(pid)) || kill(pid, SIGKILL) != 0)
		return;
	si.si_pid = 0;
	if (waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid != 0)
		return;
	p->dying = pid;
	strike_below(p, pid);
}

/*
 * When a child is dead its own children come here, and are struck in the next pass. Those further down are struck at
 * once all the same: who is struck forks no more, but among many that are busy it takes long to die of it. No child is
 * reaped before all are dead: each zombie takes up one of the processes that the system or the user may have, so that a
 * bomb that forks faster than this kills comes to its limit and then dies, too.
 */
int
tree_kill(int (*spared)(pid_t pid))
{
	struct pass p = { .spared = spared, .own = getpid() };
	siginfo_t si;

	do {
		p.dying = 0;
		if (tree_each(strike, &p) != 0)
			return -1;
		if (p.dying != 0)
			(void)waitid(P_PID, (id_t)p.dying, &si, WEXITED | WNOWAIT);
	} while (p.dying != 0);
	return 0;
}
